"""Declared subgroups form a corrected family, and others are exploratory."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gridctl.analysis.model import SubgroupTest
from gridctl.analysis.statistics.multiplicity import holm
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.cli.views.plan import plan_view
from gridctl.collection.collect import collect
from gridctl.commands.planning.plan import estimate
from gridctl.errors import InputError
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, build_report, render
from gridctl.report.renderers.csv_and_json import side_tables
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import GROUPS, log_cases
from tests.unit.report.situations import CASES, TWELVE, in_a_group

METRICS = "metrics: [dice, soft_dice, bce, slice_hd95, slice_hd95_basal, slice_hd95_mid, slice_hd95_apical]"
DICE = in_a_group(0.08, "DCM")


def filled(tmp_path: Path, store: FolderStore, *overrides: str, patients: tuple[str, ...] = TWELVE) -> Experiment:
    tiny = parse_experiment(experiment(tmp_path / "data", METRICS).document.with_overrides([CASES, *overrides]))
    for run in tiny.runs:
        log_run(store, run, dice_of(0.0))
        log_cases(store, run, DICE, patients=patients)
    return tiny


def reported(tiny: Experiment, store: FolderStore) -> Report:
    return build_report(tiny, collect(store, tiny.runs, cases=True), ReportRequest(significance=True))


def rows_by(report: Report, by: str) -> list[SubgroupTest]:
    return [row for part in report.comparisons for row in part.subgroups if row.by == by]


def printed(report: Report, output: str = "table") -> str:
    console = Console(file=io.StringIO(), width=80)
    return render(report, output, console) or console.file.getvalue()  # type: ignore[attr-defined]


def test_a_subgroup_is_tested_as_the_claim_over_its_own_patients(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, "compare.subgroups=[pathology]")
    (row,) = (
        row for row in rows_by(reported(tiny, store), "pathology") if (row.subgroup, row.train_ratio) == ("DCM", 0.2)
    )
    members = [name for name in TWELVE if GROUPS[int(name[-3:]) % 3] == "DCM"]
    runs = {(run.model, run.seed): run for run in tiny.runs if run.train_ratio == 0.2}

    def lead(seed: int, name: str) -> float:
        both = [
            [DICE(runs[model, seed], "", name, time) or 0 for time in ("ED", "ES")] for model in ("gamma_net", "unet")
        ]
        return float(np.mean(both[0]) - np.mean(both[1]))

    theirs = two_way([[lead(seed, name) for name in members] for seed in tiny.seeds])
    assert (row.claim, row.test, row.patients, row.n_seeds) == ("population", "two-way", 4, 5)
    assert (row.difference, row.ci_low, row.p) == pytest.approx((theirs.mean, theirs.low, theirs.p))
    assert row.verdict == "gamma_net is better than unet"


def test_declared_subgroups_are_one_corrected_family_that_plan_counts_too(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, "compare.subgroups=[pathology, time_point]")
    report = reported(tiny, store)
    declared = [*rows_by(report, "pathology"), *rows_by(report, "time_point")]
    assert len(declared) == (3 + 2) * 2
    assert {row.family_size for row in declared} == {10}
    assert [row.p_holm for row in declared] == pytest.approx(holm([row.p for row in declared]))
    families = {family.name: (family.m, family.declared) for family in report.families}
    assert families["gamma_net against unet, validation Dice, subgroups"] == (10, "subgroups")
    assert families["gamma_net against unet, validation Dice"][0] == 2  # all patients remain a separate family
    assert families["gamma_net against unet, validation Dice, differences between subgroups"][0] == 2 * 2
    planned = estimate(tiny, collect(store, tiny.runs, cases=True))
    assert {need.subgroup_tests for need in planned.needs} == {10}
    assert {need.subgroup_difference_tests for need in planned.needs} == {4}
    console = Console(file=io.StringIO(), width=400)
    console.print(plan_view(planned))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "subgroups by pathology and time point: 10 tests" in shown
    assert "is the difference the same in all subgroups by pathology and time point: 4 tests corrected" in shown


def test_before_any_patient_is_scored_plan_says_that_it_cannot_count(tmp_path: Path, store: FolderStore) -> None:
    tiny = parse_experiment(
        experiment(tmp_path / "data", METRICS).document.with_overrides([CASES, "compare.subgroups=[pathology]"])
    )
    console = Console(file=io.StringIO(), width=400)
    console.print(plan_view(estimate(tiny, collect(store, tiny.runs, cases=True))))
    assert "is known once a run has scored its patients" in console.file.getvalue()  # type: ignore[attr-defined]


def test_undeclared_subgroups_have_no_p_and_no_verdict(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store), store)
    rows = [row for part in report.comparisons for row in part.subgroups]
    assert {row.by for row in rows} == {"pathology", "time_point", "slice_position"}
    assert all(row.p is None and row.p_holm is None and not row.declared for row in rows)
    assert {row.verdict for row in rows} == {"exploratory: not declared, so no verdict"}
    assert not any("subgroups" in line for line in report.headlines)
    assert "subgroups, exploratory" in printed(report)


def test_by_slice_position_the_score_is_in_plane_hd95(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store, "compare.subgroups=[slice_position]"), store)
    rows = rows_by(report, "slice_position")
    assert {(row.subgroup, row.metric) for row in rows} == {
        (name, f"validation.slice_hd95_{name}.left_ventricle") for name in ("basal", "apical")
    }
    assert not any(row.higher_is_better for row in rows)
    assert {row.family_size for row in rows} == {4}
    assert {row.compared for row in rows} == {"validation.dice.left_ventricle"}


def test_one_patient_or_two_are_too_few_and_count_in_m(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store, "compare.subgroups=[pathology]", patients=TWELVE[:7]), store)
    rows = rows_by(report, "pathology")
    assert {row.family_size for row in rows} == {6}
    assert {row.verdict for row in rows if row.patients == 2} == {"2 patients: too few to test"}
    assert all(row.ci_low is None and row.p is None for row in rows if row.patients == 2)


def test_subgroups_are_in_every_format(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(tmp_path, store, "compare.subgroups=[pathology]"), store)
    shown = printed(report)
    assert "subgroups, declared" in shown
    assert max(map(len, shown.splitlines())) <= 80
    rows = [row for part in report.comparisons for row in part.subgroups]
    assert len(json.loads(printed(report, "json"))["subgroups"]) == len(rows)
    assert len(list(csv.DictReader(io.StringIO(side_tables(report)["subgroups.csv"])))) == len(rows)
    assert "subgroups, declared" in printed(report, "markdown")


def test_what_has_no_patients_has_no_subgroups(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no subgroups"):
        parse_experiment(
            experiment(tmp_path / "data").document.with_overrides(
                ["compare.metrics=[validation.soft_dice]", "compare.subgroups=[vendor]"]
            )
        )


def test_slice_position_takes_the_metrics_by_slice_position(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="metrics lacks slice_hd95_basal"):
        parse_experiment(
            experiment(tmp_path / "data", "metrics: [dice]").document.with_overrides(
                ["compare.subgroups=[slice_position]"]
            )
        )


def test_after_every_seed_subgroups_are_said_to_be_tested_by_e_values(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, "compare.subgroups=[pathology]", "compare.claim=cohort", "compare.stopping=anytime")
    report = reported(tiny, store)
    assert {row.test for row in rows_by(report, "pathology")} == {"e-value"}
    said = " ".join(printed(report).split())
    assert "e-values over seeds, with intervals that hold after every seed, within the subgroup" in said
    assert "paired t over seeds, within the subgroup" not in said
