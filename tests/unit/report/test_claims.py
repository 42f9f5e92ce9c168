"""Reports state the population of a claim, the looks at which it is tested, and what is equivalent."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from gridctl.analysis.inference.claims import patient_table
from gridctl.analysis.model import ComparisonRow
from gridctl.analysis.statistics.multiplicity import holm
from gridctl.analysis.statistics.population.nadeau_bengio import corrected_t
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.analysis.statistics.sequential.anytime import anytime
from gridctl.analysis.statistics.sequential.looks import adjusted_p
from gridctl.collection.collect import collect
from gridctl.errors import InputError
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, build_report, render
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import PATIENTS, VALIDATION_CASE_DICE, CaseDice, log_cases

ASKED = ReportRequest(significance=True)
SCORED = "metrics: [dice, soft_dice, bce]"


def dice(lead: float, of_patients: float = 0.0) -> CaseDice:
    """Scores with γ-Net ahead by `lead`, which differs between patients by `of_patients`."""

    def value(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
        number = int(patient[-3:])
        noise = np.random.default_rng([number, run.seed, len(run.model), round(100 * run.train_ratio), len(time_point)])
        own = np.random.default_rng([number, 7]).normal(0, of_patients) if of_patients else 0.0
        return 0.7 + 0.01 * number + float(noise.normal(0, 0.004)) + (run.model == "gamma_net") * (lead + own)

    return value


def filled(store: FolderStore, tmp_path: Path, cases: CaseDice | None, *overrides: str) -> Experiment:
    tiny = parse_experiment(experiment(tmp_path / "data", SCORED).document.with_overrides(list(overrides)))
    for run in tiny.runs:
        log_run(store, run, dice_of(0.05))
        if cases is not None:
            log_cases(store, run, cases)
    return tiny


def reported(tiny: Experiment, store: FolderStore) -> Report:
    return build_report(tiny, collect(store, tiny.runs, cases=True), ASKED)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for part in report.comparisons for row in part.rows]


def means(tiny: Experiment, ratio: float, value: CaseDice) -> np.ndarray:
    """Paired differences, (seeds, patients)."""
    chosen = {(run.model, run.seed): run for run in tiny.runs if run.train_ratio == ratio}

    def mean(model: str, seed: int, patient: str) -> float:
        return float(np.mean([value(chosen[model, seed], "validation", patient, time) for time in ("ED", "ES")]))

    return np.array(
        [[mean("gamma_net", seed, name) - mean("unet", seed, name) for name in PATIENTS] for seed in tiny.seeds]
    )


def test_scores_of_patients_make_a_claim_of_patients_like_these(store: FolderStore, tmp_path: Path) -> None:
    value = dice(0.03, 0.01)
    tiny = filled(store, tmp_path, value)
    row = rows(reported(tiny, store))[0]
    d = means(tiny, 0.2, value)
    theirs, over_seeds = two_way(d), stats.ttest_1samp(d.mean(axis=1), 0)
    assert (row.claim, row.test, row.n_seeds, row.patients) == ("population", "two-way", 5, 6)
    assert (row.difference, row.ci_low, row.ci_high, row.p, row.degrees_of_freedom) == pytest.approx(
        (theirs.mean, theirs.low, theirs.high, theirs.p, theirs.df)
    )
    assert (row.population_p, row.cohort_p) == pytest.approx((theirs.p, over_seeds.pvalue))
    assert row.verdict == "gamma_net is better than unet (patients like these: 6 patients, 5 seeds)"


def test_the_declared_claim_decides_and_the_other_stands_beside_it(store: FolderStore, tmp_path: Path) -> None:
    """If patients differ greatly, a difference on these need not hold for others."""
    value = dice(0.03, 0.05)
    population = reported(filled(store, tmp_path, value), store)
    cohort = reported(filled(store, tmp_path, value, "compare.claim=cohort"), store)
    assert "no difference" in population.headlines[0]
    assert (
        "Population: new patients like those of acdc, for models trained on subsets of acdc" in population.headlines[0]
    )
    assert "another training cohort is not covered. These patients alone: +0." in population.headlines[0]
    assert "gamma_net is better than unet" in cohort.headlines[0]
    assert "Population: these 6 patients of acdc, over splits and starts of training; other" in cohort.headlines[0]
    assert "Beside that, for new patients like those of acdc: +0." in cohort.headlines[0]
    for ours, theirs in zip(rows(population), rows(cohort), strict=True):
        assert (ours.claim, theirs.claim) == ("population", "cohort")
        assert (ours.cohort_p, ours.population_p) == (theirs.cohort_p, theirs.population_p)
        assert theirs.p == theirs.cohort_p
        assert ours.p == ours.population_p


def test_every_format_has_both_readings(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, dice(0.03, 0.01)), store)
    console = Console(file=io.StringIO(), width=120)
    render(report, "table", console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for text in (shown, render(report, "markdown", console), render(report, "latex", console)):
        assert "these patients" in text
        assert "patients like these" in text
        assert "two-way t over seeds and patients" in " ".join(text.split())
    (first, *_) = json.loads(render(report, "json", console))["comparisons"]
    assert first["population_p"] == first["p"] != first["cohort_p"]


def test_without_scores_of_patients_the_claim_is_of_these(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, None, "compare.metrics=[validation.soft_dice]"), store)
    for row in rows(report):
        assert (row.claim, row.test, row.population_p) == ("cohort", "paired t", None)
        assert row.verdict.endswith("(these patients; 5 pairs)")


def test_the_whole_grid_is_tested_first_and_by_seeds(store: FolderStore, tmp_path: Path) -> None:
    """The test over the grid finds a small lead everywhere that no cell shows by itself."""

    def value(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
        noise = np.random.default_rng([run.seed, round(100 * run.train_ratio), int(patient[-3:]), len(run.model)])
        return 0.7 + float(noise.normal(0, 0.01)) + 0.012 * (run.model == "gamma_net")

    tiny = filled(store, tmp_path, value, "train_ratios=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]")
    report = reported(tiny, store)
    overall = report.comparisons[0].overall[0]
    d = np.mean([means(tiny, ratio, value) for ratio in tiny.train_ratios], axis=0)
    assert (overall.claim, overall.n_seeds, overall.patients) == ("population", 5, 6)
    assert overall.p == pytest.approx(two_way(d).p)
    assert overall.cohort_p == pytest.approx(stats.ttest_1samp(d.mean(axis=1), 0).pvalue)
    said = "(end-diastole and end-systole averaged): over all 8 train ratios gamma_net is better than unet (+0.01"
    assert said in report.headlines[0]


def test_no_overall_verdict_while_runs_are_waited_for(store: FolderStore, tmp_path: Path) -> None:
    tiny = parse_experiment(experiment(tmp_path / "data", SCORED).document)
    for run in tiny.runs[:-1]:
        log_run(store, run, dice_of(0.05))
        log_cases(store, run, dice(0.03))
    report = reported(tiny, store)
    assert report.comparisons[0].overall[0].verdict.startswith("no answer yet")
    assert "train ratios" not in report.headlines[0]


def test_declared_looks_take_the_complete_prefix(store: FolderStore, tmp_path: Path) -> None:
    """Seeds count in the declared order: as the fourth is not finished, the second look is not reached."""
    tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides(["compare.stopping={looks: [3, 5]}"]))
    for run in tiny.runs:
        if run.seed != 4:
            log_run(store, run, dice_of(0.05))
    row = rows(build_report(tiny, collect(store, tiny.runs), ASKED))[0]
    assert (row.look, row.n_pairs, row.first_look) == (3, 3, 3)
    assert row.cohort_p is not None
    assert row.p == pytest.approx(adjusted_p(row.cohort_p, (3, 5)))
    assert row.verdict.endswith("(these patients; 3 pairs at look 3)")
    assert "no answer yet" not in row.verdict


def test_before_the_first_look_there_is_no_answer(store: FolderStore, tmp_path: Path) -> None:
    tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides(["compare.stopping={looks: [10]}"]))
    for run in tiny.runs:
        log_run(store, run, dice_of(0.05))
    report = build_report(tiny, collect(store, tiny.runs), ASKED)
    for row in rows(report):
        assert row.verdict == "no answer yet: the first declared look is at 10 pairs, in the order of the seeds"
        assert row.p is None
    assert not any("better" in line for line in report.headlines)


def test_each_declared_look_at_patients_like_these_has_its_share(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice(0.03, 0.02), "compare.stopping={looks: [3, 5]}")
    row = rows(reported(tiny, store))[0]
    assert row.population_p is not None
    assert row.p == pytest.approx(min(1, 2 * row.population_p))


def test_evidence_at_any_time_is_of_the_cohort(store: FolderStore, tmp_path: Path) -> None:
    value = dice(0.03, 0.01)
    tiny = filled(store, tmp_path, value, "compare.stopping=anytime", "compare.equivalence_margin=0.2")
    report = reported(tiny, store)
    row = rows(report)[0]
    found = anytime(means(tiny, 0.2, value).mean(axis=1))
    assert (row.claim, row.test, row.look) == ("cohort", "e-value", 5)
    assert (row.p, row.ci_low, row.ci_high, row.log_e) == pytest.approx((found.p, found.low, found.high, found.log_e))
    assert row.equivalent
    assert row.p_tost is None


def test_after_one_seed_evidence_at_any_time_says_that_it_is_too_few(store: FolderStore, tmp_path: Path) -> None:
    stopping = ["compare.claim=cohort", "compare.stopping=anytime", "compare.equivalence_margin=0.2"]
    tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides(stopping))
    for run in tiny.runs:
        if run.seed == 1:
            log_run(store, run, dice_of(0.05))
    overall = build_report(tiny, collect(store, tiny.runs), ASKED).comparisons[0].overall[0]
    assert (overall.n_seeds, overall.equivalent) == (1, False)
    assert overall.verdict == "one seed is not enough for a test; add seeds"


@pytest.mark.parametrize(
    ("claim", "stopping"),
    [
        ("cohort", "fixed"),
        ("cohort", "anytime"),
        ("cohort", "{looks: [3, 5]}"),
        ("population", "fixed"),
        ("population", "{looks: [3, 5]}"),
    ],
)
def test_the_whole_grid_is_within_the_margin_by_the_declared_claim(
    claim: str, stopping: str, store: FolderStore, tmp_path: Path
) -> None:
    """Equivalence holds if the interval of the test lies within the margin, and not for a smaller margin."""
    declared = [f"compare.claim={claim}", f"compare.stopping={stopping}"]
    for margin, within in (("0.2", True), ("0.0001", False)):
        tiny = filled(store, tmp_path, dice(0.0, 0.004), *declared, f"compare.equivalence_margin={margin}")
        row = reported(tiny, store).comparisons[0].overall[0]
        assert (row.equivalence_margin, row.equivalent) == (float(margin), within)
        assert ("equivalent within the declared margin" in row.verdict) == within
        assert (row.p_tost is None) == (stopping == "anytime")


def test_equivalence_is_corrected_over_cells(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice(0.0, 0.004), "compare.equivalence_margin=0.006")
    found = [row for row in rows(reported(tiny, store)) if row.metric == VALIDATION_CASE_DICE]
    p = [row.p_tost for row in found]
    assert [row.p_tost_holm for row in found] == holm(p)
    for row in found:
        assert row.p_tost_holm is not None
        assert row.equivalent == (row.p_tost_holm <= 0.05)


def test_equivalence_is_in_the_headline(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice(0.0), "compare.equivalence_margin=0.05")
    (line, *_) = reported(tiny, store).headlines
    assert "ratio by ratio, all are equivalent within the declared margin of ±0.05 (after Holm over 2 tests; " in line


def test_one_patient_is_no_test_over_patients(store: FolderStore, tmp_path: Path) -> None:
    tiny = parse_experiment(experiment(tmp_path / "data", SCORED).document)
    for run in tiny.runs:
        log_run(store, run, dice_of(0.05))
        log_cases(store, run, dice(0.03), patients=PATIENTS[:1])
    report = reported(tiny, store)
    for row in rows(report):
        assert row.verdict == "one patient is not enough for a test over patients; validate on more"
    assert not any("better" in line for line in report.headlines)


def test_patients_of_one_model_only_are_left_out(store: FolderStore, tmp_path: Path) -> None:
    tiny = parse_experiment(experiment(tmp_path / "data", SCORED).document)
    for run in tiny.runs:
        log_run(store, run, dice_of(0.05))
        log_cases(store, run, dice(0.03), patients=PATIENTS[:4] if run.model == "unet" else PATIENTS)
    assert {row.patients for row in rows(reported(tiny, store))} == {4}


def test_folds_of_a_seed_are_one_row() -> None:
    from gridctl.analysis.scorecards.patient_scores import PairOfPatients

    def pair(*patients: str) -> PairOfPatients:
        return PairOfPatients(patients, np.ones(len(patients)), np.zeros(len(patients)))

    table = patient_table([(1, pair("a", "b")), (1, pair("c")), (2, pair("a"))])
    assert np.array_equal(table, [[1, 1, 1], [1, np.nan, np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["compare.claim=population", "compare.stopping=anytime"], "evidence at any time holds for the cohort"),
        (["compare.trend=grows", "train_ratios=[0.5]"], "a trend takes two train ratios or more"),
        (["compare.stopping={looks: [5, 5]}"], "the numbers do not rise"),
        (["compare.stopping={looks: [2, 5]}"], "at least 3"),
        (["compare.stopping=sometimes"], "unknown value 'sometimes'"),
        (["compare.claim=everybody"], "unknown value 'everybody'"),
    ],
)
def test_a_claim_that_cannot_be_carried_is_refused(overrides: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as raised:
        parse_experiment(experiment(tmp_path / "data").document.with_overrides(overrides))
    assert len(raised.value.problems) == 1


RESPLIT = ("compare.claim=population", "compare.metrics=[validation.soft_dice]", "train_ratios=[0.8]")


def test_without_scores_of_patients_random_splits_are_corrected(store: FolderStore, tmp_path: Path) -> None:
    """Logs have one training patient and one scored patient, so the correction is that of a ratio of 0.5."""
    tiny = filled(store, tmp_path, None, *RESPLIT)
    report = reported(tiny, store)
    row = rows(report)[0]
    d = np.array([pair.difference for pair in report.comparisons[0].pairs])
    theirs = corrected_t(d, 1, 1)
    assert theirs is not None
    assert (row.claim, row.test) == ("population", "Nadeau-Bengio")
    assert (row.p, row.ci_low, row.ci_high) == pytest.approx((theirs.p, theirs.low, theirs.high))
    assert row.cohort_p == pytest.approx(stats.ttest_1samp(d, 0).pvalue)
    assert "by Nadeau and Bengio's test: 1 patient scored per split" in row.verdict
    assert "Test: that of Nadeau and Bengio, over random splits" in report.headlines[0]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["train_ratios=[0.3, 0.8]"], "at a train ratio of 0.3, below 0.5"),
        (["compare.metrics=[sunnybrook.soft_dice]"], "the same patients for every seed"),
    ],
)
def test_a_population_that_no_score_can_carry_is_refused(
    overrides: list[str], said: str, store: FolderStore, tmp_path: Path
) -> None:
    tiny = filled(store, tmp_path, None, *RESPLIT, *overrides)
    with pytest.raises(InputError, match="has no score of each patient") as raised:
        reported(tiny, store)
    (problem,) = raised.value.problems
    assert said in problem.what
    assert "claim: cohort" in problem.fix


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.57, 1.0, "significant and meaningful by the rule"),
        (0.52, 0.7, "significant, but not meaningful, by the rule"),
        (0.4, 0.9, "not significant by the rule"),
    ],
)
def test_how_often_a_model_is_better_is_said_by_its_interval(
    low: float, high: float, said: str, store: FolderStore, tmp_path: Path
) -> None:
    report = reported(filled(store, tmp_path, dice(0.03)), store)
    (part,) = report.comparisons
    overall = [replace(row, improvement_low=low, improvement_high=high) for row in part.overall]
    report = replace(report, comparisons=[replace(part, overall=overall)])
    assert said in " ".join(render(report, "markdown", Console()).split())
