"""Base class of records: one JSON object with a schema version, written to the store and read back."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import ValidationError
from pydantic_core import from_json

from gridctl_trainer.contract.errors import StoreError, shortened
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.json_text import require_keys_once


class Record(Frozen):
    """Base of such objects; each declares a `schema_version` with its default.

    Attributes:
        kind: What it is called in errors: `a result`.
        remedy: What to do about one that is damaged.
        max_bytes: Length of the largest that is read.
        older: Schema versions of before that are still read.
    """

    kind: ClassVar[str]
    remedy: ClassVar[str] = ""
    max_bytes: ClassVar[int] = 16 << 20
    older: ClassVar[tuple[int, ...]] = ()

    @classmethod
    def from_json(cls, text: bytes | str, where: object = "") -> Self:
        """Read one.

        Args:
            text: JSON.
            where: File or key named in errors.

        Raises:
            StoreError: It is not one, or one of another version.
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
        """Read one of the schema versions `older`.

        Raises:
            ValueError: It is not sound.
        """
        raise NotImplementedError


def _schema_version(text: bytes | str) -> object:
    try:
        content = from_json(text)
    except ValueError:
        return None
    return content.get("schema_version") if isinstance(content, dict) else None
