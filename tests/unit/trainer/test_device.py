"""Why there is no GPU decides whether another attempt may help: what torch, the machine and the driver show."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.training.machine import device


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a GPU; what is made at this path is one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device, "_DEVICE_FILES", (str(tmp_path / "nvidiactl"),))
    return tmp_path / "nvidiactl"


def test_a_cpu_build_never_finds_one(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    files.touch()
    with pytest.raises(device.NoDeviceError, match="is a build for CPUs alone") as raised:
        device.choose_device("cuda")
    assert raised.value.exit_code in exit_codes.NEVER_RETRIED


def test_a_machine_that_was_given_none_has_none_the_next_time(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    with pytest.raises(device.NoDeviceError, match="shows no NVIDIA device") as raised:
        device.choose_device("cuda")
    assert raised.value.exit_code in exit_codes.NEVER_RETRIED
    assert "kubernetes.gpus: 1" in raised.value.problems[0].fix


def test_one_that_was_given_and_does_not_work_may_be_the_nodes_fault(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    files.touch()
    with pytest.raises(device.BrokenDeviceError, match="no GPU that works here") as raised:
        device.choose_device("cuda")
    assert raised.value.exit_code not in exit_codes.NEVER_RETRIED
    assert "nvidia-smi" in raised.value.problems[0].fix


def test_auto_says_that_it_leaves_a_gpu_unused(files: Path) -> None:
    cpu = device.choose_device("auto")
    assert cpu.type == "cpu"
    assert device.unused_gpu(cpu, "auto") == ""
    files.touch()
    assert "there is a GPU here" in device.unused_gpu(cpu, "auto")
    assert device.unused_gpu(cpu, "cpu") == "", "that is what was asked for"
