"""Reads, writes and deletes many small objects with obstore, if installed: it does not hold the interpreter lock.

A request takes a quarter of boto3's processor time. obstore handles whole objects and does nothing else. boto3 finds
settings and credentials, and repeats any request that fails here, so that there is only one way of reporting faults.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.credentials import RefreshableCredentials

from gridctl_trainer.storage.base import Blob, require_size

_NAME: Final = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
"""Names that every client encodes in the same way."""
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CERTIFICATES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""Network settings that the two clients interpret differently."""
_MOST_FAILURES: Final = 3
_ASKED_AGAIN_AFTER: Final = timedelta(minutes=1)


class BulkObjects:
    """Reads, writes and deletes objects of one bucket. It is thread-safe."""

    def __init__(self, store: Any) -> None:
        """Use an `obstore.store.S3Store`."""
        self._store = store
        self._failures = 0

    @classmethod
    def of(cls, client: Any, credentials: Any, bucket: str) -> BulkObjects | None:
        """Make a client that is equivalent to a boto3 client; None if obstore is not installed or might differ.

        Args:
            client: A boto3 client for S3.
            credentials: Credentials of the client's session.
            bucket: Name of the bucket.
        """
        options = _options(client, bucket)
        if options is None or credentials is None:
            return None
        try:
            from obstore.store import S3Store

            return cls(S3Store(bucket, credential_provider=_provider(credentials), **options))
        except Exception:  # obstore is not installed, or does not support some setting
            return None

    def get(self, name: str, max_bytes: int | None, where: str) -> Blob | None:
        """Read an object.

        Args:
            name: Name of the object within the bucket.
            max_bytes: Largest size allowed; None for any.
            where: URL of the object, for errors.

        Returns:
            The object; None if boto3 must be asked, because the object or the server may not exist.

        Raises:
            NotAnObjectError: The object is larger than `max_bytes`.
        """
        if self._failures >= _MOST_FAILURES or not _NAME.fullmatch(name):
            return None
        try:
            answer = self._store.get(name)
            size_bytes, etag = int(answer.meta["size"]), answer.meta["e_tag"]
            data = None if max_bytes is not None and size_bytes > max_bytes else bytes(answer.bytes())
        except FileNotFoundError:
            return None
        except Exception:
            self._failures += 1
            return None
        require_size(size_bytes, max_bytes, where)
        if data is None or len(data) != size_bytes or not etag:
            return None
        self._failures = 0
        return Blob(data, str(etag).strip('"'))

    def put(self, name: str, data: bytes) -> str | None:
        """Write an object, replacing an older one.

        Args:
            name: Name of the object within the bucket.
            data: Its content.

        Returns:
            The ETag of the object; None if boto3 must be asked, whether or not the server wrote it.
        """
        if self._failures >= _MOST_FAILURES or not _NAME.fullmatch(name):
            return None
        try:
            etag = self._store.put(name, data, use_multipart=False)["e_tag"]
        except Exception:
            self._failures += 1
            return None
        if not etag:
            return None
        self._failures = 0
        return str(etag).strip('"')

    def delete(self, names: Sequence[str]) -> bool:
        """Remove objects in as few requests as S3 allows.

        Args:
            names: Names of the objects within the bucket; it is not an error if some do not exist.

        Returns:
            Whether all are removed; if not, boto3 must be asked to remove each.
        """
        if self._failures >= _MOST_FAILURES or not all(map(_NAME.fullmatch, names)):
            return False
        try:
            self._store.delete(list(names))
        except BaseException as error:
            # Rust's library panics over an answer about an object that was not named; this is no Exception in Python.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            self._failures += 1
            return False
        self._failures = 0
        return True


def _options(client: Any, bucket: str) -> Mapping[str, Any] | None:
    """Options with which obstore sends the same requests as boto3; None if that is not certain."""
    config = client.meta.config
    of_s3: Mapping[str, Any] = config.s3 or {}
    endpoint = str(client.meta.endpoint_url)
    unlike = _PROXIES if endpoint.startswith("http://") else (*_PROXIES, *_CERTIFICATES)
    style = of_s3.get("addressing_style") or "auto"
    special = ("use_accelerate_endpoint", "use_dualstack_endpoint", "use_arn_region", "payload_signing_enabled")
    if (
        any(os.environ.get(name) or os.environ.get(name.lower()) for name in unlike)
        or config.proxies
        or any(of_s3.get(name) for name in special)
        or getattr(config, "use_dualstack_endpoint", None)
        or getattr(config, "use_fips_endpoint", None)
        or config.signature_version not in (None, "s3v4", "v4")
        or style not in ("auto", "path")
        or "." in bucket
        or bucket.endswith("--x-s3")
    ):
        return None
    options: dict[str, Any] = {
        "region": client.meta.region_name or "us-east-1",
        "client_options": {"allow_http": endpoint.startswith("http://"), "connect_timeout": "5s", "timeout": "60s"},
        "retry_config": {"max_retries": 1, "retry_timeout": timedelta(seconds=10)},
    }
    if not endpoint.endswith(".amazonaws.com"):
        options |= {"endpoint": endpoint.rstrip("/"), "virtual_hosted_style_request": False}
    return options


def _provider(credentials: Any) -> Any:
    """A function that provides credentials as boto3 finds and renews them."""
    renewed = isinstance(credentials, RefreshableCredentials)

    def provide() -> dict[str, Any]:
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _ASKED_AGAIN_AFTER if renewed else None,
        }

    return provide
