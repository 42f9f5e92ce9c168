"""Parses one kubeconfig file into its named entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from gridctl.errors import KubeconfigError
from gridctl.executors.kubernetes.kubeconfig.entry import FIX, Entry

_LARGEST_BYTES: Final = 4 << 20
_KINDS: Final = {"contexts": "context", "clusters": "cluster", "users": "user"}


@dataclass(frozen=True, slots=True)
class Content:
    """The content of one file, or of several merged.

    Attributes:
        current_context: Name of the default context; empty if none is set.
        contexts: Cluster, user and namespace, by name.
        clusters: By name.
        users: By name.
    """

    current_context: str = ""
    contexts: Mapping[str, Entry] = field(default_factory=dict)
    clusters: Mapping[str, Entry] = field(default_factory=dict)
    users: Mapping[str, Entry] = field(default_factory=dict)


def read_file(file: Path) -> Content | None:
    """Everything in a kubeconfig; nothing of an empty one, and None if there is no such file.

    Raises:
        KubeconfigError: It cannot be read, or is not a kubeconfig. Its text is not shown, as it holds secrets.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise KubeconfigError(f"cannot read the kubeconfig: {reason}", where=file, fix=FIX) from None
    if len(raw) > _LARGEST_BYTES:
        raise _invalid(file, f"it is larger than {_LARGEST_BYTES >> 20} MiB")
    parsed = _parsed(file, raw)
    if parsed is None:
        return Content()
    if not isinstance(parsed, dict):
        raise _invalid(file, "it is not a mapping with contexts, clusters and users")
    if parsed.get("kind") not in (None, "", "Config"):
        raise _invalid(file, "its kind is not Config")
    top = Entry("kubeconfig", file.name, file, parsed)
    entries = {key: _named(top, key) for key in _KINDS}
    return Content(top.text("current-context"), **entries)


def _parsed(file: Path, raw: bytes) -> object:
    try:
        return yaml.safe_load(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _invalid(file, "it is not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:  # its message would quote the line
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _invalid(f"{file}:{line}" if line else file, "this is not YAML") from None
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, TypeError, AttributeError, OverflowError):
        # the last ones come from values that are not what they are taken for, such as the date 2020-13-45
        raise _invalid(file, "this is not YAML") from None


def _named(top: Entry, key: str) -> dict[str, Entry]:
    """The entries of a list such as `users`, by name."""
    items = top.fields.get(key)
    kind, found = _KINDS[key], dict[str, Entry]()
    if items is not None and not isinstance(items, list):
        raise _invalid(top.file, f"{key} must be a list")
    for number, item in enumerate(items or ()):
        if not isinstance(item, dict):
            raise _invalid(top.file, f"{key}[{number}] must be a mapping with name and {kind}")
        outer = Entry(key, f"[{number}]", top.file, item)
        name = outer.text("name")
        if name in found:
            raise _invalid(top.file, f"two {key} have the name '{name}'")
        fields: Mapping[str, Any] = Entry(kind, name, top.file, item).section(kind)
        found[name] = Entry(kind, name, top.file, fields)
    return found


def _invalid(where: object, what: str) -> KubeconfigError:
    return KubeconfigError(f"not a valid kubeconfig: {what}", where=where, fix=FIX)
