"""The reason for a missing GPU, as torch, machine and driver show it, decides whether another attempt may help."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.training.machine import device


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a GPU, which gets one if a file is made at this path."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device, "_DEVICE_FILES", (str(tmp_path / "nvidiactl"),))
    return tmp_path / "nvidiactl"


def test_a_cpu_build_never_finds_one(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    files.touch()
    with pytest.raises(device.NoDeviceError, match="is a CPU-only build") as raised:
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
    with pytest.raises(device.BrokenDeviceError, match="no working GPU here") as raised:
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


def test_auto_takes_no_cpu_in_a_pod_that_was_given_a_gpu(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that is simulated or not passed on by the runtime has no device files, so the Job is asked."""
    monkeypatch.setenv("GRIDCTL_GPUS", "2")
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(device.NoDeviceError, match="was given 2 GPUs that it cannot use: torch") as raised:
        device.choose_device("auto")
    assert raised.value.exit_code in exit_codes.NEVER_RETRIED, "the next pod has the same image"
    problem = raised.value.problems[0]
    assert problem.where == "kubernetes.gpus"
    assert "CUDA build" in problem.fix
    assert "--set kubernetes.gpus=0" in problem.fix
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    with pytest.raises(device.BrokenDeviceError, match="does not have the device files") as broken:
        device.choose_device("auto")
    assert broken.value.exit_code not in exit_codes.NEVER_RETRIED, "another node may pass it on"


@pytest.mark.parametrize("given", ["", "0", "all"])
def test_auto_takes_the_cpu_where_none_was_given(given: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCTL_GPUS", given)
    cpu = device.choose_device("auto")
    assert (cpu.type, device.unused_gpu(cpu, "auto")) == ("cpu", "")


def test_a_pod_that_holds_a_gpu_and_is_told_to_take_the_cpu_says_so(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDCTL_GPUS", "1")
    said = device.unused_gpu(device.choose_device("cpu"), "cpu")
    assert said.startswith("this pod holds 1 GPU but trains on the CPU")
    assert "kubernetes.gpus: 0" in said


def test_devices_that_a_plugin_names_are_a_gpu_and_those_of_a_base_image_are_not(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = device.choose_device("auto")
    monkeypatch.setenv("NVIDIA_VISIBLE_DEVICES", "all")
    assert device.unused_gpu(cpu, "auto") == ""
    monkeypatch.setenv("NVIDIA_VISIBLE_DEVICES", "GPU-8a3c1d1e-0000-4000-8000-000000000001")
    assert "there is a GPU here" in device.unused_gpu(cpu, "auto")
