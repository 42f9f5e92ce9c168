"""`gridctl verify --retrain` trains a finished run again to the same weights, and finds a tampered run."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.e2e.short_commands import Command

EXPERIMENT = """\
name: tiny
models: {{unet: {{channels: [4, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1]
data: {{train: {{dataset: acdc, path: {data}/acdc}}, size_px: 32}}
training: {{epochs: 2}}
"""


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.timeout(900)
def test_the_same_weights_again_and_other_ones_found(phantom: Path, gridctl: Command, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(phantom)
    (tmp_path / "tiny.yaml").write_text(EXPERIMENT.format(data=tmp_path / "data"))
    done = gridctl("submit", "tiny.yaml", "--no-verify")
    assert done.returncode == 0, done.stderr
    assert gridctl("report", "tiny", "-o", "report").returncode == 0
    before = contents(tmp_path / "runs")

    (tmp_path / "data").rename(tmp_path / "moved")
    unknown = gridctl("verify", "report", "--retrain", "--data", "other=moved/acdc")
    assert unknown.returncode == 2
    assert "there is no data set 'other'" in unknown.stderr
    assert "name one of train" in unknown.stderr
    again = gridctl("verify", "report", "--retrain", "--json", "--data", f"train={tmp_path / 'moved' / 'acdc'}")
    assert again.returncode == 0, again.stderr + again.stdout
    found = json.loads(again.stdout)["retrained"]
    assert (found["same"], found["expected"], found["differences"]) == (True, True, [])
    assert found["chosen"] == "chosen by seed 0 from 1 finished run"
    assert contents(tmp_path / "runs") == before, "the experiment's store is as it was"
    (tmp_path / "moved").rename(tmp_path / "data")

    (run,) = (tmp_path / "runs" / "tiny").glob("tiny-unet-*")
    checkpoint = max((run / "checkpoints").glob("*.pt"))
    state = torch.load(checkpoint, weights_only=True)
    next(iter(state["model"].values())).view(-1)[0] += 1e-6
    buffer = io.BytesIO()
    torch.save(state, buffer)
    checkpoint.write_bytes(buffer.getvalue())
    manifest = checkpoint.with_suffix(".json")
    announced = json.loads(manifest.read_text())
    announced |= {"sha256": hashlib.sha256(buffer.getvalue()).hexdigest(), "size_bytes": len(buffer.getvalue())}
    manifest.write_text(json.dumps(announced))
    (log,) = (run / "attempts").glob("*.jsonl")
    first, rest = log.read_text().split("\n", 1)
    record = json.loads(first)
    record["versions"]["torch"] = "1.0"
    log.write_text(json.dumps(record) + "\n" + rest)

    other = gridctl("verify", "report", "--retrain", "--run", run.name)
    assert other.returncode == 1
    assert "holds weights with SHA-256" in other.stdout
    assert "the same cannot be expected here: torch was 1.0, and is" in other.stdout
    assert f"{log.relative_to(tmp_path / 'runs')}: its SHA-256 is" in other.stdout

    checkpoint.write_bytes(buffer.getvalue()[:-100] + b"0" * 100)
    shown = subprocess.run(
        [sys.executable, "-m", "gridctl_trainer", "weights", str(run / "spec.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode != 0, shown.stdout) == (True, "")
    assert "damaged" in shown.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--run", "tiny"), "--run is for a run that is trained again"),
        (("--data", "train=x"), "--data is for a run that is trained again"),
        (("--retrain", "--data", "train"), "'train' is not NAME=PATH"),
    ],
)
def test_options_without_their_use_are_refused(options: tuple[str, ...], said: str, gridctl: Command) -> None:
    done = gridctl("verify", "report", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
