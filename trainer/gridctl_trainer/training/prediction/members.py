"""The trained models that predict: those of one run, or of several runs as an ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import nn

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.layout import AttemptName, RunLayout, attempt_of
from gridctl_trainer.contract.patient_names import named_patient
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.plugins.class_path import extend_import_path
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.storage.base import Store
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints, weights_sha256
from gridctl_trainer.training.checkpoints.finished_weights import finished_result, last_weights
from gridctl_trainer.training.images.sets import TRAIN, classes_of
from gridctl_trainer.training.spec_source import read_spec

_MOST_CHANNELS: Final = 64


@dataclass(frozen=True, slots=True)
class Member:
    """One run and its trained model.

    Attributes:
        spec: The run.
        model: The model with its weights.
        epoch: The epoch after which the weights were saved.
        weights_sha256: Digest of the weights.
        frames: Number of frames in each series that it reads, including the segmented one; 1 for single images.
        channels: Number of channels of its images.
        trained_on: Ids of the patients that it was trained on, and of patients with the same images as one of these.
    """

    spec: RunSpec
    model: nn.Module
    epoch: int
    weights_sha256: str
    frames: int
    channels: int
    trained_on: frozenset[str]

    def trained_on_scan(self, name: str) -> str:
        """The training patient whose id appears in the name of a scan; empty if there is none."""
        return named_patient(name, self.trained_on)


def load_member(location: str, store_url: str | None, device: torch.device, *, best: bool) -> Member:
    """Load the model of a finished run.

    Args:
        location: Location of the run's specification.
        store_url: The store of the run; None for the one that holds the specification.
        device: The device to load the model to.
        best: Whether to load the weights of the best epoch instead of the last.

    Raises:
        SpecError: The run is not finished, its best epoch is not kept, or its weights do not fit its network.
        StoreError: The store failed, or an object in it is damaged.
    """
    spec, store = read_spec(location, store_url)
    extend_import_path(spec.plugin_path)
    layout = RunLayout(spec.experiment, spec.run_id)
    result = finished_result(spec, store, "trained model")
    epoch, weights = _weights(Checkpoints(store, spec, AttemptName(0, "predict")), spec, result, best=best)
    model, channels = _model_of(spec, weights)
    trained_on = training_patients(store, layout)
    frames = options_of(spec.network).series_frames
    return Member(spec, model.to(device).eval(), epoch, weights_sha256(weights), frames, channels, trained_on)


def require_one_kind(members: Sequence[Member]) -> None:
    """Refuse members that cannot form an ensemble.

    Raises:
        SpecError: They segment different structures, or read images with different numbers of channels.
    """
    first = members[0]
    for other in members[1:]:
        if other.spec.data.target != first.spec.data.target:
            targets = [", ".join(member.spec.data.target) for member in (first, other)]
            raise SpecError(
                f"it segments {targets[1]}, and {first.spec.run_id} {targets[0]}: they cannot form an ensemble",
                where=other.spec.run_id,
                fix="name runs of one model and ablation",
            )
        if other.channels != first.channels:
            raise SpecError(
                f"it reads {count(other.channels, 'channel')}, and {first.spec.run_id} {first.channels}: "
                "they cannot form an ensemble",
                where=other.spec.run_id,
                fix="name runs that were trained on one data set",
            )


def _model_of(spec: RunSpec, weights: Mapping[str, torch.Tensor]) -> tuple[nn.Module, int]:
    """The network with the weights, and the number of channels of its images.

    The number of channels is not recorded. It is 1, or one of the sizes of the weights.

    Raises:
        SpecError: The weights do not fit the network.
    """
    classes, wrong = classes_of(spec.data.target), ""
    sizes = dict.fromkeys(size for tensor in weights.values() for size in tensor.shape if 1 < size <= _MOST_CHANNELS)
    for channels in (1, *sorted(sizes)):
        model = build_model(spec.network, channels, classes)
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            wrong = wrong or str(error).splitlines()[-1].strip()
            continue
        return model, channels
    raise SpecError(
        f"its weights do not fit its network: {wrong}", where=spec.run_id, fix="has its model's code changed?"
    )


def _weights(
    checkpoints: Checkpoints, spec: RunSpec, result: ResultRecord, *, best: bool
) -> tuple[int, dict[str, torch.Tensor]]:
    if best:
        checkpoints.newest()
        found = checkpoints.best_epoch()
        if found is None:
            raise SpecError(
                "its best epoch is not kept",
                where=spec.run_id,
                fix="train with training.checkpoint_keep_best: validation.soft_dice.STRUCTURE, or leave --best out",
            )
        return found[0], dict(found[1])
    return result.epochs, dict(last_weights(checkpoints, spec, result))


def training_patients(store: Store, layout: RunLayout) -> frozenset[str]:
    """Ids of the patients that a run was trained on, and of patients who were left out as copies of one of these."""
    keys = [stat.key for stat in store.list(layout.attempts) if attempt_of(stat.key)]
    logs = [read_attempt(store.get(key).data, key) for key in keys]
    data = [log.data for log in logs if log.data and TRAIN in log.data.sets]
    trained = {patient for record in data for patient in record.sets[TRAIN].patients}
    copies = {
        patient
        for record in data
        for reasons in record.left_out.values()
        for patient, reason in reasons.items()
        if trained & set(reason.split())
    }
    return frozenset(trained | copies)
