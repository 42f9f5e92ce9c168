"""A mistake has the same exit code in `doctor`, `submit --dry-run` and `submit`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.short_commands import Command, gridctl

__all__ = ["gridctl"]

YAML = """\
name: tiny
models: {{unet: {{channels: [4, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1]
data: {{train: {{dataset: acdc, path: {acdc}}}, size_px: 32}}
training: {{epochs: 1}}
"""
COMMANDS = {"doctor": ("doctor",), "dry run": ("submit", "--dry-run"), "submit": ("submit",)}


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS.keys())
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    given: tuple[str, ...] = request.param
    return given


def test_no_folder_of_data(command: tuple[str, ...], gridctl: Command, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML.format(acdc="nowhere"))
    done = gridctl(*command, "tiny.yaml")
    assert done.returncode == 2, done.stderr
    assert f"tiny.yaml:5: data.train.path: there is no folder {tmp_path / 'nowhere'}" in done.stdout + done.stderr


def test_a_folder_of_something_else(command: tuple[str, ...], gridctl: Command, phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML.format(acdc=phantom / "sunnybrook"))
    done = gridctl(*command, "tiny.yaml")
    assert done.returncode == 2, done.stderr
    assert "there is no patient of ACDC in" in done.stdout + done.stderr


def test_nothing_in_the_bucket(command: tuple[str, ...], gridctl: Command, s3_url: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML.format(acdc=f"{s3_url}/nowhere"))
    done = gridctl(*command, "tiny.yaml")
    assert done.returncode == 2, done.stderr
    said = done.stdout + done.stderr
    assert f"tiny.yaml:5: data.train.path: there is nothing at {s3_url}/nowhere" in said
    assert f"gridctl-trainer data upload FOLDER {s3_url}/nowhere, or correct it" in said


def test_a_store_that_cannot_be_written(
    command: tuple[str, ...], gridctl: Command, phantom: Path, tmp_path: Path
) -> None:
    if command == COMMANDS["dry run"]:
        pytest.skip("it writes nothing")
    (tmp_path / "tiny.yaml").write_text(YAML.format(acdc=phantom / "acdc"))
    (tmp_path / "file").touch()
    assert gridctl(*command, "tiny.yaml", "--store", "file/runs").returncode == 3


@pytest.mark.parametrize("form", ["", "training", "database/training"])
def test_the_dry_run_takes_every_place_of_patients_that_training_takes(
    form: str, gridctl: Command, phantom: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine" / form).mkdir(parents=True)
    for patient in (phantom / "acdc").rglob("patient???"):
        (tmp_path / "mine" / form / patient.name).symlink_to(patient)
    (tmp_path / "tiny.yaml").write_text(YAML.format(acdc="mine"))
    done = gridctl("submit", "--dry-run", "tiny.yaml")
    assert done.returncode == 0, done.stderr
