"""Anything that would keep runs from training is reported before the first one starts, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch

from gridctl.submissions.submitted_experiments import remember
from tests.e2e.local.conftest import SCRIPTS
from tests.e2e.short_commands import Command, gridctl

__all__ = ["gridctl"]

YAML = """\
name: tiny
models:
  unet: {{channels: [4, 8], batch_size: 4}}
  other: {{architecture: unet, channels: [4, 8], batch_size: 2}}
train_ratios: [0.5]
seeds: [1, 2, 3]
data:
  train: {{dataset: acdc, path: {acdc}}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: {sunnybrook}}}}}
  size_px: 32
training: {{epochs: 1}}
"""


@pytest.fixture
def data(phantom: Path, tmp_path: Path) -> Path:
    """A data set, which tests damage, and an experiment on it."""
    shutil.copytree(phantom, tmp_path / "data")
    (tmp_path / "tiny.yaml").write_text(YAML.format(acdc="data/acdc", sunnybrook="data/sunnybrook"))
    return tmp_path / "data"


def test_a_grid_that_cannot_train_is_refused_whole_and_every_command_says_why(
    data: Path, tmp_path: Path, gridctl: Command
) -> None:
    (data / "acdc").rename(data / "moved")
    (data / "acdc").mkdir()
    more = ("--set", "training.device=cuda") if not torch.cuda.is_available() else ()
    done = gridctl("submit", "tiny.yaml", "--json", *more)
    empty = "data/acdc: there is no patient of ACDC in this folder: it is empty"
    refused(done, tmp_path, empty)
    if more:
        assert "error: 2 mistakes" in done.stderr
        assert done.stderr.count("--set training.device: no GPU here") == 1
    examined = gridctl("doctor", "tiny.yaml")
    assert examined.returncode == 2
    assert f"failed   data: {empty}" in examined.stdout


def test_a_grid_that_could_train_in_part_is_not_started(data: Path, tmp_path: Path, gridctl: Command) -> None:
    change = ("--set", "train_ratios=[0.02, 0.2]", "--set", "models.other.channels=[2, 2, 2, 2, 2, 2]")
    done = gridctl("submit", "tiny.yaml", *change)
    refused(
        done,
        tmp_path,
        "--set train_ratios: a train ratio of 0.02 leaves none of 6 patients to train on (6 of 12 runs)",
        "tiny.yaml:4: models.other: its first step fails: images of 32x32 px leave one pixel",
        "note: at train ratio 0.2 there is one training patient of 6",
        "3 of 12 runs could train, 9 could not, none was started; --no-verify starts all",
    )


def test_a_sound_grid_is_packed_once_and_then_trained(data: Path, tmp_path: Path, gridctl: Command) -> None:
    done = gridctl("submit", "tiny.yaml", "--set", "seeds=[1]")
    assert done.returncode == 0, done.stderr
    assert "preflight: reading acdc (32 px), 6 in all" in done.stderr
    assert "preflight: 3 train and 3 validate at ratio 0.5; 2 models take a step on cpu" in done.stderr
    logs = [path.read_text() for path in tmp_path.glob("runs/tiny/*/attempts/*.log")]
    assert len(logs) == 2
    assert not any("INFO packed" in log for log in logs), "runs map the packs that the preflight made"
    again = gridctl("submit", "tiny.yaml", "--set", "seeds=[1]")
    assert again.returncode == 0
    assert "preflight" not in again.stderr, "there is nothing to start"


def test_without_it_no_more_are_started_once_the_first_three_failed_alike(
    data: Path, tmp_path: Path, gridctl: Command
) -> None:
    shutil.rmtree(data / "acdc")
    (data / "acdc").mkdir()
    done = gridctl("submit", "tiny.yaml", "--no-verify", "--workers", "1", "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert len(found["failed"]) == len(found["created"]) == 3
    assert len(found["not_started"]) == 3
    assert "there is no patient of ACDC" in found["shared_cause"]
    assert done.stderr.count("there is no patient of ACDC") == 1, done.stderr
    assert "stopped: the first 3 runs failed for the same reason\n  3 more were not started" in done.stderr
    status = json.loads(gridctl("status", "--json").stdout)
    assert status["totals"]["failed"] == 3
    assert status["totals"]["not_started"] == 3


def test_ctrl_c_leaves_nothing_and_no_process(data: Path, tmp_path: Path) -> None:
    with submitted(tmp_path) as process:
        child = the_preflight_of(process)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "interrupted before the first run; nothing was started" in said
    assert "Traceback" not in said
    assert not Path(f"/proc/{child}").exists()
    assert untouched(tmp_path)


def test_a_preflight_that_is_killed_is_no_failed_run(data: Path, tmp_path: Path) -> None:
    with submitted(tmp_path) as process:
        os.kill(the_preflight_of(process), signal.SIGKILL)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 2, said
    assert "the preflight ended" in said
    assert "killed by SIGKILL" in said
    assert "--no-verify starts the runs without it" in said
    assert untouched(tmp_path)


def test_a_submit_that_is_killed_leaves_no_preflight(data: Path, tmp_path: Path) -> None:
    with submitted(tmp_path) as process:
        child = the_preflight_of(process)
        process.kill()
        process.communicate(timeout=60)
    until = time.monotonic() + 60
    while Path(f"/proc/{child}/cmdline").exists() and b"preflight" in Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < until, "it goes on although nobody waits for it"
        time.sleep(0.1)
    assert untouched(tmp_path)


def test_while_a_submission_checks_the_experiment_other_commands_say_so(
    data: Path, tmp_path: Path, gridctl: Command
) -> None:
    with submitted(tmp_path) as process:
        child = the_preflight_of(process)
        os.kill(child, signal.SIGSTOP)
        for asked in (["status"], ["status", "tiny.yaml"], ["report", "tiny"], ["status", "--store", "runs"]):
            done = gridctl(*asked)
            assert done.returncode == 2
            checked = f"submit (process {process.pid}) is checking tiny before its first run"
            assert checked in done.stderr, (asked, done.stderr)
            assert "gridctl submit" not in done.stderr  # otherwise, the user would submit it a second time
        process.kill()
        os.kill(child, signal.SIGKILL)
        process.communicate(timeout=60)
    assert "no experiment was submitted from this folder" in gridctl("status").stderr


def test_an_experiment_of_another_folder_is_not_to_be_submitted_here(gridctl: Command, tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / "tiny.yaml").write_text(YAML.format(acdc="data/acdc", sunnybrook="data/sunnybrook"))
    assert "gridctl submit study/tiny.yaml" in gridctl("status", "study/tiny.yaml").stderr
    remember("tiny", "s3://results/study", "kubernetes", study)
    done = gridctl("report", "study/tiny.yaml")
    assert done.returncode == 2
    assert "it was from study: cd study, or give --store s3://results/study" in done.stderr
    assert "gridctl submit" not in done.stderr


def refused(done: subprocess.CompletedProcess[str], folder: Path, *said: str) -> None:
    """Check for exit code 2, one error, and no trace in the store or the folder."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("error: ") == 1, done.stderr
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in done.stderr, done.stderr
    assert untouched(folder)


def untouched(folder: Path) -> bool:
    return not list(folder.glob("runs/tiny/*")) and not (folder / ".gridctl").exists()


def submitted(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(SCRIPTS / "gridctl"), "submit", "tiny.yaml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def the_preflight_of(process: subprocess.Popen[str]) -> int:
    """The process that the command has started, once there is one."""
    until = time.monotonic() + 60
    while True:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            if b"preflight" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
