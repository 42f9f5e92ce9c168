"""All cases of finished runs become one tidy table on request, and damage is a problem of its run."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from gridctl.collection.collect import Collected, collect
from gridctl.collection.columns import CASE_COLUMNS
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.scorecards.cases import read_all_cases
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Blob
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import PATIENTS, VALIDATION_CASE_DICE, case_dice_of, log_cases


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def scored(store: FolderStore, tmp_path: Path, number: int = 2) -> list[RunSpec]:
    runs = list(experiment(tmp_path / "data").runs[:number])
    for run in runs:
        log_run(store, run, dice_of(0.01))
        log_cases(store, run, case_dice_of(0.02))
    return runs


def with_cases(store: FolderStore, runs: list[RunSpec]) -> Collected:
    return collect(store, runs, cases=True)


def test_one_row_for_each_metric_of_each_case(store: FolderStore, tmp_path: Path) -> None:
    first, second = runs = scored(store, tmp_path)
    collected = with_cases(store, runs)
    assert collected.problems == []
    cases = collected.cases
    assert {name: str(kind) for name, kind in cases.dtypes.items()} == CASE_COLUMNS
    one = cases[
        (cases["run_id"] == second.run_id)
        & (cases["checkpoint"] == "final")
        & (cases["set"] == "validation")
        & (cases["metric"] == "dice")
    ]
    assert list(one["patient"]) == [patient for patient in PATIENTS for _ in ("ED", "ES")]
    assert list(one["value"][:2]) == [case_dice_of(0.02)(second, "validation", PATIENTS[0], t) for t in ("ED", "ES")]
    assert set(one["model"]) == {second.model}
    assert set(one["seed"]) == {second.seed}
    assert set(cases["run_id"]) == {first.run_id, second.run_id}
    assert cases.loc[cases["time_point"] == "patient", "true_positive"].isna().all()


def test_only_who_asks_for_cases_pays_for_them(store: FolderStore, tmp_path: Path) -> None:
    runs = scored(store, tmp_path)
    store.put(RunLayout(runs[0].experiment, runs[0].run_id).cases, b"damaged")
    collected = collect(store, runs)
    assert collected.problems == []
    assert collected.cases.empty
    assert list(collected.cases.columns) == list(CASE_COLUMNS)


def test_scores_of_cases_are_measures_and_no_columns_of_epochs(store: FolderStore, tmp_path: Path) -> None:
    collected = with_cases(store, scored(store, tmp_path))
    assert collected.measures[VALIDATION_CASE_DICE].level == "case"
    assert collected.measures[VALIDATION_CASE_DICE].definition == "hard Dice of the whole volume"
    assert VALIDATION_CASE_DICE not in collected.epochs
    assert VALIDATION_CASE_DICE not in collected.runs


def test_a_run_of_before_has_no_cases_and_no_problem(store: FolderStore, tmp_path: Path) -> None:
    runs = scored(store, tmp_path)
    store.delete(RunLayout(runs[0].experiment, runs[0].run_id).cases)
    collected = with_cases(store, runs)
    assert collected.problems == []
    assert set(collected.cases["run_id"]) == {runs[1].run_id}


def test_a_run_that_is_not_finished_has_no_cases(store: FolderStore, tmp_path: Path) -> None:
    runs = scored(store, tmp_path)
    store.delete(RunLayout(runs[0].experiment, runs[0].run_id).result)
    assert set(with_cases(store, runs).cases["run_id"]) == {runs[1].run_id}


def damaged(data: bytes, how: str) -> bytes:
    lines = gzip.decompress(data).splitlines(keepends=True)
    return {
        "empty": b"",
        "cut": data[: len(data) // 2],
        "no gzip": b"{}",
        "no header": gzip.compress(b"".join(lines[1:])),
        "a line that is none": gzip.compress(lines[0] + b"{}\n" + lines[1]),
        "a case twice": gzip.compress(lines[0] + lines[1] + lines[1]),
        "a flipped byte": data[:200] + bytes([data[200] ^ 1]) + data[201:],
    }[how]


@pytest.mark.parametrize(
    "how", ["empty", "cut", "no gzip", "no header", "a line that is none", "a case twice", "a flipped byte"]
)
def test_a_damaged_scorecard_is_named_and_the_other_runs_have_theirs(
    how: str, store: FolderStore, tmp_path: Path
) -> None:
    runs = scored(store, tmp_path)
    key = RunLayout(runs[0].experiment, runs[0].run_id).cases
    store.put(key, damaged(store.get(key).data, how))
    collected = with_cases(store, runs)
    assert len(collected.problems) == 1
    assert collected.problems[0].where.endswith(key)
    assert "delete it and the run's result" in collected.problems[0].fix
    assert set(collected.cases["run_id"]) == {runs[1].run_id}


def test_the_scorecard_of_another_run_is_refused(store: FolderStore, tmp_path: Path) -> None:
    first, second = runs = scored(store, tmp_path)
    layouts = [RunLayout(run.experiment, run.run_id) for run in (first, second)]
    store.put(layouts[0].cases, store.get(layouts[1].cases).data)
    assert "another run" in with_cases(store, runs).problems[0].what


class Counting(FolderStore):
    """Counts reads of scorecards."""

    reads = 0

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        self.reads += key.endswith("cases.jsonl.gz")
        return super().get(key, max_bytes)


def test_what_did_not_change_is_not_read_again_and_a_damaged_copy_is(tmp_path: Path) -> None:
    store = Counting(tmp_path / "store")
    runs = scored(store, tmp_path)
    before = with_cases(store, runs).cases
    pd.testing.assert_frame_equal(with_cases(store, runs).cases, before)
    assert store.reads == 2
    log_cases(store, runs[1], case_dice_of(0.05))
    assert not with_cases(store, runs).cases["value"].equals(before["value"])
    assert store.reads == 3
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-3])
    with_cases(store, runs)
    assert store.reads == 5


def test_a_scorecard_deleted_since_it_was_listed_is_no_problem(store: FolderStore, tmp_path: Path) -> None:
    runs = scored(store, tmp_path, 1)
    key = RunLayout(runs[0].experiment, runs[0].run_id).cases
    (stat,) = (stat for stat in store.list("") if stat.key == key)
    store.delete(key)
    problems: list[object] = []
    found = read_all_cases(store, [(runs[0], stat)], problems, cache=ReadCache(None))  # type: ignore[arg-type]
    assert found.rows.empty
    assert problems == []
