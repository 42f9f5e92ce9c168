"""Tries one training step of a run, one batch of each evaluation and one scored patient, to find problems early."""

from __future__ import annotations

import dataclasses
import gc
from typing import Final

import torch
from torch import nn

from gridctl_trainer.contract.errors import Fault, Problem, SpecError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.training.cases.scoring import CaseScorer
from gridctl_trainer.training.device_faults import OutOfMemoryError, memory_fix, step_faults
from gridctl_trainer.training.images.sets import VALIDATION, RunSets, scoring_batch_size
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.loop import NonFiniteLossError, TrainingLoop
from gridctl_trainer.training.machine.environment import peak_memory_bytes
from gridctl_trainer.training.preflight.memory import why_too_large
from gridctl_trainer.training.progress.display import Silent
from gridctl_trainer.training.seeding import epoch_order, restore_rng_state, rng_state, seed_everything

PASSED: Final = "GRIDCTL_PREFLIGHT_PASSED"
"""Environment variable that is `1` if the command that started an attempt has already tried the model here."""

_OTHERS_BYTES: Final = 2 << 30
"""If more GPU memory than this is neither free nor held here, other processes hold it. CUDA itself takes 0.5 GiB."""
_TOO_LATE: Final = "; the last checkpoint is from before this"


class FirstStepError(SpecError):
    """A run of this specification cannot take its first step. Never retried: it would fail again."""


class BusyDeviceError(Fault):
    """There was not enough memory on a GPU that other processes use as well. Retried: they may be gone by then."""


def try_one_step(spec: RunSpec, sets: RunSets, device: torch.device, stop: StopSignal) -> int:
    """Take an optimizer step on a run's own first batch, then evaluate one batch of each set and one patient.

    Afterwards, all random generators are in the same state as before, and the memory is freed. A run that is trained
    later in this process ends with the same weights as without the trial.

    Args:
        spec: The run.
        sets: Its images.
        device: The device that it would train on.
        stop: Asks the trial to end.

    Returns:
        The peak memory, in bytes.

    Raises:
        FirstStepError: The step fails: it is out of memory, the network does not accept the image size, the loss is
            NaN, or an operation has no deterministic implementation.
        BusyDeviceError: The GPU is out of memory, and other processes hold part of it.
        StoppedError: A stop was requested.
    """
    before = rng_state()
    gc.freeze()  # so that the collection below looks at the trial's objects alone
    try:
        images = min(spec.training.batch_size, len(sets.train))
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        with step_faults(spec, device, "training", 1):  # the network itself may be too large
            if device.type == "cpu" and (too_large := why_too_large(spec, images, sets.channels, sets.classes)):
                raise OutOfMemoryError(too_large, fix=memory_fix(spec, "training"))
            return _steps(spec, sets, device, stop)
    except OutOfMemoryError as error:
        raise (BusyDeviceError if _others_hold_memory(device) else FirstStepError)(_said(spec, error)) from None
    except NonFiniteLossError as error:
        if spec.training.on_nonfinite == "skip":  # the user allows it, and later batches may be finite
            return 0
        raise FirstStepError(_said(spec, error, "look at its images with `gridctl-trainer data check`")) from None
    except Fault as error:
        raise FirstStepError(_said(spec, error)) from None
    finally:
        gc.collect()
        gc.unfreeze()
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        restore_rng_state(before)


def _steps(spec: RunSpec, sets: RunSets, device: torch.device, stop: StopSignal) -> int:
    training = spec.training
    seed_everything(spec.seed, deterministic=training.deterministic)
    first = torch.from_numpy(epoch_order(len(sets.train), spec.seed, 1))[: training.batch_size]
    once = spec.model_copy(update={"training": training.model_copy(update={"epochs": 1})})
    loop = TrainingLoop(
        once,
        build_model(spec.network, sets.channels, sets.classes),
        _some(ImageTensors.of(sets.train), first),
        {name: _batch(prepared, scoring_batch_size(spec, name)) for name, prepared in sets.scored.items()},
        device,
        stop,
        Silent(),
    )
    for _ in loop.epochs():
        pass
    _score_first_patient(spec, sets, loop.model, device)
    return peak_memory_bytes(device)


def _score_first_patient(spec: RunSpec, sets: RunSets, model: nn.Module, device: torch.device) -> None:
    """Score one patient. Otherwise, a metric of cases that fails would only be noticed after the last epoch."""
    scorer = CaseScorer(load_metrics(spec.metrics), spec.scoring.clean_up, device)
    one = sets.validation.of_patients(sets.validation.patients[:1])
    for _ in scorer.score(VALIDATION, one, model, "final", 1, scoring_batch_size(spec, VALIDATION)):
        pass


def _batch(prepared: PreparedSet, size: int) -> ImageTensors:
    return _some(ImageTensors.of(prepared), torch.arange(min(size, len(prepared))))


def _some(tensors: ImageTensors, chosen: torch.Tensor) -> ImageTensors:
    assert tensors.rows is not None
    return dataclasses.replace(tensors, rows=tensors.rows[chosen])


def _said(spec: RunSpec, error: Fault, fix: str = "") -> list[Problem]:
    return [
        Problem(
            f"its first step fails: {problem.what}", f"models.{spec.model}", fix or problem.fix.removesuffix(_TOO_LATE)
        )
        for problem in error.problems
    ]


def _others_hold_memory(device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, total = torch.cuda.mem_get_info(device)
    return total - free - torch.cuda.memory_reserved(device) > _OTHERS_BYTES
