"""The experiment file as text and tree, with the line of everything in it."""

from __future__ import annotations

import copy
import io
import json
import os
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from gridctl.errors import InputError, Problem
from gridctl.experiment.opponents import written_place
from gridctl.experiment.override import override_value, split_path
from gridctl.experiment.yaml_text.bounded_yaml import load_yaml
from gridctl.experiment.yaml_text.plain_values import plain, require_text_keys
from gridctl.experiment.yaml_text.text_file import decode_text, read_text_file
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.spec import TrainingSpec
from gridctl_trainer.contract.spec.choice import Choice

Location = tuple[int | str, ...]

CHOICES: Final = tuple(name for name, field in TrainingSpec.model_fields.items() if isinstance(field.default, Choice))
"""Keys of sections that may be written as just a name."""


class Document:
    """One YAML mapping, with `--set` overrides applied, that knows where each value was written."""

    def __init__(
        self, tree: CommentedMap, source: str, text: str, overrides: Mapping[Location, str] | None = None
    ) -> None:
        self._tree = tree
        self._text = text
        self._overrides = dict(overrides or {})
        self.source = source

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read an experiment file.

        Raises:
            InputError: It cannot be read, or is not one YAML mapping.
        """
        try:
            text = read_text_file(path)
        except FileNotFoundError:
            raise InputError("there is no such experiment file", where=path, fix=_near_files(path)) from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str | bytes, source: str) -> Document:
        """Parse the text of an experiment file.

        Args:
            text: YAML 1.2; bytes in UTF-8.
            source: Its name in errors.

        Raises:
            InputError: It is not one YAML mapping, or larger, deeper or longer than any experiment.
        """
        if isinstance(text, bytes):
            text = decode_text(text, source)
        tree = load_yaml(text, source)
        if not isinstance(tree, CommentedMap):
            raise InputError(
                "an experiment file is a mapping of keys to values",
                where=f"{source}:1",
                fix="start from experiments/demo.yaml",
            )
        require_text_keys(tree, source)
        return cls(tree, source, text)

    def with_overrides(self, assignments: Sequence[str]) -> Document:
        """The document with `path=value` assignments applied, as in `--set data.train.path=PATH`.

        Args:
            assignments: Dotted path of a field, `=`, and a value as `override_value` reads it.

        Raises:
            InputError: An assignment has no `=`, or its path leads through something that is not a mapping.
        """
        if not assignments:
            return self
        tree, overrides = copy.deepcopy(self._tree), dict(self._overrides)
        for assignment in assignments:
            path, separator, text = assignment.partition("=")
            location = split_path(path)
            if not separator or not all(location):
                raise InputError(
                    "an override is PATH=VALUE", where=f"--set {assignment}", fix="for example --set training.epochs=20"
                )
            value = override_value(location, text, where=f"--set {path}")
            set_path(tree, location, value, where=f"--set {path}")
            overrides[location] = f"--set {path}"
        return Document(tree, self.source, "", overrides)

    def with_options(self, options: Mapping[str, str]) -> Document:
        """The document with top-level fields from `--store` and `--backend`: texts, taken literally."""
        if not options:
            return self
        tree, overrides = copy.deepcopy(self._tree), dict(self._overrides)
        for name, text in options.items():
            tree[name] = str(text)  # a plain one: YAML knows no enumerations
            overrides[(name,)] = f"--{name}"
        return Document(tree, self.source, "", overrides)

    def with_folders_resolved(self, key: str, start: Path) -> Document:
        """The document with the folders of a top-level list made absolute, so that it means the same everywhere.

        Args:
            key: Key of the list.
            start: Folder that relative ones are relative to.
        """
        folders = self._tree.get(key)
        if not isinstance(folders, list) or not all(isinstance(folder, str) for folder in folders):
            return self  # reported by the validation of the whole file
        absolute = [str(start.joinpath(Path(folder).expanduser()).absolute()) for folder in folders]
        if absolute == folders:
            return self
        tree = copy.deepcopy(self._tree)
        tree[key][:] = [os.path.normpath(folder) for folder in absolute]
        return Document(tree, self.source, "", self._overrides)

    @property
    def content(self) -> dict[str, Any]:
        """A copy of the tree as plain dicts, lists and scalars."""
        return {str(key): plain(value) for key, value in self._tree.items()}

    def where(self, location: Location) -> str:
        """`file:line` of a field, or of the nearest thing above it that was written.

        A field given by `--set` is named by that option instead. Of a key that is missing it is the line of the
        section that lacks it; where the file itself lacks it, the line of its first key.
        """
        written = tuple(str(part) for part in self._as_written(location))
        for length in range(len(written), 0, -1):
            label = self._overrides.get(written[:length])
            if label:
                return label
        line, node = self._tree.lc.line + 1, self._tree
        for depth, part in enumerate(self._as_written(location), 1):
            try:
                row, _ = node.lc.key(part) if isinstance(node, Mapping) else node.lc.item(part)
                node = node[part]
            except (AttributeError, KeyError, IndexError, TypeError):
                made_by = (label for path, label in self._overrides.items() if path[:depth] == written[:depth])
                return next(made_by, f"{self.source}:{line}")
            line = row + 1
        return f"{self.source}:{line}"

    def problem(self, location: Location, what: str, fix: str = "", wanted_by: Location = ()) -> Problem:
        """A mistake in a field, with its line, and with the path of the field unless an option already names it.

        Args:
            location: The field.
            what: The mistake.
            fix: What to do.
            wanted_by: The field for which this one is needed; its line is named where not even a section of this
                one was written.
        """
        written = self._as_written(location)
        named = tuple(str(part) for part in written) in self._overrides
        path = "" if named else shortened(field_path(written))
        where = self.where(location if location[0] in self._tree or not wanted_by else wanted_by)
        return Problem(shortened(f"{path}: {what}" if path else what, 1000), where=where, fix=fix)

    def _as_written(self, location: Location) -> Location:
        """The location without the index of an item written without its list, and the key of a name written alone."""
        written: list[int | str] = []
        node: Any = self._tree
        for part in self._with_opponent(location):
            if part == 0 and isinstance(node, Mapping):
                continue
            if part == "name" and isinstance(node, str):
                continue
            written.append(part)
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                node = None
        return tuple(written)

    def _with_opponent(self, location: Location) -> Location:
        """The location in the comparison that names several opponents, where one of them is meant."""
        if location[:1] != ("compare",) or len(location) < 2 or not isinstance(location[1], int):
            return location
        at, opponent = written_place(self._tree.get("compare"), location[1])
        named = (opponent,) if opponent is not None and location[2:] == ("against",) else ()
        return ("compare", at, *location[2:], *named)

    def to_yaml(self) -> str:
        """The document as YAML: as it was written, or with comments kept and overrides applied."""
        if not self._text:
            self._text = self._dumped()
        return self._text

    def _dumped(self) -> str:
        buffer = io.StringIO()
        yaml = YAML(typ="rt")
        yaml.width = 4096
        yaml.dump(self._tree, buffer)
        text, content = buffer.getvalue(), self.content
        if Document.parse(text, self.source).content == content:
            return text
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"  # is YAML too, and changes nothing


def field_path(location: Location) -> str:
    """`models.unet.channels[0]` for `("models", "unet", "channels", 0)`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def set_path(tree: MutableMapping[str, Any], location: Location, value: Any, *, where: str) -> None:
    """Set a value deep in nested mappings, making those that are missing.

    Raises:
        InputError: The path leads through something that is not a mapping.
    """
    node = tree
    for index, part in enumerate(location[:-1]):
        child = node.get(str(part))
        if child is None:
            node[str(part)] = child = CommentedMap()
        elif isinstance(child, CommentedMap):
            node[str(part)] = child = _own(child)
        if isinstance(child, list):
            child = _list_as_mapping(node, str(part), child)
        if isinstance(child, str) and part in CHOICES:
            child = node[str(part)] = CommentedMap(name=child)  # `optimizer: sgd` is short for `{name: sgd}`
        if not isinstance(child, MutableMapping):
            raise InputError(f"{field_path(location[: index + 1])} is not a mapping of keys to values", where=where)
        node = child
    node[str(location[-1])] = value


def _list_as_mapping(node: MutableMapping[str, Any], key: str, names: list[Any]) -> Any:
    """`models: [unet, gamma_net]` is short for a mapping with empty options."""
    if key != "models" or not all(isinstance(name, str) for name in names):
        return names
    node[key] = CommentedMap((name, CommentedMap()) for name in names)
    return node[key]


def _own(shared: CommentedMap) -> CommentedMap:
    """A copy without aliases and merge keys, so that a change affects one place only."""
    own = copy.copy(shared)
    own.yaml_set_anchor(None)
    return own


def _near_files(path: Path) -> str:
    from gridctl_trainer.contract.suggest import did_you_mean

    files = sorted(str(found) for folder in {path.parent, Path("experiments")} for found in folder.glob("*.yaml"))
    return did_you_mean(path, files) if files else "give the path of a YAML file"
