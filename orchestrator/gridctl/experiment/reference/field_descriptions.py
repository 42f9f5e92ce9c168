"""What each key of an experiment file means: the `Attributes` of its model's docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

from pydantic import BaseModel

_SECTION = re.compile(r"^Attributes:\n(?P<body>(?:    .*\n?|\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^    (?P<names>\w+(?:, \w+)*): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)


def field_descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """Each field of a model, explained in one paragraph.

    Args:
        model: One whose docstring has a section `Attributes` in Google's form.

    Returns:
        Descriptions by field; a test checks that none is missing. Python's None is written as YAML's null.
    """
    section = _SECTION.search(inspect.cleandoc(model.__doc__ or "") + "\n")
    return {
        name: re.sub(r"\bNone\b", "null", " ".join(entry["text"].split()))
        for entry in _ENTRY.finditer(section["body"] if section else "")
        for name in entry["names"].split(", ")
    }
