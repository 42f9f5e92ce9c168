"""Tables of logs are cached on this machine with the same numbers, and unchanged logs are not read again."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from gridctl.collection import read_cache, run_table, run_tables
from gridctl.collection.collect import Collected, collect
from gridctl.experiment import Experiment, parse_experiment
from gridctl.terminal.console import messages_to
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.storage.base import Blob
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run

EPOCHS = 60


class CountingStore(FolderStore):
    """A folder that counts which objects are read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read: list[str] = []

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        self.read.append(key)
        return super().get(key) if max_bytes is None else super().get(key, max_bytes)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    read_cache._say_once.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tiny(tmp_path: Path) -> Experiment:
    return parse_experiment(experiment(tmp_path / "data").document.with_overrides([f"training.epochs={EPOCHS}"]))


@pytest.fixture
def store(tmp_path: Path, tiny: Experiment, cache: Path) -> CountingStore:
    store = CountingStore(tmp_path / "runs")
    for run in tiny.runs[:6]:
        log_run(store, run, dice_of(0.05), epochs=EPOCHS)
    log_run(store, tiny.runs[6], dice_of(0.05), epochs=40, finished=False)
    log_run(store, tiny.runs[6], dice_of(0.01), epochs=50, first_epoch=31, attempt=2, finished=False)
    return store


def read_afresh(store: CountingStore, tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> Collected:
    with monkeypatch.context() as context:
        context.setenv("XDG_CACHE_HOME", f"{os.environ['XDG_CACHE_HOME']}-of-nobody")
        context.setattr(run_table, "made_by", lambda: "never kept before")
        return collect(store, tiny.runs)


def assert_same(one: Collected, other: Collected) -> None:
    for name in ("runs", "epochs", "function", "cases"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert (one.problems, one.others, one.measures, one.held) == (
        other.problems,
        other.others,
        other.measures,
        other.held,
    )


def test_nothing_is_read_again_and_the_numbers_are_the_same(store: CountingStore, tiny: Experiment) -> None:
    first = collect(store, tiny.runs)
    assert len(first.epochs) == 6 * EPOCHS + 50
    store.read.clear()
    assert_same(collect(store, tiny.runs), first)
    assert not store.read


def test_only_a_run_that_changed_is_read(
    store: CountingStore, tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(store, tiny.runs)
    changed = tiny.runs[6]
    log_run(store, changed, dice_of(0.02), epochs=EPOCHS, first_epoch=51, attempt=3)
    store.read.clear()
    found = collect(store, tiny.runs)
    layout = RunLayout(changed.experiment, changed.run_id)
    assert set(store.read) == {layout.result, *(layout.attempt(AttemptName(number, "abc")) for number in (1, 2, 3))}
    assert_same(found, read_afresh(store, tiny, monkeypatch))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-300] ^= 1
    path.write_bytes(data)


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path) -> None:
    path.write_bytes(b"PAR1\n" * 5)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [_cut, _flipped, _emptied, _foreign, Path.unlink])
def test_a_damaged_cache_costs_time_and_no_number(
    store: CountingStore,
    tiny: Experiment,
    cache: Path,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = collect(store, tiny.runs)
    kept = [path for path in cache.rglob("*") if path.is_file()]
    assert len(kept) == 7
    for path in kept:
        damage(path)
    assert_same(collect(store, tiny.runs), first)
    assert [record.message for record in caplog.records if "damaged" in record.message] == (
        []
        if damage is Path.unlink
        else [f"the cache in {cache}/gridctl/objects has damaged files: what they held is read from the store again"]
    )
    store.read.clear()
    collect(store, tiny.runs)
    assert not store.read


def test_a_cache_on_a_full_disk_is_said_once_and_costs_time_alone(
    store: CountingStore, tiny: Experiment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(read_cache, "replacing", full)
    assert_same(collect(store, tiny.runs), collect(store, tiny.runs))
    assert len(store.read) == 2 * (6 * 2 + 2)
    (said,) = [record.message for record in caplog.records]
    assert said.endswith("(No space left on device): what was read is not kept")


def test_a_cache_whose_files_cannot_be_read_is_said_once(
    store: CountingStore, tiny: Experiment, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = collect(store, tiny.runs)
    for path in [path for path in cache.rglob("*") if path.is_file()]:
        _folder(path)
    assert_same(collect(store, tiny.runs), first)
    assert len(caplog.records) <= 2  # one that the tables cannot be read, and one that they cannot be written


def test_several_share_a_cache(store: CountingStore, tiny: Experiment) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: collect(FolderStore(Path(store.url)), tiny.runs), range(8)))
    for other in found[1:]:
        assert_same(other, found[0])


def test_what_another_version_kept_is_not_believed(
    store: CountingStore, tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(store, tiny.runs)
    store.read.clear()
    for module in (run_table, run_tables):
        monkeypatch.setattr(module, "made_by", lambda: "another version")
    said: list[str] = []
    with messages_to(said.append):
        collect(store, tiny.runs)
        collect(store, tiny.runs)
    assert len(store.read) == 6 * 2 + 2
    assert said == ["another version of gridctl kept what the logs of 7 runs come to: they are read again"]


def test_a_changed_specification_is_not_answered_with_what_an_earlier_one_came_to(
    store: CountingStore, tiny: Experiment
) -> None:
    collect(store, tiny.runs)
    other = parse_experiment(tiny.document.with_overrides(["training.validate_every_epochs=2"]))
    assert [run.run_id for run in other.runs] == [run.run_id for run in tiny.runs]
    store.read.clear()
    collect(store, other.runs)
    assert len(store.read) == 6 * 2 + 2


def test_a_damaged_log_is_said_each_time(store: CountingStore, tiny: Experiment) -> None:
    layout = RunLayout(tiny.runs[0].experiment, tiny.runs[0].run_id)
    key = layout.attempt(AttemptName(1, "abc"))
    store.put(key, store.get(key).data.replace(b'"epoch":7,', b'"epoch":8,', 1))
    first, second = collect(store, tiny.runs), collect(store, tiny.runs)
    assert "epoch 8 is where epoch 7 belongs" in str(first.problems)
    assert first.problems == second.problems


def test_a_cache_that_cannot_be_written_lies_elsewhere_and_that_is_said_once(
    store: CountingStore,
    tiny: Experiment,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert_same(collect(store, tiny.runs), collect(store, tiny.runs))
    assert len(store.read) == 6 * 2 + 2
    (said,) = [record.message for record in caplog.records]
    assert said.endswith("set XDG_CACHE_HOME to choose another folder")
