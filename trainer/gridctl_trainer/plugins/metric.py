"""Metrics: how each is described, and where they are found by name. Light: no torch, both sides read it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError

from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.registry import Registry

_ATTRIBUTES: Final = tuple(name for name in MetricInfo.model_fields if name != "definition")


class MetricDescriptor(MetricInfo):
    """A metric: what an entry point of the group `gridctl.metrics` names.

    Attributes:
        function: Scores what its level says; all classes named here are of `gridctl_trainer.metrics.base`.
            Of level `slice` it is called with a `SliceBatch` and gives a tensor (B,), or a list of B numbers and
            `Undefined`. Of level `case` it is called with a `CaseVolume`, and of level `patient` with a mapping of
            time point to `CaseVolume`; it gives a number or `Undefined`. Where `per_structure` is false each of these
            is a mapping of structure to what it would be called with otherwise; that of a patient is
            `PatientVolumes`, by time point and structure. The function itself, or, so that describing it imports
            nothing, its place `pkg.module:name`.
        batch_function: Of level `slice` alone: gives one number for a whole minibatch, which is logged beside the
            score; None for none.
    """

    function: Callable[..., Any] | str
    batch_function: Callable[..., Any] | str | None = None

    def info(self) -> MetricInfo:
        """What is known of it, without its code."""
        return MetricInfo.model_validate({name: getattr(self, name) for name in MetricInfo.model_fields})


def _of_function(found: object, path: str) -> MetricDescriptor:
    """A bare function, or class whose objects are called, that says of itself what is needed as attributes.

    Raises:
        PluginError: It does not say which direction is better, or says something that cannot be.
    """
    if not callable(found):
        raise PluginError(f"'{path}' cannot be called", where=path, fix="name a function, or a MetricDescriptor")
    name = path.rpartition(":")[2]
    if not hasattr(found, "higher_is_better"):
        raise PluginError(
            f"the metric '{path}' does not say which direction is better",
            where=path,
            fix=f"write `{name}.higher_is_better = True` (or False) below it, or name a MetricDescriptor",
        )
    said = {key: getattr(found, key) for key in _ATTRIBUTES if hasattr(found, key)}
    doc = (inspect.getdoc(found) or "").partition("\n")[0]
    called = found() if isinstance(found, type) else found
    try:
        return MetricDescriptor.model_validate({"label": name, "definition": doc, **said, "function": called})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise PluginError(
            f"the metric '{path}' is described wrongly: {field}: {shortened(first['msg'])}",
            where=path,
            fix=f"correct `{name}.{field}`",
        ) from None


METRICS: Final = Registry("gridctl.metrics", "metric", MetricDescriptor, _of_function)
"""Every metric, by short name or by path."""
