"""Makes a folder as after the first commands of a user: synthetic data, our experiments made small, one trained."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path

import pytest

from gridctl.experiment import Document
from tests.documented.masks import write_masks
from tests.forked_commands import ForkedCommand

ROOT = Path(__file__).parents[2]

SMALL = (
    "data.train.path=data/phantom/acdc",
    "data.external.sunnybrook.path=data/phantom/sunnybrook",
    "data.size_px=32",
    "training.epochs=1",
    "models.unet.channels=[4, 8]",
    "seeds=[42, 43]",
    "train_ratios=[0.3]",
    "backend=local",
    "store=runs",
)
SMALL_GAMMA_NET = ("channels=[4, 8]", "down_fgru_kernels=[3, 1]", "up_fgru_kernels=[1]")


def make_small(text: str, more: tuple[str, ...] = ()) -> str:
    """Shrink an experiment so that every run takes seconds, without changing it otherwise."""
    document = Document.parse(text, "experiment.yaml")
    models = document.content["models"]
    nets = [name for name, options in models.items() if (options or {}).get("architecture", name) == "gamma_net"]
    shrunk = [f"models.{name}.{option}" for name in nets for option in SMALL_GAMMA_NET]
    unet = [assignment for assignment in SMALL if not assignment.startswith("models.unet") or "unet" in models]
    return document.with_overrides([*unet, *shrunk, *more]).to_yaml()


@pytest.fixture(scope="session")
def trained_once(
    forked_gridctl: ForkedCommand, forked_trainer: ForkedCommand, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder from which others are copied. The first worker of pytest-xdist that needs it makes it for all."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "trained" / "study"
    folder.mkdir(parents=True, exist_ok=True)
    with (shared / "trained" / "made").open("a+") as made:
        fcntl.flock(made, fcntl.LOCK_EX)
        if not made.seek(0, os.SEEK_END):
            _train(folder, forked_gridctl, forked_trainer)
            made.write("yes")
    return folder


def _train(folder: Path, forked_gridctl: ForkedCommand, forked_trainer: ForkedCommand) -> None:
    (folder / "experiments").mkdir()
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder.parent), "XDG_STATE_HOME": str(folder.parent)}
    assert forked_trainer(("data", "phantom", "data/phantom"), folder, environment).returncode == 0
    for path in (ROOT / "experiments").glob("*.yaml"):
        (folder / "experiments" / path.name).write_text(make_small(path.read_text(), ("seeds=[42]",)))
    (folder / "demo.yaml").write_text(make_small((ROOT / "experiments" / "demo.yaml").read_text()))
    done = forked_gridctl(("submit", "demo.yaml"), folder, environment)
    assert done.returncode == 0, done.stderr
    reported = forked_gridctl(("report", "demo", "-o", "report"), folder, environment)
    assert reported.returncode == 0, reported.stderr
    write_masks(folder / "nnunet", folder / "data" / "phantom" / "sunnybrook")
    places = ("nnunet", "data/phantom/sunnybrook", "--dataset", "sunnybrook", "--labels", "1=LV")
    scored = forked_gridctl(("score", *places, "-o", "nnunet.parquet"), folder, environment)
    assert scored.returncode == 0, scored.stderr


@pytest.fixture
def trained(trained_once: Path, tmp_path: Path) -> Path:
    """A copy for one test, in the test's folder."""
    shutil.copytree(trained_once, tmp_path, dirs_exist_ok=True)
    submitted = tmp_path / ".gridctl" / "submitted.json"  # it has the absolute path of the store
    submitted.write_text(submitted.read_text().replace(json.dumps(str(trained_once))[1:-1], str(tmp_path)))
    return tmp_path
