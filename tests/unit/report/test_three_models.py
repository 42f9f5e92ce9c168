"""Three models form one family, have ranks with stability over patients or seeds, and headlines with the opponent."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gridctl.analysis.inference.families import asked_tests, family_sizes
from gridctl.collection.collect import collect
from gridctl.commands.planning.plan import estimate
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, build_report, render
from gridctl.report.renderers.csv_and_json import side_tables
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import experiment, log_run
from tests.unit.report.scored_cases import PATIENTS, VALIDATION_CASE_DICE, log_cases
from tests.unit.report.situations import ALL_PAIRS, THREE, noise

CASES = ALL_PAIRS.replace("soft_dice", "dice")


def scored(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
    lead = {"gamma_net": 0.004, "unet": 0.002, "other": 0.0}[run.model]
    return 0.8 + lead + noise("patient", patient, run.model) + noise(run.model, run.seed, patient, time_point, sd=0.002)


def reported(tmp_path: Path, store: FolderStore, *overrides: str) -> tuple[Experiment, Report]:
    text = "metrics: [dice, soft_dice, bce]"
    tiny = parse_experiment(experiment(tmp_path / "data", text).document.with_overrides([*THREE, *overrides]))
    for run in tiny.runs:
        log_run(store, run, lambda run, epoch: scored(run, "", "patient001", ""))
        log_cases(store, run, scored)
    collected = collect(store, tiny.runs, cases=True)
    return tiny, build_report(tiny, collected, ReportRequest(significance=True))


def test_all_pairs_by_one_score_are_one_family_in_report_and_plan(store: FolderStore, tmp_path: Path) -> None:
    tiny, report = reported(tmp_path, store, CASES)
    assert [(family.name, family.m) for family in report.families] == [
        ("all comparisons of models, validation Dice", 6)
    ]
    assert {row.family_size for part in report.comparisons for row in part.rows} == {6}
    smallest = min(row.p for part in report.comparisons for row in part.rows if row.p is not None)
    corrected = min(row.p_holm for part in report.comparisons for row in part.rows if row.p_holm is not None)
    assert corrected == pytest.approx(min(1, 6 * smallest))
    assert {row.family_size for part in report.comparisons for row in part.overall} == {3}
    planned = estimate(tiny, collect(store, tiny.runs, cases=True))
    assert {need.tests for need in planned.needs} == {6}


def test_one_comparison_of_two_models_stays_a_family_of_its_own(tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data", "ablations: [none, no_clahe]")
    tests = asked_tests(tiny, ReportRequest(significance=True))
    assert "gamma_net against unet, validation soft Dice" in family_sizes(tests, tiny)
    assert "ablations of unet, validation soft Dice" in family_sizes(tests, tiny)


def test_ranks_are_of_patients_under_the_population_claim(store: FolderStore, tmp_path: Path) -> None:
    tiny, report = reported(tmp_path, store, CASES)
    assert {row.claim for row in report.ranks} == {"population"}
    assert {(row.models, row.cells, row.n_seeds, row.patients) for row in report.ranks} == {(3, 2, 5, 6)}
    by_patient = np.array(
        [
            [
                np.mean(
                    [[scored(run, "", name, time) for time in ("ED", "ES")] for run in tiny.runs if run.model == model]
                )
                for model in tiny.models
            ]
            for name in PATIENTS
        ]
    )
    means = dict(zip(tiny.models, by_patient.mean(axis=0), strict=True))
    assert [row.model for row in report.ranks] == sorted(means, key=lambda name: -means[name])
    assert {row.model: row.mean for row in report.ranks} == pytest.approx(means)
    drawn = np.random.default_rng(1).integers(0, 6, (20_000, 6))
    best = by_patient[drawn].mean(axis=1).argmax(axis=1)
    share = {name: float((best == at).mean()) for at, name in enumerate(tiny.models)}
    assert {row.model: row.first for row in report.ranks} == pytest.approx(share, abs=0.04)
    assert sum(row.first or 0 for row in report.ranks) == pytest.approx(1)


def test_ranks_are_of_seeds_under_the_cohort_claim(store: FolderStore, tmp_path: Path) -> None:
    _, report = reported(tmp_path, store, CASES.replace("metrics", "claim: cohort, metrics"))
    assert {row.claim for row in report.ranks} == {"cohort"}
    assert {row.first for row in report.ranks} <= {0.0, 1.0}  # patients differ in the same way for every seed
    assert any("bootstrap samples of 5 seeds" in line for line in report.headlines)


def test_every_comparison_is_in_the_table_over_the_whole_grid(store: FolderStore, tmp_path: Path) -> None:
    _, report = reported(tmp_path, store, CASES)
    console = Console(file=io.StringIO(), width=80)
    render(report, "table", console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for first, second in (("gamma_net", "unet"), ("gamma_net", "other"), ("unet", "other")):
        assert f"{first} - {second}, these patients" in shown
    assert "ranks of 3 models" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_ranks_and_profiles_are_in_json_csv_and_markdown(store: FolderStore, tmp_path: Path) -> None:
    _, report = reported(tmp_path, store, CASES)
    told = json.loads(render(report, "json", Console()))
    assert [row["model"] for row in told["ranks"]] == [row.model for row in report.ranks]
    tables = side_tables(report)
    assert [row["model"] for row in csv.DictReader(io.StringIO(tables["ranks.csv"]))] == [
        row.model for row in report.ranks
    ]
    points = list(csv.DictReader(io.StringIO(tables["profiles.csv"])))
    assert {row["metric"] for row in points} == {VALIDATION_CASE_DICE}
    for model in ("unet", "gamma_net", "other"):
        shares = [float(row["share"]) for row in points if row["model"] == model]
        assert shares == sorted(shares, reverse=True)
    assert "ranks of 3 models" in render(report, "markdown", Console())


def test_two_models_have_no_ranks(store: FolderStore, tmp_path: Path) -> None:
    _, report = reported(
        tmp_path, store, "models={unet: {}, gamma_net: {}}", "compare={model: gamma_net, against: unet}"
    )
    assert not report.ranks
    assert report.profiles
