"""YAML with limits on size, depth and number of values, checked before anything is built from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.parser import RoundTripParser
from ruamel.yaml.scalarfloat import ScalarFloat
from ruamel.yaml.scalarint import ScalarInt

from gridctl.errors import InputError
from gridctl_trainer.contract.errors import shortened

MAX_BYTES: Final = 256 * 1024
MAX_VALUES: Final = 5_000
MAX_DEPTH: Final = 32
MAX_NUMBER_LENGTH: Final = 100

_SPLIT: Final = "one experiment has a name, some models, ratios and seeds: split it, or leave out what is not needed"
_TAB: Final = "YAML is indented with spaces, not with tabs"
_NUMBER: Final = re.compile(r"[-+]?(0x[\da-f_]+|0o[0-7_]+|[\d_]*\.?[\d_]*(e[-+]?\d+)?)", re.IGNORECASE)


class NotYamlError(InputError):
    """A text is not YAML at all."""


def load_yaml(text: str, source: str, *, one_line: bool = False) -> Any:
    """The tree of one YAML 1.2 document; numbers keep their text (`written`).

    Args:
        text: One document. Anchors, aliases and merge keys work; tags and directives do not.
        source: Its name in errors.
        one_line: Whether errors name no line.

    Raises:
        NotYamlError: It is not YAML.
        InputError: It has more values, levels or digits than any experiment needs.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise too_large(source)

    def where(line: int | None) -> str:
        return source if one_line or line is None else f"{source}:{line + 1}"

    try:
        yaml = YAML(typ="rt")
        yaml.Parser = _counting(_Count(where))
        yaml.Constructor = _Constructor
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = _first_line(error.problem or error.context)
        tab = _TAB if "'\\t'" in said else ""
        raise NotYamlError(f"not YAML: {said}", where=where(mark.line if mark else None), fix=tab) from None
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) if isinstance(position, int) else None
        raise NotYamlError(f"not YAML: {_first_line(str(error))}", where=where(line)) from None


def _counting(count: _Count) -> type[RoundTripParser]:
    """A parser that counts what it parses, before the tree is made of it and thus before any value is."""

    class Counting(RoundTripParser):
        def get_event(self) -> Any:
            event = super().get_event()
            count.take(event)
            return event

    return Counting


def too_large(source: object) -> InputError:
    """The error for a text that is longer than any experiment file."""
    return InputError(f"it is larger than {MAX_BYTES // 1024} KiB", where=source, fix=_SPLIT)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still open."""

    anchor: str | None
    mapping: bool
    values: int = 0
    nodes: int = 0


@dataclass(slots=True)
class _Count:
    """Counts values so far: an alias counts as much as its target."""

    where: Callable[[int], str]
    values: int = 0
    documents: int = 0
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)
    scalars: set[str] = field(default_factory=set)

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        where = self.where(event.start_mark.line)
        if kind == "DocumentStartEvent":
            self._start(event, where)
        elif kind == "AliasEvent":
            if any(opened.anchor == event.anchor for opened in self.stack):
                raise InputError(f"*{shortened(event.anchor, 60)} is used inside the value that it names", where=where)
            self._enter(where, scalar=event.anchor in self.scalars)
            self._add(self.anchors.get(event.anchor, 1), where)
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            _refuse_tag(event, where)
            self._enter(where, scalar=False)
            self.stack.append(_Open(event.anchor, kind == "MappingStartEvent"))
            self._add(1, where)
            if len(self.stack) > MAX_DEPTH:
                raise InputError(f"lists and mappings are nested more than {MAX_DEPTH} levels deep", where=where)
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            closed = self.stack.pop()
            if closed.anchor is not None:
                self.anchors[closed.anchor] = closed.values
                self.scalars.discard(closed.anchor)
            if self.stack:
                self.stack[-1].values += closed.values
        elif kind == "ScalarEvent":
            _refuse_tag(event, where)
            _refuse_long_number(event, where)
            self._enter(where, scalar=True)
            if event.anchor is not None:
                self.anchors[event.anchor] = 1
                self.scalars.add(event.anchor)
            self._add(1, where)

    def _start(self, event: Any, where: str) -> None:
        self.documents += 1
        if self.documents > 1:
            raise InputError("a second YAML document begins here", where=where, fix="keep one experiment in each file")
        if event.tags or (event.version and tuple(event.version) != (1, 2)):
            raise InputError("YAML is read as version 1.2, without directives", where=where, fix="remove the '%' lines")

    def _enter(self, where: str, *, scalar: bool) -> None:
        """Count a node of the innermost list or mapping; every other one of a mapping is a key."""
        if not self.stack:
            return
        parent = self.stack[-1]
        if parent.mapping and parent.nodes % 2 == 0 and not scalar:
            raise InputError("a list or mapping is used as a key", where=where, fix="keys are text")
        parent.nodes += 1

    def _add(self, values: int, where: str) -> None:
        self.values += values
        if self.stack:
            self.stack[-1].values += values
        if self.values > MAX_VALUES:
            raise InputError(f"there are more than {MAX_VALUES:,} values up to here", where=where, fix=_SPLIT)


def _refuse_tag(event: Any, where: str) -> None:
    if event.tag is not None and not (event.tag == "!" and getattr(event, "style", None)):
        raise InputError(
            f"YAML tags ({_shown_tag(event.tag)}) do not work here", where=where, fix="write the value alone"
        )


def _shown_tag(tag: object) -> str:
    text = str(tag).replace("tag:yaml.org,2002:", "!!")
    return text if len(text) <= MAX_NUMBER_LENGTH else f"{text[:MAX_NUMBER_LENGTH]}..."


def _refuse_long_number(event: Any, where: str) -> None:
    if event.style is None and len(event.value) > MAX_NUMBER_LENGTH and _NUMBER.fullmatch(event.value):
        raise InputError(
            f"this number has {len(event.value):,} digits and signs", where=where, fix="write a shorter one"
        )


class _Constructor(RoundTripConstructor):
    """Keeps the text of each number, for fields that hold text; dates stay text."""

    def construct_yaml_int(self, node: Any) -> Any:
        value = super().construct_yaml_int(node)
        if not isinstance(value, ScalarInt):
            value = ScalarInt(value)
        value.written = node.value
        return value

    def construct_yaml_float(self, node: Any) -> Any:
        value = super().construct_yaml_float(node)
        if isinstance(value, ScalarFloat):
            value.written = node.value  # type: ignore[attr-defined]
        return value


_Constructor.add_constructor("tag:yaml.org,2002:int", _Constructor.construct_yaml_int)
_Constructor.add_constructor("tag:yaml.org,2002:float", _Constructor.construct_yaml_float)
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_scalar)


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines() or ["it cannot be parsed"]
    return lines[0][:200]
