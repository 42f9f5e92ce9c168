"""Writes pictures of a few slices with truth and prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.samples import SampleOutput, SamplesIndex, SampleSlice
from gridctl_trainer.contract.spec import RunSpec, structures_of
from gridctl_trainer.metrics.loading import Metric, load_metrics
from gridctl_trainer.metrics.scoring import Scored
from gridctl_trainer.metrics.structures import by_structure
from gridctl_trainer.plugins.dataset import unlabelled
from gridctl_trainer.preprocessing.prepared import PreparedSet, SliceRecord
from gridctl_trainer.storage.base import Store
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.samples.pictures import grey_png, mask_png, outline, overlay, probability_png

SLICES_PER_SET: Final = 4
TIMESTEPS_SHOWN: Final = 8
"""If a model has more timesteps, this many are shown at even distances, including the first and the last."""


def write_samples(
    store: Store,
    layout: RunLayout,
    spec: RunSpec,
    model: nn.Module,
    sets: Mapping[str, PreparedSet],
    device: torch.device,
) -> None:
    """Store pictures of a few slices of each set, and then an index of them.

    The choice of slices depends only on the set, so runs with the same split show the same slices.

    Args:
        store: The store to write to.
        layout: Keys of the run.
        spec: The run.
        model: The trained model.
        sets: The scored sets by name.
        device: The device that the model is on.
    """
    slices: list[SampleSlice] = []
    metrics, structures = load_metrics(spec.metrics, "slice"), structures_of(spec.data)
    missing = unlabelled(spec.data, also_by_path=True)
    timesteps = 1
    for set_name, prepared in sets.items():
        chosen = choose_slices(prepared.masks)
        labelled = [item for item in structures if (set_name, item) not in missing]
        if not len(chosen):
            continue
        images, _ = ImageTensors.of(prepared).batch(torch.from_numpy(chosen))
        logits = logits_per_timestep(model, images.to(device)).cpu()
        timesteps = len(logits)
        for place, index in enumerate(chosen):
            row = prepared.rows[index]
            frame, mask = prepared.all_series[row, -1], prepared.all_masks[row]
            image = frame if frame.ndim == 2 else frame[0]
            seen = _Seen(set_name, prepared.all_slices[row], image, mask, logits[:, place], structures, labelled)
            for name, picture in seen.pictures():
                store.put(layout.sample(name), picture)
            slices.append(seen.entry(metrics))
    size_px = next(iter(sets.values())).all_masks.shape[-1]
    index = SamplesIndex(run_id=layout.run_id, size_px=size_px, timesteps=timesteps, slices=tuple(slices))
    store.put(layout.samples_index, index.to_json())


def choose_slices(masks: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Choose labelled slices of a set at even distances.

    Args:
        masks: (N, H, W), 0 for the background.

    Returns:
        The indices of at most `SLICES_PER_SET` slices, ascending.
    """
    labelled = np.flatnonzero(masks.any(axis=(1, 2)))
    return labelled[_spread(len(labelled), SLICES_PER_SET)]


def logits_per_timestep(model: nn.Module, images: Tensor) -> Tensor:
    """A model's output after each of its timesteps.

    Args:
        model: The model. If it has no method `forward_timesteps`, it has no timesteps.
        images: (B, 1, H, W), or (B, T, 1, H, W) for a model that reads one frame per timestep.

    Returns:
        Logits, (T, B, 1, H, W); T is 1 for a model without timesteps.
    """
    model.eval()
    of_timesteps = getattr(model, "forward_timesteps", None)
    with torch.inference_mode():
        logits: Tensor = of_timesteps(images) if callable(of_timesteps) else model(images)[None]
    return logits


@dataclass(frozen=True, slots=True)
class _Seen:
    """One slice of a set and the model's output for it. Pictures show several structures as one.

    Attributes:
        set_name: Name of the set.
        record: The slice's record.
        image: (H, W) float32; the first channel if there are several.
        mask: (H, W) uint8, 0 for the background, else the number of a structure.
        logits: (T, 1, H, W) for one structure, or (T, 1 + K, H, W) for K structures.
        structures: The segmented structures, in the order of the classes.
        labelled: The structures that the set labels.
    """

    set_name: str
    record: SliceRecord
    image: NDArray[np.float32]
    mask: NDArray[np.uint8]
    logits: Tensor
    structures: Sequence[str]
    labelled: Sequence[str]

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Names and PNGs of the image, the truth, the outputs, and an overlay for people who browse the store."""
        yield f"{self._name}-image", grey_png(self.image)
        yield f"{self._name}-truth", mask_png(self._inside)
        for step in self._steps:
            yield self._output(step), probability_png(self._probability(step))
        yield self._name, overlay(self.image, self._inside, self._predicted)

    def entry(self, metrics: Sequence[Metric]) -> SampleSlice:
        """Its entry in the index, with its scores by some metrics."""
        outputs = [
            SampleOutput(
                timestep=step + 1,
                picture=self._output(step),
                outline=outline(self._probability(step)),
                scores=self._scores(step, metrics),
            )
            for step in self._steps
        ]
        return SampleSlice(
            set=self.set_name,
            name=self.record.name,
            patient=self.record.patient,
            picture=f"{self._name}-image",
            truth=f"{self._name}-truth",
            truth_outline=outline(self._inside.astype(np.float32)),
            outputs=tuple(outputs),
        )

    def _scores(self, step: int, metrics: Sequence[Metric]) -> dict[str, float]:
        mask = torch.from_numpy(self.mask)
        truth = mask[None] if len(self.structures) > 1 else mask[None, None].float()
        scored = Scored(metrics)
        found = by_structure(self.logits[step][None], truth, self.structures)
        scored.add({name: batch for name, batch in found.items() if name in self.labelled})
        return scored.scores

    @property
    def _name(self) -> str:
        return f"{self.set_name}-{self.record.name}".replace(" ", "-")

    @property
    def _steps(self) -> list[int]:
        return [int(step) for step in _spread(len(self.logits), TIMESTEPS_SHOWN)]

    def _output(self, step: int) -> str:
        return f"{self._name}-output-{step + 1:02d}"

    def _probability(self, step: int) -> NDArray[np.float32]:
        if len(self.structures) == 1:
            return self.logits[step, 0].sigmoid().numpy()
        return 1 - self.logits[step].softmax(0)[0].numpy()

    @property
    def _inside(self) -> NDArray[np.uint8]:
        """(H, W), 1 inside any structure and 0 elsewhere."""
        return (self.mask > 0).astype(np.uint8)

    @property
    def _predicted(self) -> NDArray[np.uint8]:
        """The same for the last output of the model."""
        last = self.logits[-1]
        inside = last[0] > 0 if len(self.structures) == 1 else last.argmax(0) > 0
        return inside.numpy().astype(np.uint8)


def _spread(count: int, wanted: int) -> NDArray[np.int64]:
    """Indices of at most `wanted` of `count` items at even distances, including both ends."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(wanted, count)).round().astype(np.int64))
