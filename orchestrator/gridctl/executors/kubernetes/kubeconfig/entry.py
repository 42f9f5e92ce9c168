"""A named entry of a kubeconfig, and its fields by their types. Errors name the field and never show a value."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gridctl.errors import KubeconfigError

FIX: Final = "correct it, or name another kubeconfig with KUBECONFIG; `kubectl config view` shows what kubectl reads"


@dataclass(frozen=True, slots=True)
class Entry:
    """One context, cluster or user.

    Attributes:
        kind: `context`, `cluster` or `user`; `exec` for the section of a user.
        name: What other entries call it.
        file: The kubeconfig that it comes from; its relative paths start at that file's folder.
        fields: As they are written.
    """

    kind: str
    name: str
    file: Path
    fields: Mapping[str, Any]

    def wrong(self, what: str, fix: str = FIX) -> KubeconfigError:
        """The error that something about this entry is not valid."""
        return KubeconfigError(f"{self.kind} '{self.name}': {what}", where=self.file, fix=fix)

    def text(self, field: str) -> str:
        """A field that holds text; empty if it is not set.

        Raises:
            KubeconfigError: It holds something else.
        """
        value = self.fields.get(field)
        if value is not None and not isinstance(value, str):
            raise self.wrong(f"{field} must be text: put it in quotes")
        return value or ""

    def flag(self, field: str) -> bool:
        """A field that is true or false.

        Raises:
            KubeconfigError: It holds something else.
        """
        value = self.fields.get(field)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(f"{field} must be true or false, without quotes")
        return bool(value)

    def texts(self, field: str) -> tuple[str, ...]:
        """A field that is a list of texts.

        Raises:
            KubeconfigError: It holds something else.
        """
        value = self.fields.get(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(f"{field} must be a list of texts")
        return tuple(value)

    def section(self, field: str) -> Mapping[str, Any]:
        """A field that is a mapping; empty if it is not set.

        Raises:
            KubeconfigError: It holds something else.
        """
        value = self.fields.get(field)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(f"{field} must be a mapping")
        return value or {}

    def path(self, field: str) -> Path | None:
        """A field that names a file, relative to the kubeconfig's folder; None if it is not set."""
        name = self.text(field)
        return self.file.absolute().parent / name if name else None

    def content(self, field: str) -> bytes | None:
        """What FIELD names as a file or FIELD-data holds in base64; None if neither is set.

        Raises:
            KubeconfigError: Both are set, the file cannot be read, or the text is not base64.
        """
        path, data = self.path(field), self.text(f"{field}-data")
        if path and data:
            raise self.wrong(f"{field} and {field}-data are both set", "remove one of them")
        if path:
            return self.read(field, path)
        if not data:
            return None
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except ValueError:
            raise self.wrong(f"{field}-data is not valid base64", "write it again, as `base64 -w0 FILE` does") from None

    def read(self, field: str, path: Path) -> bytes:
        """The file that a field names.

        Raises:
            KubeconfigError: It cannot be read.
        """
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a path"
            raise self.wrong(f"cannot read {path}, which {field} names: {reason}") from None
