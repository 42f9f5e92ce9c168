"""Models that choose among ablations are tested where they chose nothing, and the cost of each choice is stated."""

from __future__ import annotations

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
from gridctl.report.renderers.csv_and_json import as_json, side_tables
from gridctl.report.renderers.sections.all_sections import all_sections
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import (
    PATIENTS,
    SUNNYBROOK_CASE_DICE,
    VALIDATION_CASE_DICE,
    case_dice_of,
    log_cases,
)

TESTS = ReportRequest(significance=True)
BOTH = "{name: slow, set: {training.learning_rate: 0.0001}}, {name: fast, set: {training.learning_rate: 0.01}}"
HELPS = {("gamma_net", "fast"): 0.06, ("unet", "slow"): 0.04}
"""Gain of an option on validation, which is its loss on Sunnybrook."""


def asked(tmp_path: Path, *overrides: str, options: str = BOTH) -> Experiment:
    text = f"metrics: [dice, soft_dice, bce]\nablations: [none, {options}]\n"
    given = ["compare.tuned_on=validation", "train_ratios=[0.2]", *overrides]
    return parse_experiment(experiment(tmp_path / "data", text).document.with_overrides(given))


def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
    gain = HELPS.get((run.model, run.ablation), 0.0)
    usual = case_dice_of(0.02)(run, set_name, patient, time_point)
    assert usual is not None
    return usual + (gain if set_name == "validation" else -gain)


def filled(store: FolderStore, tiny: Experiment, unfinished: str = "") -> Report:
    for run in tiny.runs:
        done = run.run_id != unfinished
        log_run(store, run, dice_of(0.01), finished=done)
        if done:
            log_cases(store, run, dice)
    return build_report(tiny, collect(store, tiny.runs, cases=True), TESTS)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for comparison in report.comparisons for row in comparison.rows]


def test_each_model_is_tested_as_it_chose_and_where_it_chose_nothing(store: FolderStore, tmp_path: Path) -> None:
    tiny = asked(tmp_path)
    report = filled(store, tiny)
    assert {(row.model, row.chosen) for row in report.tuned} == {("gamma_net", "fast"), ("unet", "slow")}
    (row,) = (row for row in rows(report) if not row.secondary)
    assert (row.metric, row.ablation, row.against_ablation) == (SUNNYBROOK_CASE_DICE, "tuned", "tuned")
    halves = [
        [
            np.mean([dice(run, "sunnybrook", patient, time) for patient in PATIENTS for time in ("ED", "ES")])
            for run in tiny.runs
            if (run.model, run.ablation) == chosen
        ]
        for chosen in HELPS
    ]
    assert row.difference == pytest.approx(np.mean(halves[0]) - np.mean(halves[1]))
    assert row.cohort_p == pytest.approx(stats.ttest_rel(*halves).pvalue)
    assert row.n_pairs == 5
    assert {comparison.kind for comparison in report.comparisons} == {"models"}, "ablations are options, no questions"


def test_scores_that_chose_are_said_to_be_selected(store: FolderStore, tmp_path: Path) -> None:
    report = filled(store, asked(tmp_path))
    titles = [section.title for section in all_sections(report)]
    assert "validation Dice, selected on these patients (higher is better)" in titles
    assert "What each model chose on validation, selected on these patients" in titles
    assert "Scorecard: validation, left ventricle, selected on these patients" in titles
    assert "Scorecard: sunnybrook, left ventricle" in titles
    assert not any(row.metric == VALIDATION_CASE_DICE for row in rows(report))
    assert any(line.startswith("tuned on validation: scores there chose") for line in report.warnings)
    assert {row.metric for row in report.aggregates} == {SUNNYBROOK_CASE_DICE}, "no mean over what was only tried"


def test_nothing_that_was_not_chosen_is_shown_where_the_verdict_is(store: FolderStore, tmp_path: Path) -> None:
    report = filled(store, asked(tmp_path))
    assert {row.ablation for row in report.scorecard if row.set == "sunnybrook"} == {"tuned"}
    assert {row.ablation for row in report.scorecard if row.set == "validation"} == {"none", "slow", "fast"}
    assert {row.ablation for row in report.summaries if row.metric == SUNNYBROOK_CASE_DICE} == {"tuned"}


def test_the_same_budget_is_said(store: FolderStore, tmp_path: Path) -> None:
    tiny = asked(tmp_path)
    report = filled(store, tiny)
    epochs = 15 * tiny.runs[0].training.epochs
    said = f"gamma_net and unet each chose among 3 options in 15 runs of {epochs} epochs"
    assert any(line.startswith(f"tuned with the same budget: {said}") for line in report.headlines)
    tuned = json.loads(as_json(report))["tuned"]
    assert [(row["model"], row["options"], row["runs"], row["epochs"]) for row in tuned] == [
        ("unet", 3, 15, epochs),
        ("gamma_net", 3, 15, epochs),
    ]
    assert "chosen" in side_tables(report)["tuned.csv"].partition("\n")[0]


def test_an_option_of_one_model_alone_is_an_unequal_budget(store: FolderStore, tmp_path: Path) -> None:
    options = "{name: slow, set: {training.learning_rate: 0.0001}}, {name: fast, set: {models.gamma_net.timesteps: 3}}"
    report = filled(store, asked(tmp_path, options=options))
    (said,) = (line for line in report.headlines if line.startswith("unequal tuning"))
    assert "gamma_net chose among 3 options in 15 runs" in said
    assert "unet among 2 options in 15 runs" in said


def test_nothing_is_chosen_before_every_run_is_finished(store: FolderStore, tmp_path: Path) -> None:
    tiny = asked(tmp_path)
    open_run = next(run for run in tiny.runs if (run.model, run.ablation) == ("unet", "none"))
    report = filled(store, tiny, open_run.run_id)
    assert {row.model: row.chosen for row in report.tuned} == {"gamma_net": "fast", "unet": ""}
    (row,) = (row for row in rows(report) if not row.secondary)
    assert row.verdict == "no answer yet: 5 of 5 pairs are not complete"
    assert {pair.reason for pair in report.comparisons[0].dropped} == {
        "unet has not chosen yet, 1 of 15 runs is not finished"
    }


def test_what_is_asked_does_not_change_the_choice(store: FolderStore, tmp_path: Path) -> None:
    tiny = asked(tmp_path)
    filled(store, tiny)
    by_hd95 = ReportRequest(significance=True, metrics=["sunnybrook.hd95"])
    report = build_report(tiny, collect(store, tiny.runs, cases=True), by_hd95)
    assert {(row.model, row.chosen, row.metric) for row in report.tuned} == {
        ("gamma_net", "fast", "dice"),
        ("unet", "slow", "dice"),
    }


def test_the_chosen_ones_can_be_tested_on_the_test_set(store: FolderStore, tmp_path: Path) -> None:
    given = ["data.test={dataset: acdc, path: elsewhere}", "compare.metrics=[test.dice]"]
    tiny = asked(tmp_path, *given)
    for run in tiny.runs:
        log_run(store, run, dice_of(0.01))
        log_cases(store, run, dice, sets=("validation", "sunnybrook", "test"))
    report = build_report(tiny, collect(store, tiny.runs, cases=True), TESTS)
    assert {(row.metric, row.ablation) for row in rows(report)} == {("test.dice.left_ventricle", "tuned")}
    assert {(row.model, row.chosen, row.set) for row in report.tuned} == {
        ("gamma_net", "fast", "validation"),
        ("unet", "slow", "validation"),
    }


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["compare.tuned_on=test"], "there is no set 'test' to score"),
        (["compare.tuned_on=validatoin"], "did you mean 'validation'"),
        (["compare.metrics=[validation.dice]"], "so nothing is left to test"),
        (["data.test={dataset: acdc, path: x}", "compare.tuned_on=test"], "the test set is scored once"),
        (["data.test={dataset: acdc, path: x}", "data.external={}"], "give compare.metrics: [test.dice]"),
        (["ablations=[none]"], "there is nothing to choose among"),
        (["ablations=[none, {name: tuned, set: {training.learning_rate: 0.01}}]"], "'tuned' is what the chosen"),
    ],
)
def test_what_cannot_be_tuned_is_refused(tmp_path: Path, overrides: list[str], said: str) -> None:
    with pytest.raises(InputError) as refused:
        asked(tmp_path, *overrides)
    assert said in str(refused.value)


def test_three_ways_to_train_without_a_set_that_chooses_are_said(store: FolderStore, tmp_path: Path) -> None:
    tiny = asked(tmp_path, "compare.tuned_on=null")
    report = filled(store, tiny)
    assert any("3 ways" in line and "compare.tuned_on" in line for line in report.warnings)
    assert report.tuned == []
