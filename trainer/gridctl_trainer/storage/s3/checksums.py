"""Verifies objects by checksums that S3 keeps, as an ETag alone only shows that something has changed."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

_CHUNK_BYTES: Final = 1 << 20


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


_ALGORITHMS: Final[Mapping[str, Callable[[], Any]]] = {
    "ChecksumSHA256": hashlib.sha256,
    "ChecksumSHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "ChecksumCRC32": _Crc32,
}
"""S3's checksum algorithms that Python has, strongest first."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What S3 has recorded about the content of an object.

    Attributes:
        sha256: Hex digest that `data upload` stored with the object; empty if there is none.
        checksums: S3's own checksums of the whole content in base64, by field name.
        etag: ETag of the object.
        part_bytes: Size of the parts in which the object was sent; 0 if unknown.
    """

    sha256: str
    checksums: Mapping[str, str]
    etag: str
    part_bytes: int


def recorded(client: Any, bucket: str, name: str) -> Recorded:
    """Ask S3 for the checksums of an object. Checksums of parts are left out, as they do not cover the whole.

    Args:
        client: A boto3 client for S3.
        bucket: Name of the bucket.
        name: Name of the object within the bucket.

    Raises:
        ClientError: S3 refuses the request.
    """
    answer = client.head_object(Bucket=bucket, Key=name, ChecksumMode="ENABLED")
    whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    etag = str(answer.get("ETag", "")).strip('"')
    found = {field: answer[field] for field in _ALGORITHMS if whole and _is_checksum(answer.get(field, ""), field)}
    part_bytes = 0
    if "-" in etag and not found:
        try:
            part_bytes = int(client.head_object(Bucket=bucket, Key=name, PartNumber=1)["ContentLength"])
        except (ClientError, KeyError):
            part_bytes = 0
    return Recorded(str(answer.get("Metadata", {}).get("sha256", "")), found, etag, part_bytes)


def is_damaged(path: Path, kept: Recorded) -> bool:
    """Whether a file contradicts S3's own checksum."""
    field = next(iter(kept.checksums), None)
    return field is not None and _checksum(path, field) != kept.checksums[field]


def is_same(path: Path, sha256: str, kept: Recorded) -> bool | None:
    """Whether an object has the same content as a file; None if S3's records do not tell.

    Args:
        path: The file.
        sha256: Hex digest of the file.
        kept: S3's records of the object.
    """
    if kept.sha256:
        return kept.sha256 == sha256
    if kept.checksums:
        return not is_damaged(path, kept)
    if kept.part_bytes and etag_in_parts(path, kept.part_bytes) == kept.etag:
        return True
    return None


def etag_in_parts(path: Path, part_bytes: int) -> str:
    """The ETag of a file that is sent in parts: the MD5 of the parts' MD5s, and the number of parts."""
    parts = []
    with path.open("rb") as file:
        while part := file.read(part_bytes):
            parts.append(hashlib.md5(part, usedforsecurity=False).digest())
    return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"


def _is_checksum(text: str, field: str) -> bool:
    """Whether a text is a checksum of a whole object; checksums of parts end with their number, such as `-3`."""
    try:
        return len(base64.b64decode(text, validate=True)) == len(_ALGORITHMS[field]().digest())
    except ValueError:
        return False


def _checksum(path: Path, field: str) -> str:
    state = _ALGORITHMS[field]()
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            state.update(data)
    return base64.b64encode(state.digest()).decode()
