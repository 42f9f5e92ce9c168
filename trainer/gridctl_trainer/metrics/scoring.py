"""Applies metrics to minibatches. Every number is checked, and undefined values are counted by reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.score_name import ScoreName
from gridctl_trainer.metrics.base import SliceBatch, Undefined
from gridctl_trainer.metrics.loading import NOT_A_NUMBER, Metric, MetricError, called, checked_number

_OURS = (torch.OutOfMemoryError,)
"""Errors that are not a metric's fault. They are reported elsewhere, with a hint."""


NOT_OUTLINED: Final = "not outlined"
"""The reason that is recorded for a structure that was not annotated on an image, where it may be present."""


def _kept(images: SliceBatch, outlined: Tensor | None) -> SliceBatch:
    if outlined is None or bool(outlined.all()):
        return images
    return SliceBatch(images.logits[outlined], images.truth[outlined], images.predicted[outlined])


@dataclass(slots=True)
class Scored:
    """Collects the scores of one set, minibatch by minibatch."""

    metrics: Sequence[Metric]
    _values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _per_batch: dict[str, list[float | None]] = field(default_factory=lambda: defaultdict(list))
    _undefined: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, batch: Mapping[str, SliceBatch], outlined: Mapping[str, Tensor] | None = None) -> None:
        """Score one minibatch.

        Args:
            batch: The minibatch by structure.
            outlined: By structure, (B,) bool: whether it was annotated on each image. Images on which it was not are
                counted as undefined. None if everything was annotated.

        Raises:
            MetricError: A metric fails, or returns anything but B numbers in its range or `Undefined`.
        """
        known = outlined or {}
        all_known = torch.stack(list(known.values())).all(0) if known else None
        alone = {name: _kept(images, known.get(name)) for name, images in batch.items()}
        together = {name: _kept(images, all_known) for name, images in batch.items()}
        whole = len(next(iter(batch.values())))
        for metric in self.metrics:
            if metric.info.per_structure:
                for structure, images in alone.items():
                    self._score_outlined(metric, ScoreName("", metric.name, structure).key, images, len(images), whole)
            else:
                self._score_outlined(metric, metric.name, together, len(next(iter(together.values()))), whole)

    def _score_outlined(self, metric: Metric, key: str, images: Any, count: int, whole: int) -> None:
        if count < whole:
            self._undefined[key][NOT_OUTLINED] += whole - count
        if count:
            self._score(metric, key, images, count)
        elif metric.batch_function is not None:
            self._per_batch[key].append(None)

    @property
    def scores(self) -> dict[str, float]:
        """By key, the mean over the images that have a value. Keys without any value are missing."""
        return {key: sum(values) / len(values) for key, values in self._values.items() if values}

    @property
    def per_batch(self) -> dict[str, tuple[float | None, ...]]:
        """By key, the number of each minibatch, in order; None if a minibatch has none."""
        return {key: tuple(values) for key, values in self._per_batch.items()}

    @property
    def undefined(self) -> dict[str, dict[str, int]]:
        """By key and reason, the number of images without a value."""
        return {key: dict(counted) for key, counted in self._undefined.items()}

    def _score(self, metric: Metric, key: str, images: Any, count: int) -> None:
        given = called(metric, metric.function, images, _OURS)
        values = given.tolist() if isinstance(given, Tensor) else list(given) if isinstance(given, Sequence) else given
        if not isinstance(values, list) or len(values) != count:
            shape = f"shape {tuple(given.shape)}" if isinstance(given, Tensor) else shortened(repr(given), 60)
            raise MetricError(
                f"the metric '{metric.name}' gives {shape} for a minibatch of {count} images",
                fix="give a tensor (B,), or a list of B numbers and Undefined",
            )
        found = self._values[key]
        for value in values:
            if isinstance(value, Undefined):
                self._undefined[key][shortened(value.reason, 100)] += 1
            else:
                number = checked_number(metric, value)
                if number is None:
                    self._undefined[key][NOT_A_NUMBER] += 1
                else:
                    found.append(number)
        if metric.batch_function is not None:
            whole = called(metric, metric.batch_function, images, _OURS)
            self._per_batch[key].append(None if isinstance(whole, Undefined) else checked_number(metric, whole))
