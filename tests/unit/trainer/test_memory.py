"""The memory that a step needs is compared with that of the container, not of its node."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.training.preflight import memory
from tests.e2e.specification import specification


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


def test_what_cannot_fit_is_said_with_both_numbers(limit: Path) -> None:
    spec = RunSpec.model_validate(specification(data={"train": {"dataset": "acdc", "path": "data"}}))
    limit.write_text(f"{1 << 30}\n")
    assert memory.why_too_large(spec, images=4) == ""
    limit.write_text("65536\n")
    said = memory.why_too_large(spec, images=4)
    assert "the activations of 4 images of 32 px" in said
    assert "this machine has 0.0" in said
