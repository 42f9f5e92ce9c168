"""`--set` reads a value by the type of its field: text literally, anything else as YAML, and nothing is cut off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.places.conftest import YAML, Command

REFUSED = {
    "seeds=[1, 2] # two": "comment",
    "data.size_px=32 #px": "comment",
    "seeds=*a": "anchors",
    "seeds=!!set {1}": "YAML tags",
    "training.epochs": "PATH=VALUE",
    "training..epochs=3": "PATH=VALUE",
    "training.epochs.x=3": "not a mapping",
    "training.epochs=": "a whole number",
    "training.epochs=3 4": "a whole number",
    "training.learning_rate=nan": "finite",
    "data.train.path=data #2": "no folder",
    "data.train.path=null": "no folder",
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
    "data.external.sunnybrook=null": "tiny-unet",
    "kubernetes.env.X=0123": "tiny-unet",
    "kubernetes.image=lab/x:1.10": "tiny-unet",
}


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML.replace("/nowhere", "data"))
    (tmp_path / "data" / "patient001").mkdir(parents=True)


def test_what_cannot_be_meant_is_refused(gridctl: Command) -> None:
    for assignment, said in REFUSED.items():
        done = gridctl("submit", "tiny.yaml", "--dry-run", "--json", "--set", assignment)
        assert (done.returncode, done.stdout) == (2, ""), assignment
        assert said in done.stderr, assignment


def test_what_is_meant_is_taken(gridctl: Command) -> None:
    for assignment, part in TAKEN.items():
        done = gridctl("submit", "tiny.yaml", "--dry-run", "--json", "--set", assignment)
        assert done.returncode == 0, done.stderr
        (run_id,) = json.loads(done.stdout)["create"]
        assert part in run_id
