"""The values of a key in words, derived from its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridctl.experiment.quantity import NO_LIMIT
from gridctl_trainer.contract.fields.quantity import QUANTITY
from gridctl_trainer.contract.location import PLACE
from gridctl_trainer.contract.score_name import COMPARED_FORM, METRIC_FORM, SCORE_FORM, TRAIN_LOSS

Schema = Mapping[str, Any]


def value_words(schema: Schema) -> str:
    """The values that a schema takes: `whole number, 1 to 9999, or null`."""
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if forms := schema.get("anyOf", schema.get("oneOf")):
        parts = list(dict.fromkeys(value_words(part) for part in forms))
        return ", or ".join(parts)
    if "$ref" in schema or schema.get("properties"):
        return "section, see below"
    kind = schema.get("type", "")
    if kind == "array" and "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])} {_plural(value_words(schema['prefixItems'][0]))}"
    if kind == "array":
        return f"list of {_plural(value_words(schema.get('items', {})))}{_length(schema)}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"mapping to {value_words(values)}" if isinstance(values, Mapping) else "mapping"
    if kind in ("integer", "number"):
        return ("whole number" if kind == "integer" else "number") + _bounds(schema)
    return {"boolean": "`true` or `false`", "null": "null"}.get(str(kind)) or _text(schema)


def default_words(schema: Schema) -> str:
    """A key's default as YAML; empty if it has none, or if it is a section of defaults."""
    if "default" not in schema:
        return ""
    value = schema["default"]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if value != "" else '`""`'


def _text(schema: Schema) -> str:
    pattern = schema.get("pattern", "")
    if QUANTITY in pattern:
        return f"quantity, or `{NO_LIMIT}`" if NO_LIMIT in pattern else "quantity"
    if pattern.startswith("^(?:final"):
        return "`final`, `best`, `mean` or `last-K`, such as `last-5`"
    if SCORE_FORM in pattern or COMPARED_FORM in pattern:
        return f"`SET.METRIC.STRUCTURE`{f' or `{TRAIN_LOSS}`' if TRAIN_LOSS in pattern else ''}"
    if pattern == f"^(?:{METRIC_FORM})$":
        return "names or paths `pkg.module:name` of metrics"
    return "folder or `s3://bucket/prefix`" if PLACE in pattern else "text"


def _plural(words: str) -> str:
    """The words for one item in the plural: `whole numbers, each 1 to 8`."""
    kind, comma, bounds = words.partition(", ")
    plural = {"whole number": "whole numbers", "number": "numbers", "text": "texts", "section": "sections"}.get(kind)
    if plural is None:
        return words.replace("section, see below", "sections, see below")
    return plural + (f", each {bounds}" if comma and kind != "section" else f"{comma}{bounds}")


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    said = [
        f"at least {low}" if low is not None else "",
        f"above {above}" if above is not None else "",
        f"at most {high}" if high is not None else "",
        f"below {below}" if below is not None else "",
    ]
    return "".join(f", {part}" for part in said if part)


def _length(schema: Schema) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least and most:
        return f", {least} to {most} of them"
    return ", at least one" if least == 1 else ""
