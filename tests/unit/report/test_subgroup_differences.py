"""Whether the difference is the same in all subgroups: tested if declared, shown beside the subgroups if not."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gridctl.analysis.model import SubgroupDifference
from gridctl.analysis.statistics.moderators.groups import between_patients, within_patients
from gridctl.analysis.statistics.multiplicity import holm
from gridctl.collection.collect import collect
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, Source, build_report, render
from gridctl.report.renderers.csv_and_json import side_tables
from gridctl.report.scope import Scope
from gridctl.report.subgroups import difference_headlines
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import GROUPS, CaseDice, log_cases
from tests.unit.report.situations import CASES, TWELVE, in_a_group

METRICS = "metrics: [dice, soft_dice, bce]"
DICE = in_a_group(0.08, "DCM")
PATHOLOGY = "compare.subgroups=[pathology, time_point]"


def filled(
    tmp_path: Path, store: FolderStore, *overrides: str, dice: CaseDice = DICE, patients: tuple[str, ...] = TWELVE
) -> Experiment:
    tiny = parse_experiment(experiment(tmp_path / "data", METRICS).document.with_overrides([CASES, *overrides]))
    for run in tiny.runs:
        log_run(store, run, dice_of(0.0))
        log_cases(store, run, dice, patients=patients)
    return tiny


def reported(tiny: Experiment, store: FolderStore) -> Report:
    return build_report(tiny, collect(store, tiny.runs, cases=True), ReportRequest(significance=True))


def differences_of(report: Report, by: str) -> list[SubgroupDifference]:
    return [row for part in report.comparisons for row in part.subgroup_differences if row.by == by]


def leads(tiny: Experiment, times: tuple[str, ...], dice: CaseDice = DICE, ratio: float = 0.2) -> list[list[float]]:
    """Seeds x patients: gamma_net minus unet, mean over time points."""
    runs = {(run.model, run.seed): run for run in tiny.runs if run.train_ratio == ratio}

    def score(run: RunSpec, name: str) -> float:
        return float(np.mean([dice(run, "", name, time) or 0 for time in times]))

    return [
        [score(runs["gamma_net", seed], name) - score(runs["unet", seed], name) for name in TWELVE]
        for seed in tiny.seeds
    ]


def test_patients_of_groups_are_compared_with_each_other(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, PATHOLOGY)
    row = differences_of(reported(tiny, store), "pathology")[0]
    groups = [sorted(GROUPS).index(GROUPS[int(name[-3:]) % 3]) for name in TWELVE]
    expected = between_patients(leads(tiny, ("ED", "ES")), groups)
    assert (row.test, row.claim, row.n_seeds, row.patients) == ("Welch F", "population", 5, 12)
    assert (row.statistic, row.p) == pytest.approx((expected.statistic, expected.p))
    assert row.largest == "DCM"
    assert row.largest_difference == pytest.approx(0.08, abs=0.01)
    assert row.verdict == "the difference is not the same in all subgroups"


def test_time_points_are_compared_within_patients(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, PATHOLOGY)
    row = differences_of(reported(tiny, store), "time_point")[0]
    expected = within_patients([leads(tiny, ("ED",)), leads(tiny, ("ES",))])
    assert (row.test, row.p) == ("two-way", pytest.approx(expected.p))
    assert row.verdict == "no difference between the subgroups is shown"


def test_declared_ones_are_a_corrected_family_of_their_own(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store, PATHOLOGY), store)
    rows = [*differences_of(report, "pathology"), *differences_of(report, "time_point")]
    assert {row.family_size for row in rows} == {4}
    assert [row.p_holm for row in rows] == pytest.approx(holm([row.p for row in rows]))
    families = {family.name: (family.m, family.declared) for family in report.families}
    name = "gamma_net against unet, validation Dice, differences between subgroups"
    assert families[name] == (4, "subgroup_differences")
    assert families["gamma_net against unet, validation Dice, subgroups"][0] == 10  # as without them


def test_undeclared_ones_have_an_unadjusted_p_and_no_verdict(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store), store)
    rows = differences_of(report, "pathology")
    assert all(row.p is not None and row.p_holm is None and row.family == "" for row in rows)
    assert {row.verdict for row in rows} == {"exploratory: not declared, so no verdict"}
    assert not any("does the difference" in line for line in report.headlines)


def test_the_headline_says_where_and_for_whom(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store, PATHOLOGY, "train_ratios=[0.5]"), store)
    line = next(line for line in report.headlines if "depend on pathology?" in line)
    assert "does the difference between gamma_net and unet depend on pathology? Yes: at ratio 0.5 from" in line
    assert "in DCM" in line
    assert "Population: new patients" in line


def test_where_none_is_shown_the_smallest_p_before_correction_is_named() -> None:
    """Corrected p are often all 1, so that they have no smallest."""
    low = SubgroupDifference(
        by="pathology",
        compared="validation.dice.left_ventricle",
        label="validation Dice",
        subgroups=("NOR", "DCM"),
        train_ratio=0.2,
        ablation="none",
        model="gamma_net",
        against="unet",
        declared=True,
        claim="population",
        test="Welch F",
        n_seeds=6,
        patients=30,
        largest="DCM",
        smallest="NOR",
        largest_difference=0.023,
        smallest_difference=0.018,
        unfinished=0,
        p=0.263,
        p_holm=1.0,
        family_size=6,
    )
    high = replace(low, train_ratio=0.8, p=0.181, smallest_difference=0.017)
    (line,) = difference_headlines([low, high], Scope("validation Dice", "acdc", "acdc"))
    assert "Not shown at any ratio: p is smallest at ratio 0.8, from +0.017 in NOR to +0.023 in DCM" in line
    assert "(p = .181, p = 1.000 after Holm over 6 tests, n = 6 seeds, 30 patients)" in line


def test_these_patients_are_compared_over_seeds(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, PATHOLOGY, "compare.claim=cohort")
    rows = differences_of(reported(tiny, store), "pathology")
    assert {(row.test, row.claim) for row in rows} == {("paired t", "cohort")}


def test_small_groups_are_left_out(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store, PATHOLOGY, patients=TWELVE[:8]), store)
    row = differences_of(report, "pathology")[0]
    assert len(row.subgroups) == 2  # the third has two patients
    few = reported(filled(tmp_path, store, PATHOLOGY, patients=TWELVE[:4]), store)
    assert differences_of(few, "pathology")[0].p is None
    assert "too few to test" in differences_of(few, "pathology")[0].verdict


def test_looks_share_the_level(store: FolderStore, tmp_path: Path) -> None:
    dice = in_a_group(0.02, "DCM")
    once = differences_of(reported(filled(tmp_path, store, PATHOLOGY, dice=dice), store), "time_point")[0]
    looked = reported(filled(tmp_path, store, PATHOLOGY, "compare.stopping={looks: [5, 10]}", dice=dice), store)
    row = differences_of(looked, "time_point")[0]
    assert once.p is not None
    assert row.p == pytest.approx(min(1.0, 2 * once.p))
    anytime = reported(filled(tmp_path, store, PATHOLOGY, "compare.stopping=anytime", dice=dice), store)
    assert differences_of(anytime, "pathology")[0].verdict.startswith("not tested")


def test_one_effect_everywhere_is_no_difference_between_groups(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, PATHOLOGY, dice=in_a_group(0.0, "DCM"))
    assert all("not the same" not in row.verdict for row in differences_of(reported(tiny, store), "pathology"))


@pytest.mark.parametrize("output", ["table", "markdown", "latex", "json", "html"])
def test_it_is_in_every_format(output: str, store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, PATHOLOGY)
    tables = collect(store, tiny.runs, cases=True)
    report = build_report(tiny, tables, ReportRequest(significance=True))
    console = Console(file=io.StringIO(), width=80)
    text = render(report, output, console, Source(tiny, tables, store))
    shown = text or console.file.getvalue()  # type: ignore[attr-defined]
    if output == "json":
        assert len(json.loads(shown)["subgroup_differences"]) == 6
        rows = list(csv.DictReader(io.StringIO(side_tables(report)["subgroup_differences.csv"])))
        assert {row["largest"] for row in rows if row["by"] == "pathology"} == {"DCM"}
    else:
        assert "is the difference the same in all subgroups?" in " ".join(shown.split())
        assert output != "table" or max(map(len, shown.splitlines())) <= 80
