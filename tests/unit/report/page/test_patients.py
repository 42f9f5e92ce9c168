"""The page shows the scorecard, single patients of one seed, the worst cases, and what was trained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gridctl.collection.collect import Collected, collect
from gridctl.experiment import parse_experiment
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.renderers.html import render_page
from gridctl.report.renderers.html.charts.legend import models
from gridctl.report.renderers.html.gallery import Gallery
from gridctl.report.renderers.html.patients import WORST, Patients, shown_patients
from gridctl.report.renderers.html.representatives import Shown, representatives
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.pictured import add_samples
from tests.unit.report.scored_cases import PATIENTS, case_dice_of, cases_of, log_cases


@dataclass(frozen=True)
class Whole:
    """A grid whose runs have scorecards, and its page, which tests only read."""

    runs: tuple[RunSpec, ...]
    tables: Collected
    report: Report
    chosen: list[Shown]
    patients: Patients
    page: str


def lost(run: RunSpec, set_name: str, patient: str, time_point: str) -> float | None:
    """Dice, one of which is undefined in every run of the U-Net."""
    if (run.model, patient, time_point) == ("unet", PATIENTS[2], "ES"):
        return None
    return case_dice_of(0.02)(run, set_name, patient, time_point)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    store = FolderStore(folder / "store")
    text = experiment(folder / "data", "metrics: [dice, soft_dice, bce]").document
    tiny = parse_experiment(text.with_overrides(["models.unet.batch_size=8", "models.gamma_net.batch_size=2"]))
    for run in tiny.runs:
        log_run(store, run, dice_of(0.02), train_steps=100 // run.training.batch_size)
        log_cases(store, run, lost)
        add_samples(store, run, name=f"{PATIENTS[-1]} ES slice 03")
    tables = collect(store, tiny.runs, cases=True)
    report = build_report(tiny, tables, ReportRequest(significance=True))
    named = models(tiny.models)
    chosen = representatives(report, tables.runs.to_dict("records"), named)  # type: ignore[arg-type]
    shown = shown_patients(report, tables.cases, chosen, named, Gallery([], [], []))
    return Whole(tiny.runs, tables, report, chosen, shown, render_page(report, tiny, tables, store, folder / "out"))


def test_the_page_names_its_dice_and_has_every_section(whole: Whole) -> None:
    assert "hard Dice of the whole volume" in whole.page
    for section in ("scorecard", "patients", "training"):
        assert f'<section id="{section}"' in whole.page
        assert f'href="#{section}"' in whole.page
    assert "unet made 4.2x fewer updates than gamma_net" in whole.page
    assert "doi:10.3389/fcvm.2021.730316" in whole.page


def test_patients_of_one_seed_alone_are_drawn(whole: Whole) -> None:
    for cell in whole.patients.cells:
        for of_set in cell.sets:
            paired = of_set.plots[0]
            marks = [mark for mark in paired.marks if "dot" in mark.css]
            assert len(marks) == len(PATIENTS) - 1, "one mark per patient of one seed, without who is left out"
            assert f"seed {of_set.example.seed}" in paired.said
            assert "left out for both: both empty (1)" in paired.said


def test_limits_of_agreement_are_those_of_the_seed_that_is_drawn(whole: Whole) -> None:
    cell = whole.patients.cells[0]
    of_set = next(item for item in cell.sets if item.set == "validation")
    plot = next(plot for plot in of_set.plots if plot.title.startswith("End-diastolic volume"))
    run_id = next(run for model, run in of_set.example.runs.items() if model.name == "unet")
    (run,) = (run for run in whole.runs if run.run_id == run_id)
    records = [
        case.scores
        for case in cases_of(run, lost, sets=["validation"], checkpoints=["final"])
        if case.time_point == "patient"
    ]
    differences = np.array([scores["edv_ml"] - scores["true_edv_ml"] for scores in records])
    bias, reach = differences.mean(), 1.96 * differences.std(ddof=1)
    assert (
        f"unet: bias {bias:+.1f}, limits {bias - reach:+.1f} to {bias + reach:+.1f} ml".replace("-", "−") in plot.said
    )


def test_worst_cases_come_first_with_their_numbers_and_a_picture_if_one_is_kept(whole: Whole) -> None:
    of_set = whole.patients.cells[0].sets[0]
    scores = [float(case.score.removeprefix("Dice ")) for case in of_set.worst]
    assert len(scores) == WORST
    assert scores == sorted(scores)
    assert (of_set.worst[0].patient, of_set.worst[0].time_point) == (PATIENTS[-1], "ES")
    assert set(of_set.worst[0].beside) == {"HD", "HD95", "ASSD", "volume", "true volume"}
    table = re.search(r"Worst cases of these runs by Dice.*?</table>", whole.page, re.DOTALL)
    assert table is not None
    assert f'aria-label="{PATIENTS[-1]} ES slice 03, unet"' in table[0].replace("\N{NO-BREAK SPACE}", " ")
    assert "not kept" in table[0]


def test_runs_of_before_have_a_page_without_these_sections(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.02))
    tables = collect(store, tiny.runs, cases=True)
    page = render_page(build_report(tiny, tables, ReportRequest(significance=True)), tiny, tables, store)
    assert 'id="scorecard"' not in page
    assert 'id="patients"' not in page
