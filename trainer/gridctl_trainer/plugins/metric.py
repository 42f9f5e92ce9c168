"""Metrics as plugins: their descriptors and their registry. Nothing here needs torch, since both packages import it."""

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
    """A metric: what an entry point in the group `gridctl.metrics` names.

    Attributes:
        function: Computes the metric: the function itself, or `pkg.module:name`, which avoids importing it for a
            description. The level decides its argument; all classes are in `gridctl_trainer.metrics.base`.
            Level `slice`: a `SliceBatch`; returns a tensor (B,), or a list of B items, each a number or `Undefined`.
            Level `case`: a `CaseVolume`; returns a number or `Undefined`.
            Level `patient`: a mapping from time point to `CaseVolume`; returns a number or `Undefined`.
            If `per_structure` is false, it gets these for all structures at once: a mapping from structure to
            `SliceBatch` or `CaseVolume`, or for a patient a `PatientVolumes`, by time point and structure.
        batch_function: Only for level `slice`: computes one number for a whole minibatch, which is logged next to the
            score. None if there is no such number.
    """

    function: Callable[..., Any] | str
    batch_function: Callable[..., Any] | str | None = None

    def info(self) -> MetricInfo:
        """Its description, without its code."""
        return MetricInfo.model_validate({name: getattr(self, name) for name in MetricInfo.model_fields})


def _of_function(found: object, path: str) -> MetricDescriptor:
    """Describe a bare function, or a class of callable objects, by its own attributes.

    Raises:
        PluginError: It cannot be called, does not say which direction is better, or has an attribute that is not valid.
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
