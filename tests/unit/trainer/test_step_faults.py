"""If a device refuses a step, the message has the numbers and the setting to change."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.training.device_faults import NotDeterministicError, OutOfMemoryError, step_faults
from tests.unit.trainer.test_loop import SPEC, Noisy, loop

CUDA_SAYS = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 10.75 GiB of which 1.20 GiB is free."
)
CPU = torch.device("cpu")


class Refuses(nn.Module):
    """A network whose n-th call fails like torch."""

    def __init__(self, error: BaseException, call: int) -> None:
        super().__init__()
        self.real, self.error, self.left = Noisy(), error, call

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        if self.left == 0:
            raise self.error
        out: torch.Tensor = self.real(x)
        return out


@pytest.mark.parametrize(
    ("call", "said", "setting"),
    [
        (
            1,
            "out of memory training in epoch 1, with batches of 2 images of 176 px",
            "lower models.unet.batch_size, for example to 1",
        ),
        (5, "out of memory validating in epoch 1", "lower training.validation_batch_size, for example to 1"),
        (15, "out of memory scoring sunnybrook in epoch 2, with batches of 1 image", "lower data.size_px"),
    ],
)
def test_out_of_memory_names_epoch_numbers_and_setting(call: int, said: str, setting: str) -> None:
    with pytest.raises(OutOfMemoryError, match=said) as raised:
        list(loop(build=lambda: Refuses(torch.OutOfMemoryError(CUDA_SAYS), call)).epochs())
    (problem,) = raised.value.problems
    assert "2.00 GiB more were requested" in problem.what
    assert problem.fix.startswith(setting)
    assert raised.value.exit_code == 1


def test_the_numbers_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1 << 30, 11 << 30))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 9 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA GeForce RTX 2080 Ti")
    with pytest.raises(OutOfMemoryError) as raised, step_faults(SPEC, torch.device("cuda:0"), "training", 3):
        raise torch.OutOfMemoryError(CUDA_SAYS)
    assert (
        "NVIDIA GeForce RTX 2080 Ti has 11.00 GiB, of which 1.00 GiB are free and 9.00 GiB are held by this run"
        in str(raised.value)
    )


def test_gamma_net_may_also_recompute() -> None:
    content = SPEC.model_dump(mode="json") | {"model": "gamma_net", "network": {"architecture": "gamma_net"}}
    with (
        pytest.raises(OutOfMemoryError, match="recompute_timesteps: true"),
        step_faults(RunSpec.model_validate(content), CPU, "training", 1),
    ):
        raise MemoryError


def test_a_cpu_runs_out_too() -> None:
    error = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 800 bytes.")
    with (
        pytest.raises(OutOfMemoryError, match="800 bytes more were requested"),
        step_faults(SPEC, CPU, "training", 1),
    ):
        raise error


def test_an_operation_without_a_deterministic_form_names_the_switch() -> None:
    error = RuntimeError("upsample_x_backward_cuda does not have a deterministic implementation, but you set ...")
    with (
        pytest.raises(NotDeterministicError, match=r"training\.deterministic: false"),
        step_faults(SPEC, CPU, "training", 1),
    ):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2$"), step_faults(SPEC, CPU, "training", 1):
        raise RuntimeError("mat1 and mat2")
