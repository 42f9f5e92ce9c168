"""A run is held by at most one holder, and free when the last one is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gridctl.executors.local.run_locks import RunLocks


def test_a_run_is_held_once(tmp_path: Path) -> None:
    locks = RunLocks("store", tmp_path)
    assert locks.held() == {}
    handle = locks.acquire("run")
    assert handle is not None
    assert locks.acquire("run") is None
    assert RunLocks("store", tmp_path).held() == {"run": None}
    assert RunLocks("other store", tmp_path).held() == {}
    handle.release()
    assert locks.held() == {}
    again = locks.acquire("run")
    assert again is not None
    again.release()


def test_a_child_holds_the_run_after_its_parent_let_go(tmp_path: Path) -> None:
    locks = RunLocks("store", tmp_path)
    handle = locks.acquire("run")
    assert handle is not None
    assert handle.handle is not None
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=(handle.handle,)
    )
    handle.release()
    assert locks.held() == {"run": None}
    child.kill()
    child.communicate()
    assert locks.held() == {}
