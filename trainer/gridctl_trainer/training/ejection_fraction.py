"""How hearts pump by the masks of a trained model (thesis 1.1): volumes and ejection fraction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import torch
from torch import nn

from gridctl_trainer.contract.records.run_result import PatientFunction
from gridctl_trainer.datasets.slices import CAVITY, Phase
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.training.images.tensors import ImageTensors


def patient_functions(
    set_name: str,
    model: nn.Module,
    prepared: PreparedSet,
    batch_size: int,
    device: torch.device,
    between_batches: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[PatientFunction, ...]:
    """Volumes of every patient with both phases, true and predicted.

    Args:
        set_name: Which set it is.
        model: Maps images, or series of them, to logits: (B, 1, H, W), above 0 is cavity, or those of several classes.
        prepared: The set.
        batch_size: Images at once.
        device: Where the model is.
        between_batches: Called with batches done and their number; may raise to stop.

    Returns:
        A record a patient, sorted by id; none where the cavity is not segmented.
    """
    if CAVITY not in prepared.target:
        return ()
    predicted = _predicted_pixels(model, prepared, batch_size, device, between_batches)
    true_ml: dict[str, dict[Phase, float]] = defaultdict(dict)
    predicted_ml: dict[str, dict[Phase, float]] = defaultdict(dict)
    for record, pixels in zip(prepared.slices, predicted, strict=True):
        for volumes, ml in ((true_ml, record.cavity_ml), (predicted_ml, pixels * record.pixel_ml)):
            volumes[record.patient][record.phase] = volumes[record.patient].get(record.phase, 0.0) + ml
    return tuple(
        _function(set_name, patient, true_ml[patient], predicted_ml[patient])
        for patient in sorted(true_ml)
        if true_ml[patient].keys() == {"ED", "ES"} and true_ml[patient]["ED"] > 0
    )


def _function(
    set_name: str,
    patient: str,
    true_ml: Mapping[Phase, float],
    predicted_ml: Mapping[Phase, float],
) -> PatientFunction:
    diastole_ml, systole_ml = predicted_ml["ED"], predicted_ml["ES"]
    return PatientFunction(
        set=set_name,
        patient=patient,
        true_edv_ml=true_ml["ED"],
        true_esv_ml=true_ml["ES"],
        true_ef=(true_ml["ED"] - true_ml["ES"]) / true_ml["ED"],
        predicted_edv_ml=diastole_ml,
        predicted_esv_ml=systole_ml,
        predicted_ef=(diastole_ml - systole_ml) / diastole_ml if diastole_ml > 0 else None,
    )


def _predicted_pixels(
    model: nn.Module,
    prepared: PreparedSet,
    batch_size: int,
    device: torch.device,
    between_batches: Callable[[int, int], None],
) -> list[int]:
    """Cavity pixels of each image."""
    tensors, counts = ImageTensors.of(prepared), []
    cavity = prepared.target.index(CAVITY) + 1
    starts = range(0, len(tensors), batch_size)
    model.eval()
    with torch.inference_mode():
        for done, start in enumerate(starts):
            between_batches(done, len(starts))
            images, _ = tensors.batch(slice(start, start + batch_size))
            logits = model(images.to(device))
            inside = logits[:, 0] > 0 if len(prepared.target) == 1 else logits.argmax(1) == cavity
            counts += inside.sum(dim=(1, 2)).tolist()
    return counts
