"""Comparisons use hard Dice of whole volumes by default, over the patients that both runs have."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from gridctl.analysis.model import ComparisonRow
from gridctl.collection.collect import collect
from gridctl.errors import InputError
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.renderers.csv_and_json import as_csv, as_json, side_tables
from gridctl.report.renderers.sections.all_sections import all_sections
from gridctl.report.renderers.sections.scorecard import scorecard_sections
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_DICE, VALIDATION_DICE
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import (
    PATIENTS,
    SUNNYBROOK_CASE_DICE,
    VALIDATION_CASE_DICE,
    CaseDice,
    case_dice_of,
    log_cases,
)

SCORED = "metrics: [dice, soft_dice, bce]"
TESTS = ReportRequest(significance=True)


def asked(tmp_path: Path, *overrides: str) -> Experiment:
    return parse_experiment(experiment(tmp_path / "data", SCORED).document.with_overrides(list(overrides)))


def filled(store: FolderStore, tmp_path: Path, dice: CaseDice | None, *overrides: str) -> Experiment:
    tiny = asked(tmp_path, *overrides)
    for run in tiny.runs:
        log_run(store, run, dice_of(-0.1))  # soft Dice says the opposite
        if dice is not None:
            log_cases(store, run, dice)
    return tiny


def reported(tiny: Experiment, store: FolderStore, asked: ReportRequest = TESTS) -> Report:
    return build_report(tiny, collect(store, tiny.runs, cases=True), asked)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for comparison in report.comparisons for row in comparison.rows]


def mean(run: RunSpec, dice: CaseDice, patients: tuple[str, ...] = PATIENTS) -> float:
    values = [[dice(run, "validation", patient, time) for time in ("ED", "ES")] for patient in patients]
    return float(np.mean(values))


def test_hard_dice_of_cases_is_compared_by_default(store: FolderStore, tmp_path: Path) -> None:
    dice = case_dice_of(0.02)
    tiny = filled(store, tmp_path, dice)
    report = reported(tiny, store)
    primary = dict.fromkeys(row.metric for row in rows(report) if not row.secondary)
    assert list(primary) == [VALIDATION_CASE_DICE, SUNNYBROOK_CASE_DICE]
    row = rows(report)[0]
    halves = [
        [mean(run, dice) for run in tiny.runs if (run.model, run.train_ratio) == (model, 0.2)]
        for model in ("gamma_net", "unet")
    ]
    assert row.difference == pytest.approx(np.mean(halves[0]) - np.mean(halves[1]), abs=1e-12)
    assert row.p == pytest.approx(stats.ttest_rel(*halves).pvalue, rel=1e-9)
    assert (row.n_pairs, row.patients, row.patients_left_out) == (5, len(PATIENTS), 0)
    assert "gamma_net is better than unet" in row.verdict


def test_who_is_left_out_is_left_out_of_both_models_and_counted(store: FolderStore, tmp_path: Path) -> None:
    whole = case_dice_of(0.02)

    def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float | None:
        lost = (run.model, run.seed, patient, time_point) == ("unet", 1, PATIENTS[0], "ES")
        return None if lost else whole(run, set_name, patient, time_point)

    tiny = filled(store, tmp_path, dice)
    report = reported(tiny, store)
    row = rows(report)[0]
    assert (row.patients, row.patients_left_out, row.left_out_because) == (len(PATIENTS), 1, "both empty (1)")
    (pair,) = (p for p in report.comparisons[0].pairs if (p.metric, p.train_ratio, p.seed) == (row.metric, 0.2, 1))
    assert (pair.patients, pair.patients_left_out) == (len(PATIENTS) - 1, 1)
    halves = {run.model: mean(run, whole, PATIENTS[1:]) for run in tiny.runs if (run.train_ratio, run.seed) == (0.2, 1)}
    assert pair.model_score == pytest.approx(halves["gamma_net"], abs=1e-12), "the mean is over the same patients"
    assert pair.against_score == pytest.approx(halves["unet"], abs=1e-12)


def test_the_best_epoch_has_cases_of_its_own(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, case_dice_of(0.02))
    final = next(row for row in rows(reported(tiny, store)) if row.metric == SUNNYBROOK_CASE_DICE)
    report = reported(tiny, store, ReportRequest(significance=True, score="best"))
    best = rows(report)[0]
    assert best.metric == final.metric
    assert best.model_mean == pytest.approx((final.model_mean or 0) + 0.01)
    assert VALIDATION_CASE_DICE not in {row.metric for row in rows(report)}, "selected on these patients: no test"
    titles = [section.title for section in all_sections(report)]
    assert "validation Dice, selected on these patients (higher is better)" in titles
    assert any(title.endswith("best epoch, selected on these patients") for title in titles)
    assert "validation Dice, selected on these patients, over the whole grid" in titles


def test_runs_of_before_are_compared_by_slices_and_it_is_said(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, None), store)
    assert list(dict.fromkeys(row.metric for row in rows(report))) == [VALIDATION_DICE, SUNNYBROOK_DICE]
    assert any("soft Dice of slices is compared instead of Dice of whole volumes" in line for line in report.warnings)


def test_scores_that_are_means_over_epochs_take_slices_and_say_so(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, case_dice_of(0.02))
    report = reported(tiny, store, ReportRequest(significance=True, score="mean"))
    assert rows(report)[0].metric == VALIDATION_DICE
    assert any("at the final and the best epoch alone" in line for line in report.warnings)


def test_what_the_file_names_is_never_replaced(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, None, "compare.metrics=[validation.dice]")
    report = reported(tiny, store)
    assert {row.metric for row in rows(report)} == {VALIDATION_CASE_DICE}
    assert all(row.n_pairs == 0 for row in rows(report))
    assert any("has no patient with a validation Dice" in pair.reason for pair in report.comparisons[0].dropped)


def test_a_score_of_cases_can_be_asked_for_by_name(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, case_dice_of(0.02))
    report = reported(tiny, store, ReportRequest(significance=True, metrics=["validation.hd95"]))
    assert {row.metric for row in rows(report)} == {"validation.hd95.left_ventricle"}
    assert not rows(report)[0].higher_is_better
    assert "gamma_net is better than unet" in rows(report)[0].verdict


def test_the_file_cannot_compare_cases_by_a_mean_over_epochs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scored at the final and the best epoch alone"):
        asked(tmp_path, "compare.metrics=[validation.dice]", "compare.score=mean")


def test_json_and_csv_say_how_many_patients(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, case_dice_of(0.02)), store)
    first = json.loads(as_json(report))["comparisons"][0]
    assert (first["metric"], first["patients"], first["patients_left_out"]) == (VALIDATION_CASE_DICE, 6, 0)
    row = next(csv.DictReader(io.StringIO(as_csv(report))))
    assert (row["metric"], row["patients"], row["patients_left_out"]) == (VALIDATION_CASE_DICE, "6", "0")


def test_the_scorecard_has_each_metric_with_ed_and_es_apart(store: FolderStore, tmp_path: Path) -> None:
    dice = case_dice_of(0.02)
    tiny = filled(store, tmp_path, dice)
    report = reported(tiny, store)
    cells = {
        (row.model, row.train_ratio, row.time_point, row.metric): row
        for row in report.scorecard
        if row.set == "validation"
    }
    found = cells["unet", 0.2, "ES", "dice"]
    of_runs = [
        [dice(run, "validation", patient, "ES") for patient in PATIENTS]
        for run in tiny.runs
        if (run.model, run.train_ratio) == ("unet", 0.2)
    ]
    assert found.mean == pytest.approx(np.mean(of_runs))
    assert found.sd == pytest.approx(np.mean([np.std(values, ddof=1) for values in of_runs]))  # type: ignore[arg-type]
    assert (found.runs, found.patients, found.undefined) == (5, len(PATIENTS), 0)
    assert {key[2] for key in cells if key[3] == "hd"} == {"ED", "ES"}
    assert {key[2] for key in cells if key[3] == "absolute_ef_error"} == {"patient"}


def test_hd_stands_beside_a_published_hd_and_hd95_beside_nothing(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, case_dice_of(0.02)), store)
    assert {row.metric for row in report.published} >= {"dice", "hd"}
    assert not {row.metric for row in report.published} & {"hd95", "assd"}
    assert {row.set for row in report.published} == {"validation"}, "Sunnybrook is another data set"
    (section,) = (s for s in scorecard_sections(report) if s.title == "Scorecard: validation, left ventricle")
    printed = [row for row in section.rows if "CarSON" in row]
    assert [row[section.columns.index("time")] for row in printed] == ["ED", "ES"]
    assert [row[section.columns.index("HD95 (mm)")] for row in printed] == ["–", "–"]
    assert any("not comparable" in note and "doi:" in note for note in section.notes)


def test_no_published_score_stands_beside_hearts_that_are_only_called_acdc(store: FolderStore, tmp_path: Path) -> None:
    tiny = asked(tmp_path)
    for run in tiny.runs:
        log_run(store, run, dice_of(-0.1))
        log_cases(store, run, case_dice_of(0.02), real=False)
    report = reported(tiny, store)
    assert report.published == []
    assert list(report.unpublished) == ["validation"]
    notes = [note for section in scorecard_sections(report) for note in section.notes]
    assert [note for note in notes if "published" in note] == [report.unpublished["validation"]], "said once"
    assert json.loads(as_json(report))["unpublished"] == report.unpublished


def test_the_whole_grid_says_which_score_is_secondary(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, case_dice_of(0.02)), store)
    titles = [section.title for section in all_sections(report) if "over the whole grid" in section.title]
    assert "validation Dice over the whole grid" in titles
    assert "validation HD95 (mm) (secondary) over the whole grid" in titles


def test_scores_by_group_vendor_and_time_point(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, case_dice_of(0.02)), store)
    assert {row.stratum for row in report.strata if row.by == "group"} == {"NOR", "MINF", "DCM"}
    assert {row.stratum for row in report.strata if row.by == "time_point"} == {"ED", "ES"}
    assert not [row for row in report.strata if row.by == "vendor"], "one vendor in each set"
    one = next(
        row for row in report.strata if (row.by, row.stratum, row.metric) == ("group", "DCM", VALIDATION_CASE_DICE)
    )
    assert (one.runs, one.patients, one.left_out) == (5, 2, 0)
    assert not [s for s in all_sections(report) if s.title == "validation Dice by group"], "subgroups have them already"
    shown = all_sections(reported(asked(tmp_path), store, ReportRequest()))
    (section,) = (s for s in shown if s.title == "validation Dice by group")
    row = next(row for row in section.rows if row[:2] == ["0.2", "DCM"])
    assert section.columns == ["ratio", "group", "unet", "gamma_net", "n"]
    assert row[section.columns.index(one.model)].startswith(f"{one.mean:.3f}")
    assert row[-1] == "2"


def test_what_was_trained_is_said_and_its_differences(store: FolderStore, tmp_path: Path) -> None:
    tiny = asked(tmp_path, "models.unet.batch_size=8", "models.gamma_net.batch_size=2", "training.epochs=6")
    for run in tiny.runs:
        steps, parameters = 100 // run.training.batch_size, 1000 if run.model == "unet" else 2000
        log_run(store, run, dice_of(0.01), epochs=6, train_steps=steps, parameters=parameters)
        log_cases(store, run, case_dice_of(0.02))
    report = reported(tiny, store)
    rows_of = {row.model: row for row in report.trained if row.train_ratio == 0.2}
    assert (rows_of["unet"].updates, rows_of["gamma_net"].updates) == (72, 300)
    assert rows_of["unet"].settings["batch_size"] == 8
    assert (rows_of["unet"].parameters, rows_of["gamma_net"].parameters) == (1000, 2000)
    assert set(rows_of["unet"].differs) == {"parameters", "updates", "batch_size"}
    assert any(
        "unet made 4.2x fewer updates than gamma_net at ratio 0.2 (72 against 300, batch size 8 against 2)" in line
        for line in report.headlines
    )
    assert rows(report)[0].trained_differently == "batch_size 2 against 8; parameters 2,000 against 1,000"
    assert any(line.startswith("not converged: +0.0") and "unet" in line for line in report.warnings)
    assert "batch_size" in side_tables(report)["trained.csv"].partition("\n")[0]


def test_alike_models_are_not_said_to_differ(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, case_dice_of(0.02)), store)
    assert all(row.differs == () for row in report.trained)
    assert not any("unequal" in line for line in report.headlines)
