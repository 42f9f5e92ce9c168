"""`gridctl decide` trains exactly what a look needs, even after it was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sysconfig
from pathlib import Path

import pytest

from gridctl_trainer.storage.folder import FolderStore
from tests.waiting import files_matching, wait_for

GRIDCTL = str(Path(sysconfig.get_path("scripts")) / "gridctl")

EXPERIMENT = """\
name: tiny
models: {{unet: {{channels: [4, 8], batch_size: 4}}, wide: {{architecture: unet, channels: [6, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1, 2, 3, 4, 5]
data: {{train: {{dataset: acdc, path: {phantom}/acdc}}, size_px: 32}}
training: {{epochs: 1}}
compare: {{model: wide, against: unet, claim: cohort, equivalence_margin: 5, stopping: {stopping}}}
"""


def seeds_done(folder: Path) -> set[str]:
    return {path.parent.name.split("-")[-2] for path in files_matching(folder / "runs", "tiny/*/result.json")}


@pytest.mark.timeout(600)
def test_killed_and_called_again_it_ends_at_the_declared_look(phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(EXPERIMENT.format(phantom=phantom, stopping="{looks: [3, 5]}"))
    command = [GRIDCTL, "decide", "tiny.yaml", "--no-verify", "--json"]
    first = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stdout=subprocess.DEVNULL)
    wait_for(lambda: seeds_done(tmp_path), 240)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)
    assert second.returncode == 0, second.stderr
    found = json.loads(second.stdout)
    assert (found["ended"], [look["seeds"] for look in found["looks"]]) == ("decided", [3])
    assert found["looks"][0]["tests"][0]["decision"] == "equivalent"
    assert seeds_done(tmp_path) == {"s1", "s2", "s3"}, "no seed beyond the look was trained"
    kept = [stat.key for stat in FolderStore(tmp_path / "runs").list("tiny/history/")]
    assert any("-submit-" in key for key in kept)
    assert sum("-report-" in key for key in kept) == 1, "nothing was looked at before"
    third = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (third.returncode, json.loads(third.stdout)["ended"]) == (0, "decided")
    assert seeds_done(tmp_path) == {"s1", "s2", "s3"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_pending_is_cancelled_once_it_is_decided(phantom: Path, tmp_path: Path) -> None:
    """All seeds train, two runs at a time; with the fourth seed, the difference is within the margin."""
    text = EXPERIMENT.format(phantom=phantom, stopping="anytime").replace("4, 5]", "4, 5, 6, 7, 8, 9, 10, 11, 12]")
    (tmp_path / "tiny.yaml").write_text(text)
    command = [GRIDCTL, "decide", "tiny.yaml", "--no-verify", "--json", "--seeds-at-once", "12", "--workers", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["ended"] == "decided"
    assert found["seeds"] < 12
    assert found["cancelled"]
