"""Every command reads stores that released versions wrote, and none trains their runs a second time."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.short_commands import Command, gridctl, trainer

__all__ = ["gridctl", "trainer"]

RELEASED = Path(__file__).parents[2] / "assets" / "released"
STORES = {
    "hearts": "2026-11-27",
    "alone": "2026-11-27",
    "longer": "2026-11-27",
    "interrupted": "2026-11-27",
    "first": "2026-11-24",
}
IN_TODAYS_GRAMMAR = """\
name: hearts
models: {unet: {channels: [4, 8], batch_size: 2}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data/acdc}, size_px: 32}
training: {epochs: 2}
store: runs
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with copies of both stores."""
    for name in sorted(set(STORES.values())):
        shutil.copytree(RELEASED / name, tmp_path / "runs", dirs_exist_ok=True)
    return tmp_path / "runs"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", STORES)
def test_its_runs_are_what_they_were(name: str, store: Path, gridctl: Command, tmp_path: Path) -> None:
    done = gridctl("export", name, "--store", "runs", "--table", "runs", "-o", "now.csv")
    assert done.returncode == 0, done.stderr
    then, now = rows(RELEASED / "tables" / f"{name}-runs.csv"), rows(tmp_path / "now.csv")
    alike = ("run_id", "model", "train_ratio", "ablation", "seed", "epochs_done", "finished", "attempts", "resumed")
    alike += ("state", "weights_sha256", "split_digest", "data_digest", "copied_from", "interruptions", "message")
    for old, new in zip(then, now, strict=True):
        assert {key: new[key] for key in alike} == {key: old[key] for key in alike}


@pytest.mark.parametrize("name", STORES)
def test_status_logs_and_report_read_it(name: str, store: Path, gridctl: Command) -> None:
    status = json.loads(gridctl("status", name, "--store", "runs", "--json").stdout)
    totals = {state: number for state, number in status["totals"].items() if number}
    assert totals == ({"done": 3, "failed": 3} if name == "alone" else {"done": totals["done"]})
    assert status["earlier_version"]
    said = " ".join(gridctl("status", name, "--store", "runs").stdout.split())
    assert "none of it is trained any more" in said
    assert gridctl("cancel", name, "--store", "runs").returncode == 0
    run = next(path.parent.name for path in sorted(store.glob(f"{name}/*/result.json")))
    assert gridctl("logs", run, "--store", "runs").returncode == 0
    reported = gridctl("report", name, "--store", "runs")
    assert reported.returncode == 0, reported.stderr
    assert "changed since the first report" not in reported.stdout + reported.stderr
    assert name in gridctl("list", "--store", "runs").stdout


def test_it_is_deleted_as_any_other(store: Path, gridctl: Command) -> None:
    assert gridctl("delete", "first", "--store", "runs", "--yes").returncode == 0
    assert not (store / "first").exists()


def test_its_own_file_still_finds_it(store: Path, gridctl: Command) -> None:
    done = gridctl("status", str(RELEASED / "2026-11-27" / "hearts" / "experiment.yaml"), "--store", "runs")
    assert "8 done" in done.stdout + done.stderr


def test_submitting_it_again_says_what_is_finished_and_starts_nothing(
    store: Path, gridctl: Command, trainer: Command, tmp_path: Path
) -> None:
    assert trainer("data", "phantom", "data", "--patients", "4", "--slices", "2").returncode == 0
    (tmp_path / "hearts.yaml").write_text(IN_TODAYS_GRAMMAR)
    before = sorted(store.rglob("*"))
    for further in ((), ("--dry-run",), ("--reuse-epochs",)):
        done = gridctl("submit", "hearts.yaml", *further)
        assert done.returncode == 2
        assert "an earlier version of gridctl trained hearts under other names: 8 runs finished, " in done.stderr
        assert "`gridctl report hearts --store " in done.stderr
        assert "--set name=hearts-2" in done.stderr
    assert sorted(store.rglob("*")) == before
    again = gridctl("submit", "hearts.yaml", "--set", "name=hearts-2", "--set", "training.epochs=1")
    assert again.returncode == 0, again.stderr
    assert "1 run done" in again.stderr


def test_an_unfinished_one_is_not_resumed(store: Path, gridctl: Command, trainer: Command, tmp_path: Path) -> None:
    assert trainer("data", "phantom", "data", "--patients", "4", "--slices", "2").returncode == 0
    (tmp_path / "interrupted.yaml").write_text(IN_TODAYS_GRAMMAR.replace("hearts", "interrupted"))
    next(store.glob("interrupted/*/result.json")).unlink()
    done = gridctl("submit", "interrupted.yaml")
    assert done.returncode == 2
    assert "0 runs finished" in done.stderr
    retried = gridctl("retry", "alone", "--store", "runs")
    assert retried.returncode == 2
    assert "alone was submitted by an earlier version of gridctl, whose runs can no longer be trained" in retried.stderr
