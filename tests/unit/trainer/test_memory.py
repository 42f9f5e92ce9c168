"""The memory that a step needs is counted before it is taken, and compared with the container's, not the node's."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor, nn

from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.training.network_description import describe
from gridctl_trainer.training.preflight import memory
from tests.e2e.specification import specification


class LooksAtNumbers(nn.Module):
    """A network that cannot be called without numbers, as its path depends on them."""

    def __init__(self, in_channels: int = 1, classes: int = 1) -> None:
        super().__init__()
        self._readout = nn.Conv2d(in_channels, classes, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        return self._readout(images / images.max() if images.max() > 1 else images)  # type: ignore[no-any-return]


def run_of(network: dict[str, object]) -> RunSpec:
    data = {"train": {"dataset": "acdc", "path": "data"}}
    return RunSpec.model_validate(specification(data=data) | {"network": network})


@pytest.fixture
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(memory, "_LIMITS", (str(tmp_path / "memory.max"), str(tmp_path / "none")))
    return tmp_path / "memory.max"


def test_a_containers_limit_is_what_there_is(limit: Path) -> None:
    whole = memory.machine_memory_bytes()
    limit.write_text("max\n")
    assert memory.machine_memory_bytes() == whole
    limit.write_text("1048576\n")
    assert memory.machine_memory_bytes() == 1 << 20
    limit.write_text(f"{1 << 62}\n")
    assert memory.machine_memory_bytes() == whole


@pytest.mark.parametrize("images", [1, 2, 5])
def test_what_cannot_fit_is_said_with_both_numbers(limit: Path, images: int) -> None:
    run = run_of({"architecture": "unet", "options": {"channels": [4, 8]}})
    needed = describe(run.network, run.data.size_px, images).training_bytes
    limit.write_text(f"{needed * 102 // 100}\n")
    assert memory.why_too_large(run, images) == ""
    limit.write_text(f"{needed * 98 // 100}\n")
    said = memory.why_too_large(run, images)
    assert f"the activations of {count(images, 'image')} of 32 px" in said
    assert "this machine has 0.0" in said


def test_weights_that_cannot_fit_are_not_made(limit: Path) -> None:
    run = run_of({"architecture": "unet", "options": {"channels": [4096, 4096], "kernel_size": 31}})
    limit.write_text(f"{1 << 30}\n")
    assert "out of memory: weights" in memory.why_too_large(run, images=4)


def test_a_network_that_looks_at_numbers_is_counted_by_a_sample(limit: Path) -> None:
    run = run_of({"architecture": f"{__name__}:LooksAtNumbers", "options": {}})
    limit.write_text(f"{1 << 20}\n")
    assert memory.why_too_large(run, images=4) == ""
    assert memory.why_too_large(run, images=400).startswith("out of memory")
