"""Reports give more than the paired t-test: other tests, families, ablations, floors, and impossible pairs."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from gridctl.analysis.model import Comparison, ComparisonRow
from gridctl.analysis.statistics.bca import bca_mean
from gridctl.analysis.statistics.multiplicity import benjamini_hochberg, holm
from gridctl.collection.collect import collect
from gridctl.experiment import Experiment
from gridctl.report import Report, ReportRequest, build_report, render
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_DICE, VALIDATION_DICE
from tests.unit.report.logged import Dice, dice_of, experiment, log_run

ASKED = ReportRequest(significance=True)


def noisy(run: RunSpec, epoch: int) -> float:
    """Scores with γ-Net slightly ahead, depending on the seed, and U-Net much worse without scaling."""
    draw = np.random.default_rng([run.seed, round(100 * run.train_ratio), len(run.model), len(run.ablation), epoch])
    lead = 0.02 * (run.model == "gamma_net")
    return float(0.7 + lead - 0.3 * (run.ablation == "no_minmax" and run.model == "unet") + draw.normal(0, 0.01))


def filled(store: FolderStore, tmp_path: Path, dice: Dice = noisy, text: str = "", *set_: str) -> Experiment:
    tiny = experiment(tmp_path / "data", text)
    if set_:
        from gridctl.experiment import parse_experiment

        tiny = parse_experiment(tiny.document.with_overrides(list(set_)))
    for run in tiny.runs:
        log_run(store, run, dice)
    return tiny


def reported(tiny: Experiment, store: FolderStore, asked: ReportRequest = ASKED) -> Report:
    return build_report(tiny, collect(store, tiny.runs), asked)


def rows(report: Report, kind: str = "models") -> list[ComparisonRow]:
    return [row for part in report.comparisons if part.kind == kind for row in part.rows]


def drawn(report: Report, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    render(report, "table", console)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def unwrapped(report: Report, width: int = 80) -> str:
    return " ".join(drawn(report, width).split())


def test_every_statistic_of_a_row_is_of_its_pairs(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, noisy, "", "compare.equivalence_margin=0.05"), store)
    (part,) = report.comparisons
    row = part.rows[0]
    pairs = [pair for pair in part.pairs if (pair.metric, pair.train_ratio) == (row.metric, row.train_ratio)]
    d = np.array([pair.difference for pair in pairs])
    assert [pair.seed for pair in pairs] == [1, 2, 3, 4, 5]
    assert row.difference == pytest.approx(d.mean())
    assert (row.bca_low, row.bca_high) == bca_mean(d)
    assert row.p_wilcoxon == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)
    exact = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert row.p_permutation == pytest.approx(exact.pvalue)
    assert (row.permutations, row.permutation_exact) == (32, True)
    assert row.probability_of_improvement == (d > 0).mean()
    assert row.p_tost is not None
    assert row.equivalent == (row.p_tost <= 0.05)
    assert "equivalent within the declared margin of ±0.05" in row.verdict
    assert row.test == "paired t"


def test_m_is_shown_and_bh_stands_beside_holm(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path), store)
    assert [(family.name, family.m, family.declared) for family in report.families] == [
        ("gamma_net against unet, validation soft Dice", 2, "metric"),
        ("gamma_net against unet, sunnybrook soft Dice", 2, "metric"),
    ]
    validation = rows(report)[:2]
    p = [row.p for row in validation]
    assert [row.p_holm for row in validation] == holm(p)
    assert [row.p_bh for row in validation] == benjamini_hochberg(p)
    assert "Holm over 2 tests" in drawn(report)
    assert "Benjamini-Hochberg, m = 2" in drawn(report).replace("\n", " ").replace("  ", " ")


@pytest.mark.parametrize(("family", "sizes"), [("metric", {2}), ("comparison", {4}), ("experiment", {4})])
def test_the_declared_family_is_corrected(family: str, sizes: set[int], store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, noisy, "", f"compare.family={family}"), store)
    assert {row.family_size for row in rows(report)} == sizes
    if family != "metric":
        assert [row.p_holm for row in rows(report)] == holm([row.p for row in rows(report)])


def test_one_family_may_span_models_and_ablations(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, noisy, "ablations: [none, no_minmax]\n", "compare.family=experiment")
    report = reported(tiny, store)
    assert [(family.name, family.m) for family in report.families] == [("all tests", 8 + 2 * 4)]


def test_each_ablation_is_tested_against_none_within_its_model(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, noisy, "ablations: [none, no_minmax]\n")
    report = reported(tiny, store)
    parts = [part for part in report.comparisons if part.kind == "ablations"]
    assert [(part.model, part.against) for part in parts] == [("unet", "unet"), ("gamma_net", "gamma_net")]
    unet, gamma = (part.rows[0] for part in parts)
    assert (unet.ablation, unet.against_ablation, unet.n_pairs) == ("no_minmax", "none", 5)
    assert unet.difference == pytest.approx(-0.3, abs=0.02)
    assert unet.verdict == "none is better than no_minmax (these patients; 5 pairs)"
    assert gamma.verdict.removesuffix(" (these patients; 5 pairs)").endswith(
        "is ahead, but by no more than chance allows"
    )
    assert "ablations of unet" in drawn(report)


def test_ablations_are_tested_where_nothing_is_compared(store: FolderStore, tmp_path: Path) -> None:
    tiny = replace(filled(store, tmp_path, noisy, "ablations: [none, no_minmax]\n"), compare=())
    assert {part.kind for part in reported(tiny, store).comparisons} == {"ablations"}


def test_ablations_may_change_the_images_and_are_not_called_unlike_for_it(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data", "ablations: [none, no_minmax]\n")
    for run in tiny.runs:
        log_run(store, run, noisy, device_name="T4" if run.ablation == "none" else "A100")
    for part in reported(tiny, store).comparisons:
        assert {pair.fields for pair in part.unlike} == ({("device_name",)} if part.kind == "ablations" else set())


def test_the_floor_is_said_out_loud(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path), store)
    said = "n = 5: an exact test cannot go below p = 0.0625; at least 6 seeds, all agreeing, could "
    said += "reach 0.05, at least 7 after Holm over 2 tests"
    assert {row.floor for row in rows(report)} == {said}
    assert report.comparisons[0].floors == (said,)
    assert said in unwrapped(report)


def test_enough_seeds_have_no_floor(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, noisy, "", "seeds=[1, 2, 3, 4, 5, 6, 7, 8]"), store)
    assert {row.floor for row in rows(report)} == {""}


def test_few_pairs_say_how_far_bca_is_to_be_believed(store: FolderStore, tmp_path: Path) -> None:
    shown = " ".join(drawn(reported(filled(store, tmp_path), store), 400).split())
    assert "of 5 pairs a 95% BCa interval holds the truth in 83% of simulated normal studies" in shown


@pytest.mark.parametrize(("n", "held"), [(2, "51%"), (3, "72%"), (4, "80%"), (5, "83%"), (7, "83%"), (10, "90%")])
def test_what_is_said_of_bca_is_of_so_few_pairs(n: int, held: str) -> None:
    from gridctl.analysis.wording import bca_coverage

    assert f"in {held} of simulated" in bca_coverage(n)


def test_no_pair_is_tested_unpaired_and_says_so(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        if run.train_ratio == 0.5 or (run.seed <= 2) == (run.model == "unet"):
            log_run(store, run, noisy)
    report = reported(tiny, store)
    welch, paired = rows(report)[:2]
    assert (welch.test, welch.n_pairs, welch.n_model, welch.n_against) == ("welch", 0, 3, 2)
    assert welch.verdict.startswith("no answer yet: 5 of 5 pairs are not complete; the runs there are ")
    assert welch.verdict.endswith("tested unpaired (Welch)")
    assert welch.p_permutation is welch.bca_low is welch.hedges_g_z is None
    last = {m: [noisy(r, 4) for r in tiny.runs if (r.model, r.train_ratio) == (m, 0.2)] for m in tiny.models}
    theirs = stats.ttest_ind(last["gamma_net"][2:], last["unet"][:2], equal_var=False)
    assert welch.p == pytest.approx(theirs.pvalue)
    assert paired.test == "paired t"
    assert "3+2" in drawn(report)
    assert "unpaired" in drawn(report)
    assert welch.dropped == 5


def test_unlike_pairs_left_out_by_strictness_are_not_tested_unpaired(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        log_run(store, run, noisy, device_name="T4" if run.model == "unet" else "A100")
    report = reported(tiny, store, replace(ASKED, strict_pairs=True))
    assert {(row.test, row.n_pairs, row.dropped) for row in rows(report)} == {("none", 0, 5)}
    assert {row.verdict for row in rows(report)} == {"no pair is left to test: 5 left out"}


def test_a_failed_run_says_why_its_pair_is_left_out(store: FolderStore, tmp_path: Path) -> None:
    from gridctl_trainer.contract.layout import AttemptName, RunLayout
    from gridctl_trainer.contract.records.metric_log import EndRecord, write_line

    tiny = experiment(tmp_path / "data")
    for run in tiny.runs[1:]:
        log_run(store, run, noisy)
    log_run(store, tiny.runs[0], noisy, epochs=3, finished=False)
    key = RunLayout(tiny.name, tiny.runs[0].run_id).attempt(AttemptName(1, "abc"))
    end = EndRecord(exit_code=1, message="train_loss is nan\nmore", finished_at="2026-11-24T00:00:00Z")  # type: ignore[arg-type]
    store.put(key, store.get(key).data + write_line(end).encode())
    (part,) = reported(tiny, store).comparisons
    assert [pair.reason for pair in part.dropped] == ["unet failed at epoch 3 of 4: train_loss is nan"]


def test_a_pair_without_a_metric_is_left_out_of_that_metric_alone(store: FolderStore, tmp_path: Path) -> None:
    """This happens if a second data set is added to an experiment that has already begun."""
    tiny = filled(store, tmp_path)
    collected = collect(store, tiny.runs)
    lacking = tiny.runs[0].run_id
    collected.epochs.loc[collected.epochs["run_id"] == lacking, SUNNYBROOK_DICE] = float("nan")
    report = build_report(tiny, collected, ASKED)
    assert [row.n_pairs for row in rows(report)] == [5, 5, 4, 5]
    assert [(pair.metric, pair.seed) for pair in report.comparisons[0].dropped] == [(SUNNYBROOK_DICE, 1)]
    assert "logged no sunnybrook soft Dice" in report.comparisons[0].dropped[0].reason
    json.loads(render(report, "json", Console()))


def test_the_seed_of_resampling_decides_and_nothing_else(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path)

    def interval(asked: ReportRequest) -> tuple[float | None, float | None]:
        row = next(row for row in rows(reported(tiny, store, asked)) if row.metric == SUNNYBROOK_DICE)
        return row.bca_low, row.bca_high

    assert interval(ASKED) == interval(replace(ASKED, metrics=(SUNNYBROOK_DICE,)))
    assert interval(ASKED) != interval(replace(ASKED, seed=1))


def test_the_whole_grid_has_an_interquartile_mean_and_keeps_pairs(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path)
    report = reported(tiny, store)
    unet = next(row for row in report.aggregates if (row.metric, row.model) == (VALIDATION_DICE, "unet"))
    scores = [noisy(run, 4) for run in tiny.runs if run.model == "unet"]
    assert unet.iqm == pytest.approx(stats.trim_mean(scores, 0.25))
    assert (unet.cells, unet.n) == (2, 10)
    assert unet.ci_low is not None
    assert unet.ci_high is not None
    assert unet.ci_low <= stats.trim_mean(scores, 0.25) <= unet.ci_high
    overall = report.comparisons[0].overall[0]
    ahead = [pair.difference > 0 for pair in report.comparisons[0].pairs if pair.metric == VALIDATION_DICE]
    assert overall.probability_of_improvement == pytest.approx(np.mean(ahead))
    assert "over the whole grid" in drawn(report)


def test_pooled_epochs_have_the_t_test_alone(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path), store, replace(ASKED, unit="epoch"))
    for row in rows(report):
        assert row.p is not None
        assert row.p_permutation is row.p_wilcoxon is row.bca_low is row.p_tost is None
    assert report.aggregates == report.headlines == []
    assert not report.comparisons[0].pairs


def test_the_best_epoch_is_said_to_flatter(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path), store, replace(ASKED, score="best"))
    assert any("chosen on the validation set" in warning for warning in report.warnings)


def test_the_answer_comes_first_in_words(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, dice_of(0.05)), store)
    first = (
        "validation soft Dice, left ventricle (mean over slices): over both train ratios gamma_net is better than unet "
        "(+0.044, 95% CI [0.039, 0.049], p < .001, n = 5 seeds); "
        "ratio by ratio, gamma_net is better than unet at ratio 0.2 (+0.044, 95% CI [0.039, 0.049], n = 5 pairs) "
        "and 0.5 (+0.044, 95% CI [0.039, 0.049], n = 5 pairs) (after Holm over 2 tests). "
        "Population: these patients of acdc, over splits and starts of training; other patients are not covered"
    )
    assert report.headlines[0] == first
    assert first in unwrapped(report, 120)


def test_provenance_stands_apart_from_the_numbers(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for number, run in enumerate(tiny.runs):
        log_run(store, run, noisy, image="one" if number else "two", git_sha="abc")
    made = reported(tiny, store).provenance
    assert [(value.value, value.runs) for value in made.runs if value.field == "image"] == [("one", 19), ("two", 1)]
    assert set(made.analysis) == {"python", "gridctl", "numpy", "scipy", "pandas"}
    assert f"seed {made.resampling_seed}" in drawn(reported(tiny, store))


def test_a_run_that_is_still_going_is_neither_scored_nor_forgotten(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs[1:]:
        log_run(store, run, noisy)
    log_run(store, tiny.runs[0], noisy, epochs=2, finished=False)
    report = reported(tiny, store)
    assert report.warnings == ["1 of 20 runs is not finished and not in these numbers"]
    (part,) = report.comparisons
    assert isinstance(part, Comparison)
    assert [pair.reason for pair in part.dropped] == ["unet is at epoch 2 of 4"]
    assert next(row for row in report.summaries if row.model == "unet").unfinished == 1


@pytest.mark.parametrize("asked", [ASKED, replace(ASKED, unit="epoch"), ReportRequest()])
@pytest.mark.parametrize("seeds", ["[1]", "[1, 2]"])
def test_no_number_of_seeds_makes_a_report_fail(
    asked: ReportRequest, seeds: str, store: FolderStore, tmp_path: Path
) -> None:
    report = reported(filled(store, tmp_path, noisy, "", f"seeds={seeds}"), store, asked)
    for output_format in ("table", "markdown", "latex", "csv", "json"):
        text = render(report, output_format, Console(file=io.StringIO(), width=80)) or drawn(report)
        assert not re.search(r"\bnan\b", text, re.IGNORECASE)
