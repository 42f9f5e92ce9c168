"""Finds the metrics of a specification by name, calls them, and checks every value that they return."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault, shortened
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.plugins.metric import METRICS

_ROUNDING: Final = 1e-5
"""How far a number may lie outside its metric's range, since float32 can round a perfect score up."""

NOT_A_NUMBER: Final = "the metric gave no number"
"""The reason that is recorded if a metric returns NaN or an infinity instead of `Undefined`."""

Level = Literal["slice", "case", "patient"]


class MetricError(Fault):
    """A metric fails or returns something that metrics must not return. Never retried: it would fail again."""

    exit_code = exit_codes.BAD_SPEC


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that can be computed.

    Attributes:
        name: Its name in the specification.
        info: Its description.
        function: Computes its values, one for each slice, case or patient.
        batch_function: Computes one number for a whole minibatch; None if there is none.
    """

    name: str
    info: MetricInfo
    function: Callable[..., Any]
    batch_function: Callable[..., Any] | None = None


def load_metrics(names: Sequence[str], level: Level | None = None) -> tuple[Metric, ...]:
    """Load the metrics of a specification.

    Args:
        names: Their names in the specification.
        level: The level of the metrics to return; None for all.

    Raises:
        PluginError: There is no metric of a name, or it cannot be imported.
        MetricError: The function of a metric cannot be called.
    """
    return tuple(metric for metric in map(_load, names) if level is None or metric.info.level == level)


def _load(name: str) -> Metric:
    found = METRICS.find(name)
    functions = [_function(name, given) for given in (found.function, found.batch_function) if given is not None]
    return Metric(name, found.info(), functions[0], functions[1] if len(functions) > 1 else None)


def _function(name: str, given: Callable[..., Any] | str) -> Callable[..., Any]:
    found = METRICS.load(name, given)
    if not callable(found):
        raise MetricError(f"the function of the metric '{name}' cannot be called", where=str(given))
    return found


def called(
    metric: Metric, function: Callable[..., Any], given: Any, passed_on: tuple[type[Exception], ...] = ()
) -> Any:
    """Call a metric and return its answer.

    Args:
        metric: The metric, which errors name.
        function: The function of the metric to call.
        given: Its argument.
        passed_on: Exceptions that are not the metric's fault and are raised unchanged.

    Raises:
        MetricError: The function fails.
    """
    try:
        return function(given)
    except passed_on:
        raise
    except Exception as error:
        said = shortened(str(error).partition("\n")[0])
        raise MetricError(
            f"the metric '{metric.name}' fails: {type(error).__name__}{f': {said}' if said else ''}",
            fix="correct it, or leave it out of `metrics`",
        ) from error


def checked_number(metric: Metric, value: Any) -> float | None:
    """Convert a value to a number within the metric's range; None if it is not finite.

    Raises:
        MetricError: The value is not a number, or lies outside the range.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise MetricError(
            f"the metric '{metric.name}' gives {shortened(repr(value), 60)} instead of a number",
            fix="give a number, or Undefined with a reason",
        ) from None
    if not math.isfinite(number):
        return None
    info = metric.info
    low, high = (-math.inf if info.low is None else info.low), (math.inf if info.high is None else info.high)
    if not low - _ROUNDING <= number <= high + _ROUNDING:
        raise MetricError(
            f"the metric '{metric.name}' gives {number:g}, outside its range of {low:g} to {high:g}",
            fix="correct the metric, or the range in its descriptor",
        )
    return min(max(number, low), high)
