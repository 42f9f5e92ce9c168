"""Runs finish in folders without hard links and syncing, as on exFAT, FUSE and CIFS, and nothing is torn.

The child's `os.link` and `os.fsync` answer like the kernel on such file systems; everything else is real.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.stores.conftest import Run

SHIM = """\
import errno, os, stat
def link(*_, **__):
    raise OSError(getattr(errno, os.environ["ERRNO"]), "no links here")
real = os.fsync
def fsync(handle):
    if stat.S_ISDIR(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    real(handle)
os.link, os.fsync = link, fsync
"""


@pytest.fixture
def without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shim").mkdir()
    (tmp_path / "shim" / "sitecustomize.py").write_text(SHIM)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'shim'}:{Path(__file__).parents[3] / 'trainer'}")
    monkeypatch.setenv("ERRNO", "EPERM")


@pytest.mark.usefixtures("without_links")
def test_a_run_finishes_even_past_a_claim_of_a_dead_process(one_run: Path, gridctl: Run, tmp_path: Path) -> None:
    (run_id,) = json.loads(gridctl("submit", "tiny.yaml", "--store", "runs", "--dry-run", "--json").stdout)["create"]
    folder = tmp_path / "runs" / "tiny" / run_id
    folder.mkdir(parents=True)
    (folder / ".writing-claim-result.json").write_text("dead")
    done = gridctl("submit", "tiny.yaml", "--no-verify", "--store", "runs", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no hard links") >= 1
    assert json.loads((folder / "result.json").read_bytes())["run_id"] == run_id
    assert not list((tmp_path / "runs").rglob(".writing-*"))
    assert not list((tmp_path / "runs").rglob("*probe*"))
    assert "no hard links" in " ".join(
        gridctl("doctor", "tiny.yaml", "--no-preflight", "--store", "runs").stdout.split()
    )


CREATE = """\
import sys
from gridctl_trainer.storage.base import open_store
store, name = open_store("race"), sys.argv[1]
print("".join("1" if store.create(f"k{n}", name.encode() * 9999) else "0" for n in range(60)))
"""


@pytest.mark.usefixtures("without_links")
@pytest.mark.parametrize("number", ["ENOTSUP", "EMLINK"])
def test_of_several_writers_one_wins(number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERRNO", number)
    writers = [
        subprocess.Popen([sys.executable, "-c", CREATE, name], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    won = [writer.communicate(timeout=120)[0].strip() for writer in writers]
    for index in range(60):
        (winner,) = [name for name, line in zip("abc", won, strict=True) if line[index] == "1"]
        assert (tmp_path / "race" / f"k{index}").read_text() == winner * 9999
