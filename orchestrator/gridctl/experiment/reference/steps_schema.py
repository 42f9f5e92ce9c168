"""What `data.preprocessing` may hold, for the JSON Schema."""

from __future__ import annotations

from typing import Any

from gridctl.experiment.data.preprocessing_steps import USUAL
from gridctl.experiment.schema import built_in_ablations
from gridctl_trainer.plugins.step import STEPS

_PATH = {"type": "string", "pattern": r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"}


def steps_schema() -> dict[str, Any]:
    """A mapping of steps to true, false or options; or a list of them, first to last."""
    value = {"anyOf": [{"type": ["boolean", "null"]}, {"type": "object"}]}
    known = {name: {"description": f"{STEPS.find(name).summary}.", "default": True, **value} for name in USUAL}
    name = {"anyOf": [{"enum": _names()}, _PATH]}
    mapping = {"type": "object", "properties": known, "additionalProperties": value, "propertyNames": name}
    single = {**mapping, "minProperties": 1, "maxProperties": 1, "properties": {}}
    return {"anyOf": [mapping, {"type": "array", "items": {"anyOf": [name, single]}}]}


def left_out() -> dict[str, Any]:
    """A step that an ablation leaves out."""
    return {"anyOf": [{"enum": _names()}, _PATH]}


def ablation_names() -> list[dict[str, Any]]:
    """Ablations that need only be named."""
    return [{"enum": list(built_in_ablations(_names()))}]


def _names() -> list[str]:
    return [*USUAL, *(name for name in STEPS.names() if name not in USUAL)]
