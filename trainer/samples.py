"""A few images with prediction and truth, to look at."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.contract.layout import RunLayout
from trainer.contract.store import Store
from trainer.data.figures import CAVITY_BGR, outlined
from trainer.data.prepared import PreparedSet
from trainer.image_tensors import ImageTensors

IMAGES_PER_SET = 4
_SIDE_PX = 256
_PREDICTION_BGR = (60, 60, 240)


def write_samples(
    store: Store,
    layout: RunLayout,
    model: nn.Module,
    validation: PreparedSet,
    generalisation: PreparedSet | None,
    device: torch.device,
) -> None:
    """Store pictures of the same slices for every model: truth outlined green, prediction red.

    Args:
        store: Where to.
        layout: Keys of the run.
        model: The trained model.
        validation: Its images; labelled slices are taken at even distances.
        generalisation: The same of the other set, if there is one.
        device: Where the model is.
    """
    for set_name, prepared in (("validation", validation), ("generalisation", generalisation)):
        if prepared is None:
            continue
        labelled = np.flatnonzero(prepared.masks.any(axis=(1, 2)))
        if not len(labelled):
            continue
        chosen = labelled[np.unique(np.linspace(0, len(labelled) - 1, IMAGES_PER_SET).round().astype(int))]
        with torch.inference_mode():
            images, _ = ImageTensors.of(prepared).batch(torch.from_numpy(chosen))
            logits = model.eval()(images.to(device))
        predictions = (logits[:, 0] > 0).cpu().numpy().astype(np.uint8)
        pictures, masks, names = prepared.images, prepared.masks, prepared.names
        for index, prediction in zip(chosen, predictions, strict=True):
            name = f"{set_name}-{names[index]}".replace(" ", "-")
            sheet = overlay(pictures[index], masks[index], prediction)
            _, encoded = cv2.imencode(".png", sheet)
            store.put(layout.sample(name), encoded.tobytes())


def overlay(image: NDArray[np.float32], truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of one slice with the outlines of two masks.

    Args:
        image: (H, W), any range; shown from its minimum to its maximum.
        truth: (H, W), 0 or 1.
        prediction: (H, W), 0 or 1.

    Returns:
        (H', W', 3) uint8, BGR, enlarged to about 256 px.
    """
    return outlined(image, ((truth, CAVITY_BGR), (prediction, _PREDICTION_BGR)), _SIDE_PX)
