"""Base of records that are stored as one JSON object with a schema version."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import ValidationError
from pydantic_core import from_json

from gridctl_trainer.contract.errors import StoreError, shortened
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.json_text import require_keys_once


class Record(Frozen):
    """Base class of such records. Each declares a `schema_version` with a default.

    Attributes:
        kind: Its name in error messages, such as `a result`.
        remedy: What to do about a damaged one.
        max_bytes: Size limit for reading.
        older: Earlier schema versions that are still read.
    """

    kind: ClassVar[str]
    remedy: ClassVar[str] = ""
    max_bytes: ClassVar[int] = 16 << 20
    older: ClassVar[tuple[int, ...]] = ()

    @classmethod
    def from_json(cls, text: bytes | str, where: object = "") -> Self:
        """Read a record.

        Args:
            text: JSON.
            where: File or key to name in errors.

        Raises:
            StoreError: The text is not such a record, or has another schema version.
        """
        if len(text) > cls.max_bytes:
            raise StoreError(
                f"not {cls.kind}: it is larger than {cls.max_bytes >> 20} MiB", where=where, fix=cls.remedy
            )
        try:
            old = bool(cls.older) and _schema_version(text) in cls.older
            made = cls.from_older(text) if old else cls.model_validate_json(text, strict=True)
            require_keys_once(text)
            return made
        except ValidationError as error:
            known = cls.model_fields["schema_version"].default
            found = _schema_version(text)
            if found not in (None, known, *cls.older):
                raise StoreError(
                    f"{cls.kind} of schema version {shortened(repr(found), 40)}, this gridctl reads {known}",
                    where=where,
                    fix="use the gridctl that belongs to the image that wrote it",
                ) from None
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            said = shortened(f"{field}: {first['msg']}" if field else first["msg"])
            raise StoreError(f"not {cls.kind}: {said}", where=where, fix=cls.remedy) from None
        except ValueError as error:
            raise StoreError(f"not {cls.kind}: {error}", where=where, fix=cls.remedy) from None

    @classmethod
    def from_older(cls, text: bytes | str) -> Self:
        """Read a record of one of the `older` schema versions.

        Raises:
            ValueError: The record is not valid.
        """
        raise NotImplementedError


def _schema_version(text: bytes | str) -> object:
    try:
        content = from_json(text)
    except ValueError:
        return None
    return content.get("schema_version") if isinstance(content, dict) else None
