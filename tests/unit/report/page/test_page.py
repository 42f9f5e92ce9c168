"""The page shows the right things for grids that are complete, begun, empty or odd."""

from __future__ import annotations

import html
import json
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gridctl.collection.collect import Collected, collect
from gridctl.commands.progress.states import run_standings
from gridctl.executors.base import Activity
from gridctl.experiment import Experiment, parse_experiment
from gridctl.experiment.scores.measures import primary_measures
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.renderers.html import gallery, render_page
from gridctl.report.renderers.html.charts.curves import LEVELS, packed_curves
from gridctl.report.renderers.html.templating import policy
from gridctl.report.renderers.unbroken import unbroken
from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_DICE, VALIDATION_DICE
from tests.unit.report.logged import EPOCHS, dice_of, experiment, log_run
from tests.unit.report.page.unpacked import unpacked
from tests.unit.report.pictured import PATIENTS, add_function, add_samples

SIGNIFICANCE = ReportRequest(significance=True)


@dataclass(frozen=True)
class Whole:
    """A finished grid and its page, which tests only read."""

    tiny: Experiment
    store: FolderStore
    folder: Path
    tables: Collected
    report: Report
    page: str


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    store = FolderStore(folder / "store")
    tiny = filled(store, folder)
    tables = collect(store, tiny.runs)
    report = build_report(tiny, tables, SIGNIFICANCE)
    return Whole(tiny, store, folder, tables, report, render_page(report, tiny, tables, store, folder / "out"))


def filled(store: FolderStore, tmp_path: Path, text: str = "") -> Experiment:
    """Two models, train ratios and seeds."""
    tiny = experiment(tmp_path / "data", text)
    tiny = replace(tiny, runs=tuple(run for run in tiny.runs if run.seed < 3), seeds=(1, 2))
    for run in tiny.runs:
        log_run(store, run, dice_of(0.02))
        add_samples(store, run)
        add_function(store, run)
    return tiny


def rendered(
    tiny: Experiment, store: FolderStore, asked: ReportRequest = SIGNIFICANCE, folder: Path | None = None
) -> tuple[str, Collected]:
    tables = collect(store, tiny.runs)
    return render_page(build_report(tiny, tables, asked), tiny, tables, store, folder), tables


def curves_of(page: str) -> dict[str, Any]:
    match = re.search(r'id="curve-data">(.*?)</script>', page, re.DOTALL)
    assert match
    content: dict[str, Any] = json.loads(match[1])
    return content


def test_the_same_store_gives_the_same_page(whole: Whole) -> None:
    tables = collect(whole.store, whole.tiny.runs)
    assert render_page(whole.report, whole.tiny, tables, whole.store, whole.folder / "out") == whole.page


def test_nothing_on_the_page_leads_outside_it(whole: Whole) -> None:
    sources = re.findall(r'(?:src|href|action|data|poster)="([^"]*)"', whole.page)
    assert not [found for found in sources if "://" in found or found.startswith("//")]
    assert "@import" not in whole.page
    assert not re.search(r"url\((?!#)", whole.page)


def test_the_policy_names_the_very_style_and_script_of_the_page(whole: Whole) -> None:
    style = re.search(r"<style>(.*?)</style>", whole.page, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", whole.page, re.DOTALL)
    assert style
    assert script
    assert policy(style[1], script[1]).replace("'", "&#39;") in whole.page
    assert "default-src 'none'" in policy("", "")


def test_every_number_of_the_report_is_on_the_page(whole: Whole) -> None:
    for headline in whole.report.headlines:
        assert unbroken(headline)[1:] in whole.page
    for comparison in whole.report.comparisons:
        for row in comparison.rows:
            assert f'data-value="{row.p_holm}"' in whole.page
            assert row.verdict in whole.page


def test_curves_unpack_to_what_was_logged(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path)
    log_run(store, tiny.runs[0], dice_of(0.02), epochs=2, finished=False)
    page, tables = rendered(tiny, store)
    packed = curves_of(page)
    assert packed["epochs"] == list(range(1, EPOCHS + 1))
    logged = tables.epochs.set_index(["run_id", "epoch"])
    for curve in packed["curves"]:
        table = unpacked(curve["data"], len(packed["runs"]), EPOCHS)
        for (*_, run_id, done), row in zip(packed["runs"], table, strict=True):
            assert (row[done:] == LEVELS + 1).all()
            for epoch, level in enumerate(row[:done], 1):
                value = curve["low"] + level / LEVELS * (curve["high"] - curve["low"])
                step = (curve["high"] - curve["low"]) / LEVELS
                assert value == pytest.approx(logged.at[(run_id, epoch), curve["id"]], abs=step)


def test_long_curves_lose_epochs_but_never_the_last(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridctl.report.renderers.html.charts.curves.POINTS", 8 * 2 * 2)
    packed = packed_curves(whole.tiny, whole.tables.runs, whole.tables.epochs, primary_measures(whole.tables.measures))
    assert packed
    assert packed["epochs"] == [1, 3, 4]


def test_nothing_begun(store: FolderStore, tmp_path: Path) -> None:
    page, _ = rendered(experiment(tmp_path / "data"), store)
    for said in (
        "No run is done yet",
        "No run has finished an epoch yet",
        "Nothing to draw",
        "No pictures",
        "No ejection fractions",
        "20 not started",
        "no run is done yet",
    ):
        assert said in page
    assert "NaN" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def test_an_incomplete_grid_shows_every_state_and_why(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    log_run(store, tiny.runs[0], dice_of(0.1))
    log_run(store, tiny.runs[1], dice_of(0.1), epochs=3, finished=False)
    log_run(store, tiny.runs[2], dice_of(0.1), epochs=1, finished=False, failed="CUDA out of memory <b>")
    page, _ = rendered(tiny, store)
    for said in ("1 done", "1 running", "1 failed", "17 not started", "3 of 4", "CUDA out of memory &lt;b&gt;"):
        assert said in page
    assert "<b>" not in page


def test_states_are_those_of_the_backend_where_it_was_asked(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    log_run(store, tiny.runs[0], dice_of(0.1))
    tables = collect(store, tiny.runs)
    held = {tiny.runs[1].run_id: Activity(active=True, reason="waits for a node")}
    standings = run_standings(tables, held)
    report = build_report(tiny, tables, SIGNIFICANCE)
    page = render_page(report, tiny, tables, store, standings=standings)
    for said in ("1 done", "1 queued", "18 not started", "waits for a node"):
        assert said in page


@pytest.mark.parametrize(
    "asked", [ReportRequest(), ReportRequest(True, unit="epoch"), ReportRequest(True, score="last-2")]
)
def test_other_questions(asked: ReportRequest, whole: Whole) -> None:
    page, _ = rendered(whole.tiny, whole.store, asked)
    assert ('id="significance"' in page) is asked.significance
    if asked.unit == "epoch":
        assert "no row is called significant" in page
        assert 'class="significant"' not in page


def test_one_seed(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    one = replace(tiny, runs=tuple(run for run in tiny.runs if run.seed == 1), seeds=(1,))
    for run in one.runs:
        log_run(store, run, dice_of(0.1))
        add_samples(store, run)
    page, _ = rendered(one, store)
    assert "one pair is not enough for a test; add seeds" in page
    assert "Seed 1, the only pair" in page


def test_no_second_data_set(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    alone = parse_experiment(tiny.document.with_overrides(["data.external.sunnybrook=null"]))
    for run in alone.runs:
        log_run(store, run, dice_of(0.1))
    page, _ = rendered(alone, store)
    assert [curve["id"] for curve in curves_of(page)["curves"]] == [VALIDATION_DICE, "train_loss"]
    assert "sunnybrook soft Dice" not in page


def test_ablations_have_pictures_and_filters_of_their_own(store: FolderStore, tmp_path: Path) -> None:
    page, _ = rendered(filled(store, tmp_path, "ablations: [none, no_clahe]\n"), store)
    assert "Validation soft Dice, no_clahe" in page
    assert '<option value="no_clahe">' in page
    assert curves_of(page)["ablations"] == ["none", "no_clahe"]


def test_no_link_leads_to_a_log_that_may_not_be_there(whole: Whole) -> None:
    assert not re.findall(r'href="(?!#|data:)', whole.page)
    assert f"gridctl logs RUN --store {whole.store.url}" in whole.page


def test_last_lines_of_failed_runs_are_on_the_page(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs[:2]:
        log_run(store, run, dice_of(0.1), epochs=1, finished=False, failed="CUDA out of memory")
    printed = "\n".join(f"line {number} <b>" for number in range(100))
    store.put(RunLayout(tiny.name, tiny.runs[0].run_id).attempts + "001-abc.log", printed.encode())
    page, _ = rendered(tiny, store)
    assert page.count("<summary>Last lines of ") == 1, "the other one left none"
    assert "line 99 &lt;b&gt;" in page
    assert "line 5 " not in page


@pytest.mark.parametrize("name", ["store", "a store; $HOME"])
def test_the_command_that_makes_the_page_again_is_whole(name: str, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / name)
    tiny = filled(store, tmp_path)
    tables = collect(store, tiny.runs)
    asked = ReportRequest(True, score="last-2", metrics=(VALIDATION_DICE,), seed=3, keep_differing_pairs=True)
    page = render_page(build_report(tiny, tables, asked), tiny, tables, store, tmp_path / "my out", asked)
    match = re.search(r"To reproduce this report where the store can be reached: <code>(.*?)</code>", page)
    assert match
    words = shlex.split(html.unescape(match[1]))
    assert words[:5] == ["gridctl", "report", "tiny", "--store", store.url]
    asked = f"--significance --score last-2 --metric {VALIDATION_DICE} --keep-differing-pairs --seed 3 --format html -o"
    assert words[5:] == [*asked.split(), str(tmp_path / "my out")]


def test_each_set_is_shown_by_the_seed_that_is_median_on_it(store: FolderStore, tmp_path: Path) -> None:
    """Seed 2 is the median on the validation patients, seed 3 on the other data set."""
    tiny = experiment(tmp_path / "data")
    tiny = replace(tiny, runs=tuple(run for run in tiny.runs if run.seed <= 3), seeds=(1, 2, 3))
    lead = {
        VALIDATION_DICE: {1: 0.01, 2: 0.02, 3: 0.03},
        SUNNYBROOK_DICE: {1: 0.03, 2: 0.01, 3: 0.02},
    }
    for run in tiny.runs:
        log_run(store, run, lambda run, epoch: 0.5)
        add_samples(store, run, name=f"patient{run.seed:03d} ED slice 03")
        add_function(store, run)
    tables = collect(store, tiny.runs)
    for metric, of_seed in lead.items():
        gamma = tables.epochs["model"] == "gamma_net"
        tables.epochs.loc[gamma, metric] += tables.epochs.loc[gamma, "seed"].map(of_seed)
    page = render_page(build_report(tiny, tables, SIGNIFICANCE), tiny, tables, store)
    shown = page[page.index('id="segmentations"') : page.index('id="function"')]
    validation, generalisation = shown.index("Validation set"), shown.index("External set sunnybrook")
    assert "Seed 2, whose difference in validation soft Dice (gamma_net − unet" in shown[validation:generalisation]
    assert "is the middle one of 3 pairs" in shown[validation:generalisation].replace("\xa0", " ")
    assert "patient002" in shown[validation:generalisation]
    assert "Seed 3, whose difference in sunnybrook soft Dice" in shown[generalisation:]
    assert "patient003" in shown[generalisation:]


def test_a_models_name_stays_as_it_is_written(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        log_run(store, run, lambda run, epoch: 0.0 if run.model == "unet" else 0.7)
    page, _ = rendered(tiny, store)
    assert "<p>unet never learned" in page
    for wrong in ("Unet", "Gamma_net", "Γ"):
        assert wrong not in page


def test_an_interval_that_goes_beyond_what_a_score_can_is_drawn_whole_or_says_so(tmp_path: Path) -> None:
    from gridctl.analysis.scores import Scored
    from gridctl.report.renderers.html.charts.legend import models
    from gridctl.report.renderers.html.charts.ratio_chart import ratio_chart

    for spread, arrows in ((0.01, 0), (0.2, 2)):
        store = FolderStore(tmp_path / f"store {spread}")
        tiny = experiment(tmp_path / "data")
        tiny = replace(tiny, runs=tuple(run for run in tiny.runs if run.seed < 3), seeds=(1, 2))
        for run in tiny.runs:
            log_run(store, run, lambda run, epoch, by=spread: 0.99 - by * (run.seed == 1) * (run.model == "unet"))
        tables = collect(store, tiny.runs)
        report = build_report(tiny, tables, ReportRequest())
        scored = Scored(tables.epochs, tables.cases, tables.measures)
        plot = ratio_chart(report, scored, models(tiny.models), tiny.train_ratios).plots[0]
        assert all(float(tick.text) <= 1 for tick in plot.vertical_ticks())
        assert sum("arrow" in mark.css for mark in plot.marks) in ((0,) if not arrows else (2, 4))
        high = next(row.ci_high for row in report.summaries if row.model == "unet")
        assert high is not None
        assert high > 1
        if not arrows:
            assert plot.y.high >= high


def test_an_image_is_embedded_once_however_many_cells_show_it(whole: Whole) -> None:
    shown = re.findall(r'<use href="#(scan-\d+)"/>', whole.page)
    assert len(shown) == 2 * 2 * 5, "two cells and two sets: truth, each of two models, and two timesteps"
    assert set(shown) == {"scan-0"}, "all slices of these runs are alike"
    assert re.findall(r'<g id="(scan-\d+)"><image ', whole.page) == ["scan-0"]


def test_outlines_are_drawn_where_they_were(whole: Whole) -> None:
    """The truth of `pictured`: a square of 12 px."""
    assert 'd="M6 6l12 0 0 12-12 0z"' in whole.page


def test_pictures_beyond_the_budget_are_left_out_by_name(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "to stay small" not in whole.page
    monkeypatch.setattr(gallery, "BUDGET_BYTES", 1)
    small = render_page(whole.report, whole.tiny, whole.tables, whole.store)
    assert "It has pictures of 1 of 2 cells, to stay small" in small
    assert "in the folder <code>samples</code> of each run: 50%." in small


def test_a_damaged_index_is_named_and_the_rest_is_shown(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path)
    page, _ = rendered(tiny, store)
    match = re.search(r"Seed (\d+), whose difference in [^<]* is the smaller of 2 pairs", page)
    assert match
    chosen = next(run for run in tiny.runs if run.seed == int(match[1]) and run.train_ratio == 0.2)
    store.put(RunLayout(tiny.name, chosen.run_id).samples_index, b"{}")
    page, _ = rendered(tiny, store)
    assert "Unreadable pictures of 20%: " in page
    assert "samples/index.json" in page
    assert "<h3>50%" in page


def test_a_missing_picture_costs_only_itself(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path)
    for run in tiny.runs:
        for name in ("validation-slice-output-01", "validation-slice-image"):
            store.delete(RunLayout(tiny.name, run.run_id).sample(name))
    page, _ = rendered(tiny, store)
    assert "External set sunnybrook" in page
    assert "Validation set" not in page


def test_patients_without_an_ejection_fraction_are_counted(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path)
    for run in tiny.runs:
        add_function(store, run, lost=2 if run.model == "unet" else 0)
    page, tables = rendered(tiny, store)
    assert len(tables.function) == 8 * 2 * PATIENTS
    cells = re.findall(r'<td class="n">(\d+)\n?(?:<tr>|</tbody>)', page[page.index('id="agreement-caption"') :])
    assert cells[:2] == ["4", "0"]


def test_an_unreachable_store_is_said(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise StoreError("cannot be reached", where="store")

    monkeypatch.setattr(FolderStore, "list", refuse)
    page = render_page(whole.report, whole.tiny, whole.tables, whole.store)
    assert "Unreadable pictures of 20%: store: cannot be reached" in page
