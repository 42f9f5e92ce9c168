"""Segments the slices of a set on the scanner's grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gridctl_trainer.preprocessing.placement import on_scanner_grid, segmented
from gridctl_trainer.preprocessing.prepared import PreparedSet, SliceRecord
from gridctl_trainer.training.evaluation import NonFiniteScoreError
from gridctl_trainer.training.forward import scored_logits
from gridctl_trainer.training.images.tensors import ImageTensors


def segment_slices(
    model: nn.Module,
    prepared: PreparedSet,
    batch_size: int,
    device: torch.device,
    between_batches: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[tuple[int, SliceRecord, NDArray[np.uint8]]]:
    """Segment a set, slice by slice. The same as `scanned_logits`, but with labels.

    Yields:
        The row of a slice, its record, and its labels as scanned: (H, W) uint8, 0 for the background, else the number
        of a structure in the target, from 1.

    Raises:
        NonFiniteScoreError: The model's output for a minibatch is NaN or infinite.
    """
    for row, record, logits in scanned_logits(model, prepared, batch_size, device, between_batches):
        yield row, record, segmented(logits)


def scanned_logits(
    model: nn.Module,
    prepared: PreparedSet,
    batch_size: int,
    device: torch.device,
    between_batches: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[tuple[int, SliceRecord, NDArray[np.float32]]]:
    """Compute a model's logits for a set, slice by slice, on the scanner's grid.

    Args:
        model: Maps images, or series of them, to logits: (B, 1, H, W) for one structure, or (B, 1 + K, H, W) for K
            structures, the background first.
        prepared: The set.
        batch_size: Images per minibatch.
        device: The device that the model is on.
        between_batches: Called with the number of minibatches done and the total. It may raise to stop.

    Yields:
        The row of a slice, its record, and its logits as scanned: (C, H, W), NaN outside the crop.

    Raises:
        NonFiniteScoreError: The model's output for a minibatch is NaN or infinite.
    """
    tensors, starts = ImageTensors.of(prepared), range(0, len(prepared), batch_size)
    model.eval()
    for done, start in enumerate(starts):
        between_batches(done, len(starts))
        images, _ = tensors.batch(slice(start, start + batch_size))
        with torch.inference_mode():
            logits = scored_logits(model, images.to(device)).float().cpu().numpy()
        if not np.isfinite(logits).all():
            raise NonFiniteScoreError(
                f"the model's output for minibatch {done + 1} of {len(starts)} is not finite",
                fix="lower training.learning_rate, and train the run again",
            )
        for row, of_slice in zip(prepared.rows[start : start + batch_size], logits, strict=True):
            record = prepared.all_slices[row]
            yield int(row), record, on_scanner_grid(of_slice, record.resampled, record.shape)
