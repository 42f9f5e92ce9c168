"""A store in an S3 bucket, based on boto3. It is imported only if a URL begins with `s3://`."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

from gridctl_trainer.contract.errors import DamagedObjectError, StoreError
from gridctl_trainer.contract.location import Location
from gridctl_trainer.host.atomic_file import replacing
from gridctl_trainer.host.backoff import Backoff
from gridctl_trainer.storage.base import Blob, Stat, require_key, require_size
from gridctl_trainer.storage.s3.answers import require_s3_answer
from gridctl_trainer.storage.s3.bulk_objects import BulkObjects
from gridctl_trainer.storage.s3.checksums import Recorded, is_damaged, recorded
from gridctl_trainer.storage.s3.faults import fault_of
from gridctl_trainer.storage.s3.listing import list_objects
from gridctl_trainer.storage.s3.listing_page import LISTED, take_objects
from gridctl_trainer.storage.s3.refusals import error_code
from gridctl_trainer.storage.s3.settings import (
    credentials_check,
    require_plain_endpoint,
    require_readable_files,
    require_valid_settings,
)

_MULTIPART_BYTES: Final = 8 << 20
"""Files of at least this size are transferred in parts of this size, several at once."""

_CUT: Final = (FlexibleChecksumError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError, ConnectionError)
"""Raised if a body is cut off or damaged midway. botocore retries requests, but not reading their answers."""

_ATTEMPTS: Final = 5
_DAMAGED: Final = "its content is not what the checksum says that S3 keeps of it"
_BACKOFF: Final = Backoff(first_s=0.25, longest_s=30.0)


class S3Store:
    """Keeps objects in one bucket under one prefix. It is thread-safe, and connections are pooled.

    Credentials, region and endpoint are found as by every AWS tool (`AWS_*`, `~/.aws`, the pod's identity).
    `AWS_MAX_ATTEMPTS` and `AWS_RETRY_MODE` determine how often a failing request is repeated.
    """

    def __init__(self, bucket: str, prefix: str, client: Any, credentials: Any = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = client
        self._credentials = credentials

    @classmethod
    def open(cls, location: Location) -> S3Store:
        """Open the store at a bucket and prefix, without sending anything yet.

        Raises:
            StoreError: The AWS settings of this machine are invalid.
        """
        url = f"s3://{location.bucket}/{location.path}".rstrip("/")
        require_valid_settings(url)
        try:
            session = boto3.session.Session()
            client = session.client("s3", config=_config())
            credentials = session.get_credentials()
        except Exception as error:  # a setting of a form that AWS's library does not expect may raise anything
            raise fault_of(error, where=url, endpoint="") from None
        require_plain_endpoint(str(client.meta.endpoint_url), url)
        if credentials is None:
            require_readable_files(url)
        else:
            check = credentials_check(credentials, session.profile_name, url)
            client.meta.events.register_first("before-sign.s3", check)
        store = cls(location.bucket, location.path, client, credentials)
        # botocore's own handler for before-parse.s3.* turns a body that is not XML into a server error and retries.
        # Handlers for wildcards are called before those for names.
        client.meta.events.register_first("before-parse.*.*", store._require_s3_answer)
        client.meta.events.register_last("before-parse.s3.ListObjectsV2", take_objects)
        client.meta.events.register("before-call.s3.GetObject", _do_not_check_parts)
        return store

    @property
    def url(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def _endpoint(self) -> str:
        return str(self._client.meta.endpoint_url)

    def _require_s3_answer(self, operation_model: Any, response_dict: Any, **_: object) -> None:
        require_s3_answer(
            operation_model=operation_model, response_dict=response_dict, endpoint=self._endpoint, where=self.url
        )

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        name = self._name(key)
        for attempt in range(_ATTEMPTS):
            with self._faults(key):
                try:
                    answer = self._client.get_object(Bucket=self._bucket, Key=name)
                    require_size(int(answer.get("ContentLength", 0)), max_bytes, f"{self.url}/{key}")
                    return Blob(answer["Body"].read(), _etag(answer))
                except _CUT:
                    if attempt == _ATTEMPTS - 1:
                        raise
            _pause(attempt)
        raise AssertionError("unreachable")

    def get_in_bulk(self, key: str, max_bytes: int | None = None) -> Blob:
        """Like `get`, but faster if many threads read small objects at once."""
        name = self._name(key)
        found = self._bulk_objects.get(name, max_bytes, f"{self.url}/{key}") if self._bulk_objects else None
        return found if found is not None else self.get(key, max_bytes)

    @cached_property
    def _bulk_objects(self) -> BulkObjects | None:
        return BulkObjects.of(self._client, self._credentials, self._bucket)

    def get_file(self, key: str, path: Path) -> None:
        name = self._name(key)
        for attempt in range(_ATTEMPTS):
            with self._faults(key, path):
                try:
                    with replacing(path) as file:
                        self._client.download_fileobj(self._bucket, name, file, Config=_transfer())
                    if path.stat().st_size < _MULTIPART_BYTES or not is_damaged(path, self.recorded(key)):
                        return  # a smaller file arrives in one answer, whose checksum was already verified
                    path.unlink()
                except FlexibleChecksumError:
                    pass
                except (ClientError, S3DownloadFailedError) as error:
                    if not _was_replaced(error) or attempt == _ATTEMPTS - 1:
                        raise
            _pause(attempt)
        raise DamagedObjectError(_DAMAGED, where=f"{self.url}/{key}")

    def recorded(self, key: str) -> Recorded:
        """Ask S3 for its records of an object's content, which say more than an ETag."""
        name = self._name(key)
        with self._faults(key):
            return recorded(self._client, self._bucket, name)

    def put(self, key: str, data: bytes) -> str:
        name = self._name(key)
        with self._faults(key):
            return _etag(self._client.put_object(Bucket=self._bucket, Key=name, Body=data))

    def put_in_bulk(self, key: str, data: bytes) -> str:
        """Like `put`, but faster if many threads write small objects at once."""
        name = self._name(key)
        etag = self._bulk_objects.put(name, data) if self._bulk_objects else None
        return etag if etag is not None else self.put(key, data)

    def put_file(self, key: str, path: Path, sha256: str = "") -> str:
        """Write an object of any size from a file.

        Args:
            key: Key of the object.
            path: File with the content.
            sha256: Hex digest of the content, which S3 stores with the object; empty for none.

        Returns:
            The ETag of the object.
        """
        name = self._name(key)
        extra: dict[str, Any] = {"Metadata": {"sha256": sha256}} if sha256 else {}
        with self._faults(key, path), path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < _MULTIPART_BYTES:
                return _etag(self._client.put_object(Bucket=self._bucket, Key=name, Body=file, **extra))
            self._client.upload_fileobj(file, self._bucket, name, ExtraArgs=extra, Config=_transfer())
            return _etag(self._client.head_object(Bucket=self._bucket, Key=name))

    def create(self, key: str, data: bytes) -> bool:
        name = self._name(key)
        writer = uuid.uuid4().hex
        for attempt in range(_ATTEMPTS):
            with self._faults(key):
                try:
                    self._client.put_object(
                        Bucket=self._bucket, Key=name, Body=data, IfNoneMatch="*", Metadata={"writer": writer}
                    )
                    return True
                except ClientError as error:
                    code = error_code(error)
                    if code == "PreconditionFailed":
                        repeated = attempt or error.response["ResponseMetadata"].get("RetryAttempts", 0)
                        return bool(repeated) and self._written_by(name) == writer
                    if code != "ConditionalRequestConflict" or attempt == _ATTEMPTS - 1:
                        raise
            _pause(attempt)
        raise AssertionError("unreachable")

    def exists(self, key: str) -> bool:
        name = self._name(key)
        with self._faults(key):  # unlike a HEAD, the answer to a listing says what is wrong
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=name, MaxKeys=1)
            return any(item.get("Key") == name for item in answer.get(LISTED, answer.get("Contents", ())))

    def list(self, prefix: str = "") -> Iterator[Stat]:
        return list_objects(
            self._client, bucket=self._bucket, root=self._prefix, prefix=prefix, url=self.url, faults=self._faults
        )

    def folders(self) -> Iterator[str]:
        """List the distinct first parts of the keys."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix, Delimiter="/"
        )
        with self._faults(""):
            found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ())]
        return iter([name.removeprefix(self._prefix).rstrip("/") for name in found])

    def delete(self, key: str) -> None:
        name = self._name(key)
        with self._faults(key):
            try:
                self._client.delete_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise

    def delete_in_bulk(self, keys: Sequence[str]) -> Sequence[str]:
        """Remove many objects in few requests; returns those keys for which `delete` must be called."""
        names = [self._name(key) for key in keys]
        return () if self._bulk_objects is not None and self._bulk_objects.delete(names) else keys

    def _name(self, key: str) -> str:
        return self._prefix + require_key(key, self.url)

    def _written_by(self, name: str) -> str:
        """Find out who created an object, as the answer to a first, successful try may have been lost."""
        answer = self._client.head_object(Bucket=self._bucket, Key=name)
        return str(answer.get("Metadata", {}).get("writer", ""))

    @contextlib.contextmanager
    def _faults(self, key: str, path: Path | None = None) -> Iterator[None]:
        """Turn every failure of AWS's library, and of the local file at `path`, into a StoreError."""
        try:
            yield
        except RetriesExceededError as error:
            raise fault_of(error.last_exception, where=f"{self.url}/{key}", endpoint=self._endpoint) from error
        except S3DownloadFailedError as error:
            raise StoreError(
                "it was replaced again and again while it was read", where=f"{self.url}/{key}", fix="try again"
            ) from error
        except FlexibleChecksumError as error:
            raise DamagedObjectError(_DAMAGED, where=f"{self.url}/{key}") from error
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            if (
                path is not None
                and isinstance(error, OSError)
                and not isinstance(error, ConnectionError | TimeoutError)
            ):
                raise StoreError(error.strerror or str(error), where=path) from error
            if isinstance(error, ClientError) and error.operation_name.startswith("Head"):
                self._ask_for_words(key)
            raise fault_of(error, where=f"{self.url}/{key}".rstrip("/"), endpoint=self._endpoint) from error

    def _ask_for_words(self, key: str) -> None:
        """Repeat a refused HEAD as a GET and raise its error: only the refusal of a GET says why."""
        with self._faults(key):
            self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, Range="bytes=0-0")


def _config() -> Config:
    """Bounded timeouts and retries, so that an outage is reported within half a minute.

    Checksums are sent only if S3 requires them, because several S3 servers refuse them and the SHA-256 in the request's
    signature covers the payload anyway.
    """
    return Config(
        connect_timeout=5,
        read_timeout=60,
        retries={
            "mode": os.environ.get("AWS_RETRY_MODE", "standard"),
            "total_max_attempts": int(os.environ.get("AWS_MAX_ATTEMPTS", _ATTEMPTS)),
        },
        max_pool_connections=32,
        tcp_keepalive=True,
        request_checksum_calculation="when_required",
        user_agent_extra="gridctl",
    )


def _transfer() -> TransferConfig:
    return TransferConfig(
        multipart_threshold=_MULTIPART_BYTES,
        multipart_chunksize=_MULTIPART_BYTES,
        max_concurrency=4,
        preferred_transfer_client="classic",  # the other client ignores timeouts and retries
    )


def _etag(answer: Any) -> str:
    return str(answer["ETag"]).strip('"')


def _do_not_check_parts(params: Any, **_: object) -> None:
    """Do not verify checksums of parts, with which several servers send the checksum of the whole object.

    AWS's library would take this for damage, see https://github.com/boto/boto3/issues/4512. `get_file` verifies the
    whole object instead.
    """
    if "Range" in params["headers"]:
        params["context"].get("checksum", {}).pop("response_algorithms", None)


def _was_replaced(error: Exception) -> bool:
    """Whether an object was replaced while its parts were being read."""
    return isinstance(error, S3DownloadFailedError) or (
        isinstance(error, ClientError) and error_code(error) == "PreconditionFailed"
    )


def _pause(attempt: int) -> None:
    time.sleep(_BACKOFF.pause_s(attempt + 1))
