"""Whoever has nothing but the report can say how each test was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.report.methods import methods
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.test_claims import dice, filled, reported


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_a_claim_of_patients_names_test_degrees_of_freedom_unit_assumptions_and_error_rates(
    store: FolderStore, tmp_path: Path
) -> None:
    report = reported(filled(store, tmp_path, dice(0.05, 0.01)), store)
    said = " ".join(methods(report))
    for words in (
        "t-test of the mean difference over crossed seeds and patients",
        "end-diastole and end-systole",
        "Satterthwaite's rule",
        "counts each patient once",
        "random sample",
        "4.6% to 6.2%",
        "are not corrected for the number of tests",
        "Over the whole grid",
    ):
        assert words in said
    found = [row.population_df for part in report.comparisons for row in part.rows if row.claim == "population"]
    assert f"{min(df for df in found if df):.1f}".removesuffix(".0") in said


def test_without_scores_of_patients_no_test_over_patients_is_described(store: FolderStore, tmp_path: Path) -> None:
    said = " ".join(methods(reported(filled(store, tmp_path, None), store)))
    assert "paired t-test" in said
    assert "crossed seeds and patients" not in said
    assert "Satterthwaite" not in said


def test_declared_looks_and_looks_after_every_seed_are_described(store: FolderStore, tmp_path: Path) -> None:
    looks = filled(store, tmp_path, dice(0.05), "compare.stopping={looks: [3]}")
    assert any(line.startswith("At declared looks") for line in methods(reported(looks, store)))
