"""What is written into the store as one JSON object with a schema version, and read back."""

from __future__ import annotations

import json
from typing import ClassVar, Self

from pydantic import ValidationError

from trainer.contract.errors import StoreError
from trainer.contract.frozen import Frozen


class Record(Frozen):
    """Base of such objects; each declares a `schema_version` with its default.

    Attributes:
        kind: What it is called in errors: `a result`.
        remedy: What to do about one that is damaged.
    """

    kind: ClassVar[str]
    remedy: ClassVar[str] = ""

    @classmethod
    def from_json(cls, text: bytes | str, where: object = "") -> Self:
        """Read one.

        Args:
            text: JSON.
            where: File or key named in errors.

        Raises:
            StoreError: It is not one, or one of another version.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            known = cls.model_fields["schema_version"].default
            found = _schema_version(text)
            if found not in (None, known):
                raise StoreError(
                    f"{cls.kind} of schema version {found!r}, this gridctl reads {known}",
                    where=where,
                    fix="use the gridctl that belongs to the image that wrote it",
                ) from None
            raise StoreError(f"not {cls.kind}: {error.errors()[0]['msg']}", where=where, fix=cls.remedy) from None


def _schema_version(text: bytes | str) -> object:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content.get("schema_version") if isinstance(content, dict) else None
