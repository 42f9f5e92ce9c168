"""Metrics applied to minibatches: every number checked, and what is undefined counted with its reason."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault, shortened
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.score_name import ScoreName
from gridctl_trainer.metrics.base import SliceBatch, Undefined
from gridctl_trainer.plugins.metric import METRICS

_ROUNDING: Final = 1e-5
"""By how much a number may lie beyond the range of its metric: float32 rounds a perfect score up."""

_NOT_A_NUMBER: Final = "the metric gave no number"


class MetricError(Fault):
    """A metric does not do what metrics do. Never retried: it would fail again."""

    exit_code = exit_codes.BAD_SPEC


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that can be computed.

    Attributes:
        name: As the specification has it.
        info: What is known of it.
        function: Of each image.
        batch_function: Of a whole minibatch; None for none.
    """

    name: str
    info: MetricInfo
    function: Callable[..., Any]
    batch_function: Callable[..., Any] | None = None


def load_metrics(names: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics of a specification.

    Raises:
        PluginError: There is none of a name, or it cannot be imported.
        MetricError: One is of cases or patients, which are not scored.
    """
    return tuple(_load(name) for name in names)


def _load(name: str) -> Metric:
    found = METRICS.find(name)
    if found.level != "slice":
        raise MetricError(
            f"the metric '{name}' is one of a {found.level}, and this gridctl scores slices alone",
            where="metrics",
            fix="leave it out, or use the gridctl that it was written for",
        )
    functions = [_function(name, given) for given in (found.function, found.batch_function) if given is not None]
    return Metric(name, found.info(), functions[0], functions[1] if len(functions) > 1 else None)


def _function(name: str, given: Callable[..., Any] | str) -> Callable[..., Any]:
    found = METRICS.load(name, given)
    if not callable(found):
        raise MetricError(f"the function of the metric '{name}' cannot be called", where=str(given))
    return found


@dataclass(slots=True)
class Scored:
    """The scores of one set, minibatch by minibatch."""

    metrics: Sequence[Metric]
    _values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _per_batch: dict[str, list[float | None]] = field(default_factory=lambda: defaultdict(list))
    _undefined: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, batch: Mapping[str, SliceBatch]) -> None:
        """Score one minibatch.

        Raises:
            MetricError: A metric fails, or gives something else than its numbers.
        """
        for metric in self.metrics:
            if metric.info.per_structure:
                for structure, images in batch.items():
                    self._score(metric, ScoreName("", metric.name, structure).key, images, len(images))
            else:
                self._score(metric, metric.name, batch, len(next(iter(batch.values()))))

    @property
    def scores(self) -> dict[str, float]:
        """By key, the mean over the images that have a value; without those that none has."""
        return {key: sum(values) / len(values) for key, values in self._values.items() if values}

    @property
    def per_batch(self) -> dict[str, tuple[float | None, ...]]:
        """By key, of each minibatch in order."""
        return {key: tuple(values) for key, values in self._per_batch.items()}

    @property
    def undefined(self) -> dict[str, dict[str, int]]:
        """By key and reason, how many images have no value."""
        return {key: dict(counted) for key, counted in self._undefined.items()}

    def _score(self, metric: Metric, key: str, images: Any, count: int) -> None:
        given = _called(metric, metric.function, images)
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
                number = _number(metric, value)
                if number is None:
                    self._undefined[key][_NOT_A_NUMBER] += 1
                else:
                    found.append(number)
        if metric.batch_function is not None:
            whole = _called(metric, metric.batch_function, images)
            self._per_batch[key].append(None if isinstance(whole, Undefined) else _number(metric, whole))


def _called(metric: Metric, function: Callable[..., Any], images: Any) -> Any:
    try:
        return function(images)
    except torch.OutOfMemoryError:
        raise  # said elsewhere, with what to change
    except Exception as error:
        said = shortened(str(error).partition("\n")[0])
        raise MetricError(
            f"the metric '{metric.name}' fails: {type(error).__name__}{f': {said}' if said else ''}",
            fix="correct it, or leave it out of `metrics`",
        ) from error


def _number(metric: Metric, value: Any) -> float | None:
    """A finite number within the range of the metric; None where it is not finite.

    Raises:
        MetricError: It is no number, or lies beyond the range.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise MetricError(
            f"the metric '{metric.name}' gives {shortened(repr(value), 60)} where a number is meant",
            fix="give a number, or Undefined with a reason",
        ) from None
    if not math.isfinite(number):
        return None
    info = metric.info
    low, high = (-math.inf if info.low is None else info.low), (math.inf if info.high is None else info.high)
    if not low - _ROUNDING <= number <= high + _ROUNDING:
        raise MetricError(
            f"the metric '{metric.name}' gives {number:g}, beyond its range of {low:g} to {high:g}",
            fix="correct the metric, or the range in its descriptor",
        )
    return min(max(number, low), high)
