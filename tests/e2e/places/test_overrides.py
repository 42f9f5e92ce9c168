"""`--set` reads a value by the type of its field: text as it is, anything else as YAML, and nothing is cut off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.many_commands import Command, run_each

EXPERIMENT = """\
name: tiny
models: {unet: {}}
train_ratios: [0.5]
seeds: [1]
data: {acdc: data, sunnybrook: data}
"""

REFUSED = {
    "seeds=[1, 2] # two": "comment",
    "data.size_px=32 #px": "comment",
    "seeds=*a": "anchors",
    "seeds=!!set {1}": "anchors",
    "training.epochs": "PATH=VALUE",
    "training..epochs=3": "PATH=VALUE",
    "training.epochs.x=3": "integer",
    "training.epochs=": "integer",
    "training.epochs=3 4": "integer",
    "training.learning_rate=nan": "finite",
    "data.acdc=data #2": "no folder",
    "data.acdc=null": "no folder",
    "training.on_nonfinite=null": "unknown value 'null'",
    "models.unet={batch_size: 2, batch_size: 3}": "not YAML",
    "seeds=[1": "not YAML",
    "seeds=1": "list",
    "nothing.here=1": "unknown key",
}
TAKEN = {
    "name=007": "007-unet",
    "name=null": "null-unet",
    "name='on'": "on-unet",
    "seeds=[7]": "-s7-",
    "train_ratios=[.25]": "-r25-",
    "ablations=[no_clahe]": "-no-clahe-",
    "data.sunnybrook=null": "tiny-unet",
    "kubernetes.env.X=0123": "tiny-unet",
    "kubernetes.image=lab/x:1.10": "tiny-unet",
}


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    (tmp_path / "tiny.yaml").write_text(EXPERIMENT)
    (tmp_path / "data").mkdir()
    return "tiny.yaml"


def test_values(experiment: str, tmp_path: Path) -> None:
    texts = [*REFUSED, *TAKEN]
    commands = [Command(["submit", experiment, "--dry-run", "--json", "--set", text], {}) for text in texts]
    for text, done in zip(texts, run_each("gridctl", commands, tmp_path), strict=True):
        if text in REFUSED:
            assert done.returncode == 2, (text, done)
            assert REFUSED[text] in done.stderr, (text, done)
            assert done.stdout == ""
        else:
            assert done.returncode == 0, (text, done)
            (run_id,) = json.loads(done.stdout)["create"]
            assert TAKEN[text] in run_id
