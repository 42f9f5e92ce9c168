"""Applies faults to trainers on this machine, with checks after each, and a new store after each finished run."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.faults.child import ChildFault, Trainer, start
from tests.e2e.faults.promises import Undisturbed, assert_finished, assert_promises

STEPS, FILES = 60, 60
"""Approximate number of points in an undisturbed attempt, so that a fault may fall anywhere in it."""


@dataclass
class Range:
    """A run that is started again and again.

    Attributes:
        counted: Faults that happened, by kind.
    """

    run: RunSpec
    undisturbed: Undisturbed
    folder: Path
    new_store: Callable[[], Store] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    def fresh(self) -> Store:
        """Make a store that holds only the specification."""
        self._number += 1
        store = self.new_store() if self.new_store else FolderStore(self.folder / f"store-{self._number}")
        store.put(self._spec, self.run.to_json())
        return store

    @property
    def _spec(self) -> str:
        return RunLayout(self.run.experiment, self.run.run_id).spec

    def start(self, store: Store, fault: ChildFault = ChildFault()) -> Trainer:  # noqa: B008
        self._number += 1
        return start(f"{store.url}/{self._spec}", self.folder / f"output-{self._number}.txt", fault, self.env)

    def check(self, store: Store) -> int:
        return assert_promises(store, self.run, self.undisturbed)

    def finish(self, store: Store) -> None:
        """Let the run finish without faults, with the same result as if there had never been one."""
        trainer = self.start(store)
        assert trainer.wait() == 0, trainer.said
        assert_finished(store, self.run, self.undisturbed)

    def finished(self, store: Store) -> bool:
        return store.exists(RunLayout(self.run.experiment, self.run.run_id).result)

    def hurt(self, times: int, chance: Random, fault: Callable[[Random], ChildFault], ends: set[int]) -> None:
        """Run attempts that end with a fault. If a run finishes nevertheless, start a new one."""
        kind = fault.__name__
        store = self.fresh()
        for _ in range(times * 10):
            if self.counted[kind] >= times:
                break
            chosen = fault(chance)
            trainer = self.start(store, chosen)
            code = trainer.wait()
            self.check(store)
            if code == 0:
                assert_finished(store, self.run, self.undisturbed)
                store = self.fresh()
                continue
            assert code in ends, f"{kind} {chosen}: exit code {code}: {trainer.said}"
            self.counted[kind] += 1
        assert self.counted[kind] >= times, self.counted
        self.finish(store)


def sigkill_between_steps(chance: Random) -> ChildFault:
    return ChildFault((signal.SIGKILL,), "step", chance.randint(1, STEPS))


def sigkill_at_a_file(chance: Random) -> ChildFault:
    """Kill within checkpoints, logs and results: before a file is opened for writing, renamed or removed."""
    return ChildFault((signal.SIGKILL,), "file", chance.randint(1, FILES))


def sigterm(chance: Random) -> ChildFault:
    return ChildFault((signal.SIGTERM,), "step", chance.randint(1, STEPS))


def sigterm_then_sigkill(chance: Random) -> ChildFault:
    """End the grace period during the checkpoint."""
    return ChildFault((signal.SIGTERM, signal.SIGKILL), "file", chance.randint(1, FILES))


def sigterm_twice(chance: Random) -> ChildFault:
    return ChildFault((signal.SIGTERM, signal.SIGTERM), "file", chance.randint(1, FILES))


def disk_full(chance: Random) -> ChildFault:
    """Limit file sizes so that logs still fit, but not checkpoints or parts of them."""
    return ChildFault(file_limit_bytes=chance.randint(500, 30_000))


def stopped_node(range_: Range, times: int, chance: Random, kind: str = "two alive after a partition") -> None:
    """Freeze an attempt, start a second one, and let the first one continue and find out."""
    for _ in range(times):
        store = range_.fresh()
        point, at = ("step", STEPS) if chance.random() < 0.5 else ("file", FILES)
        first = range_.start(store, ChildFault((signal.SIGSTOP,), point, chance.randint(5, at)))  # type: ignore[arg-type]
        if not _frozen(first):
            range_.check(store)
            continue
        kill = chance.random() < 0.3
        second = range_.start(store, sigkill_between_steps(chance) if kill else ChildFault())
        if not kill and chance.random() < 0.5:
            time.sleep(chance.uniform(0.2, 1))  # both attempts run at once
        else:
            second.wait()
        first.send(signal.SIGCONT)
        codes = (first.wait(), second.wait())
        assert codes[0] in (0, 143), first.said
        assert codes[1] in (0, -signal.SIGKILL, 143), second.said
        range_.check(store)
        range_.counted[kind] += 1
        range_.finish(store)


def two_at_once(range_: Range, times: int, chance: Random, kind: str = "two started at once") -> None:
    for _ in range(times):
        store = range_.fresh()
        both = [range_.start(store), range_.start(store)]
        assert {trainer.wait() for trainer in both} <= {0, 143}, [trainer.said for trainer in both]
        range_.check(store)
        range_.counted[kind] += 1
        range_.finish(store)


def full_file_system(range_: Range, mounted: Path, times: int, chance: Random) -> None:
    """Fill the file system so that no further checkpoint fits, and then free the space."""
    kind = "disk full (tmpfs)"
    for number in range(times * 5):
        if range_.counted[kind] >= times:
            return
        store = FolderStore(mounted / f"store-{number}")
        store.put(RunLayout(range_.run.experiment, range_.run.run_id).spec, range_.run.to_json())
        filler = mounted / "filler"
        free = os.statvfs(mounted).f_bavail * os.statvfs(mounted).f_frsize
        filler.write_bytes(bytes(max(0, free - chance.randint(4, 120) * 1024)))
        trainer = range_.start(store)
        code = trainer.wait()
        filler.unlink()
        range_.check(store)
        if code:
            assert code == 1, trainer.said
            assert "No space left on device" in trainer.said
            range_.counted[kind] += 1
        range_.finish(store)
        for stat in list(store.list()):
            store.delete(stat.key)
    raise AssertionError(range_.counted)


def _frozen(trainer: Trainer) -> bool:
    """Wait until the process is stopped, and return False if it ended before."""
    stat = Path(f"/proc/{trainer.process.pid}/stat")
    while trainer.process.exitcode is None:
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "T":
                return True
        except FileNotFoundError:
            pass
        time.sleep(0.005)
    return False


def mounts(root: Path) -> Iterator[Path]:
    """A small tmpfs, if this user may mount one."""
    import subprocess

    root.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(root)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        return
    try:
        yield root
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)
