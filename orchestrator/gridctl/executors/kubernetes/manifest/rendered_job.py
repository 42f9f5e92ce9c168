"""The output of a template: text with known template lines, parsed as YAML into one Job."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

import yaml
from yaml.resolver import Resolver

from gridctl.executors.kubernetes.manifest.template_mistake import TemplateMistake, quoted

MOST_CHARACTERS: Final = 1_000_000
"""Largest output of a template: the API server accepts no object of more than 1.5 MiB."""

_THROUGH_TOJSON: Final = "write values through the filter `tojson`"
_JSON_TAGS: Final = tuple(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
_STRING, _MAPPING, _SEQUENCE = (f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq"))
_LONGEST_NUMBER: Final = 300
_LONGEST_WORD: Final = 100


@dataclass(frozen=True, slots=True)
class Rendered:
    """The output of a template.

    Attributes:
        text: YAML.
        job: The same, parsed.
        lines: Line of the template by path of a field, such as `spec.template`.
    """

    text: str
    job: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)


def lines_by_text(template: str) -> Mapping[str, Sequence[int]]:
    """Where each line of a template stands in it, by its text without the spaces around it."""
    written: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(template.splitlines(), start=1):
        written[line.strip()].append(number)
    return written


class TemplateOutput:
    """Text that remembers which line of the template each of its lines comes from.

    Args:
        written: Of the template, as `lines_by_text` gives it. Jinja tells where expressions are; text between them
            is looked up.
    """

    def __init__(self, written: Mapping[str, Sequence[int]]) -> None:
        self._pieces: list[tuple[str, int]] = []
        self._length = 0
        self._written = written

    def add(self, piece: str, line: int) -> None:
        """Append a piece of output.

        Args:
            piece: Text.
            line: Line of the template, or one before it.

        Raises:
            TemplateMistake: It is too much.
        """
        self._length += len(piece)
        if self._length > MOST_CHARACTERS:
            raise TemplateMistake(f"the template gives more than {MOST_CHARACTERS:,} characters", line)
        self._pieces.append((piece, line))

    def _looked_up(self, text: str, line: int) -> int:
        numbers = self._written.get(text, ()) if text else ()
        found = bisect_left(numbers, line)
        return numbers[found] if found < len(numbers) else line

    @property
    def text(self) -> str:
        """All of it."""
        return "".join([piece for piece, _ in self._pieces])

    def template_line(self, line: int) -> int:
        """Of a line of the text, counted from 0."""
        return self._lines[min(line, len(self._lines) - 1)] if self._lines else 1

    @cached_property
    def _lines(self) -> list[int]:
        """The template's line of each line of the text: computed on first use, since only mistakes need it."""
        lines: list[int] = []
        at_line_start = True
        for piece, first in self._pieces:
            line = first
            for part in piece.splitlines(keepends=True):
                if at_line_start:
                    line = self._looked_up(part.strip(), line)
                    lines.append(line)
                at_line_start = part.endswith("\n")
                line += at_line_start
        return lines


class _UniqueKeyLoader(yaml.CSafeLoader):
    """YAML as kubectl reads it, except that duplicate keys are refused."""

    def resolve(self, kind: type[Any], value: Any, implicit: tuple[bool, bool]) -> str:
        """As in the base class, without its rules by path, of which there are none: Jobs repeat most of their words."""
        if kind is yaml.ScalarNode:
            return _tag_of_plain(value) if implicit[0] else _STRING
        return _MAPPING if kind is yaml.MappingNode else _SEQUENCE

    def descend_resolver(self, *_: object) -> None:
        """Nothing, for the same reason."""

    def ascend_resolver(self) -> None:
        """Nothing, for the same reason."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key.value, str):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"'{key.value}' is given twice", problem_mark=key.start_mark)
                seen.add(key.value)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made

    def construct_plain(self, node: Any) -> Any:
        """The value of a node, faster than `construct_document`, for documents without aliases and merge keys."""
        tag = node.tag
        if tag == _STRING:
            return node.value
        if tag == _MAPPING and isinstance(node, yaml.MappingNode):
            made: dict[Any, Any] = {}
            for key, value in node.value:
                if key.tag != _STRING:
                    return self.construct_object(node, deep=True)
                if key.value in made:
                    raise yaml.MarkedYAMLError(problem=f"'{key.value}' is given twice", problem_mark=key.start_mark)
                made[key.value] = self.construct_plain(value)
            return made
        if tag == _SEQUENCE and isinstance(node, yaml.SequenceNode):
            return [self.construct_plain(item) for item in node.value]
        return self.construct_object(node, deep=True)


_RESOLVER: Final = Resolver()


def _tag_of_plain(value: str) -> str:
    """What a word without quotes means: a text, a number, yes or no, a date, nothing."""
    return _tag_of_word(value) if len(value) <= _LONGEST_WORD else _resolved(value)


def _resolved(value: str) -> str:
    return str(_RESOLVER.resolve(yaml.ScalarNode, value, (True, False)))  # type: ignore[no-untyped-call]


_tag_of_word = lru_cache(maxsize=4096)(_resolved)


def read_job(output: TemplateOutput) -> Rendered:
    """The Job in the output of a template.

    Raises:
        TemplateMistake: It is not one YAML mapping, or no JSON.
    """
    text = output.text
    has_aliases = "*" in text and "&" in text
    try:
        loader = _UniqueKeyLoader(text)
        documents: list[tuple[Any, Any]] = []
        while loader.check_node():
            node = loader.get_node()
            document = loader.construct_document(node) if has_aliases else loader.construct_plain(node)
            if document is not None:
                documents.append((node, document))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line if mark else text.count("\n", 0, getattr(error, "position", 0))
        written = text.split("\n")
        near = f" at `{quoted(written[line])}`" if line < len(written) else ""
        what = f"what the template gives is not YAML: {quoted(str(getattr(error, 'problem', None) or error))}{near}"
        raise TemplateMistake(what, output.template_line(line), _THROUGH_TOJSON) from None
    except (RecursionError, ValueError) as error:
        what = f"what the template gives is not YAML: {quoted(str(error))}"
        raise TemplateMistake(what, output.template_line(_line_of_endless_number(text)), _THROUGH_TOJSON) from None
    if len(documents) != 1 or not isinstance(documents[0][1], dict):
        line = documents[min(1, len(documents) - 1)][0].start_mark.line if documents else 0
        what = f"the template gives {len(documents)} YAML documents, not one Job"
        if len(documents) == 1:
            what = "the template gives YAML that is not a mapping, so it is not a Job"
        raise TemplateMistake(what, output.template_line(line))
    node, job = documents[0]
    _require_small_json(job, node, output, has_aliases=has_aliases)
    return Rendered(text.strip() + "\n", job, _FieldLines(node, output))


class _FieldLines(Mapping[str, int]):
    """Computed on first use: only a Job with a mistake needs line numbers."""

    def __init__(self, node: Any, output: TemplateOutput) -> None:
        self._node = node
        self._output = output

    @cached_property
    def _found(self) -> dict[str, int]:
        return {path: self._output.template_line(line) for path, line in _places(self._node, "", set())}

    def __getitem__(self, path: str) -> int:
        return self._found[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _line_of_endless_number(text: str) -> int:
    """Python refuses numbers of more than some thousand digits without saying where they are."""
    found = re.search(r"\d{4000,}", text)
    return text.count("\n", 0, found.start()) if found else 0


def _require_small_json(job: Any, node: Any, output: TemplateOutput, *, has_aliases: bool) -> None:
    """Aliases may expand to much more: then it is measured piece by piece, else at once, which is faster.

    Raises:
        TemplateMistake: It is not JSON, or too much.
    """
    length = 0
    try:
        encoder = json.JSONEncoder(allow_nan=False, ensure_ascii=False, sort_keys=True)
        for piece in encoder.iterencode(job) if has_aliases else (encoder.encode(job),):
            length += len(piece)
            if length > MOST_CHARACTERS:
                raise TemplateMistake(f"what the template gives is more than {MOST_CHARACTERS:,} characters of JSON")
    except (TypeError, ValueError, RecursionError) as error:
        what = f"what the template gives is not JSON: {quoted(str(error))}"
        line = next((output.template_line(item.start_mark.line) for item in _no_json(node, set())), 0)
        raise TemplateMistake(what, line, _THROUGH_TOJSON) from None


def _no_json(node: Any, seen: set[int]) -> Iterator[Any]:
    """Scalars that JSON has no form for: dates, infinities, endless numbers."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        number = node.tag.endswith((":int", ":float"))
        infinite = number and node.value.strip("+-").lower() in (".nan", ".inf")
        if node.tag not in _JSON_TAGS or infinite or (number and len(node.value) > _LONGEST_NUMBER):
            yield node
        return
    for item in node.value:
        for child in item if isinstance(item, tuple) else (item,):
            yield from _no_json(child, seen)


def _places(node: Any, path: str, seen: set[int]) -> Iterator[tuple[str, int]]:
    """Path and line of everything in a document; of what is repeated by an alias only the first."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = f"{path}.{key.value}" if path else str(key.value)
            yield below, key.start_mark.line
            yield from _places(value, below, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{path}[{index}]", value.start_mark.line
            yield from _places(value, f"{path}[{index}]", seen)
