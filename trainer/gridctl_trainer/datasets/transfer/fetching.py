"""Fetches data from a bucket to this machine's disk, once for all processes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gridctl_trainer.contract.data_layout import CHECKSUMS
from gridctl_trainer.contract.errors import DamagedObjectError, DataError, StoreError
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.slices import Progress
from gridctl_trainer.datasets.transfer.cache_folder import cache_folder
from gridctl_trainer.datasets.transfer.checksums import parse_checksums
from gridctl_trainer.host.file_digest import sha256_of
from gridctl_trainer.host.file_lock import held
from gridctl_trainer.storage.base import Stat, Store, open_store

_log = logging.getLogger(__name__)

_JOURNAL: Final = ".fetched.jsonl"
_TRIES: Final = 3
_SEND_AGAIN: Final = "delete this object, then upload the data again"


class _Fetched(Frozen):
    """A line of the journal: a file that was fetched and verified."""

    key: str
    etag: str
    size_bytes: int
    mtime_ns: int


def is_remote(location: str) -> bool:
    """Whether the data is in a bucket."""
    return read_location(location).is_remote


def folder_of(location: str) -> Path:
    """The local folder of a location: the folder itself, or the folder into which `fetch` puts a bucket's data."""
    return _folder_of(open_store(location)) if is_remote(location) else read_location(location).folder


def _folder_of(store: Store) -> Path:
    return cache_folder() / "datasets" / hashlib.sha256(store.url.encode()).hexdigest()[:16]


def fetch(url: str, progress: Progress | None = None) -> Path:
    """Fetch everything below a prefix to this machine, once.

    One process fetches while others wait. Every file is checked against its length, against S3's own checksum if there
    is one, and against its SHA-256 if the prefix has a SHA256SUMS. An ETag only shows whether an object has changed, as
    it depends on the client, the parts of the upload and the encryption. Files that were complete when a process was
    killed are kept. Objects that changed in the bucket are fetched again, and files that were deleted there are deleted
    here.

    Args:
        url: `s3://bucket/prefix`.
        progress: Called with the number of files done and the total number; it may raise to stop.

    Returns:
        The folder in the cache.

    Raises:
        DataError: There is nothing below the prefix, or a file does not match its checksum.
        StoreError: The bucket cannot be reached, or the cache cannot be written.
    """
    store = open_store(url)
    there, wanted = _listed(store, url)

    def waiting() -> None:
        if progress:
            progress(0, len(wanted))

    folder: Path | None = None
    try:
        folder = _folder_of(store)
        with held(folder.with_name(f"{folder.name}.lock"), waiting):
            fetching = _Fetching(store, folder, wanted, CHECKSUMS in there)
            fetching.run(progress)
            fetching.forget_the_rest()
    except OSError as error:
        fix = "set GRIDCTL_CACHE, or kubernetes.data_cache, to a folder with space that can be written"
        raise StoreError(
            f"cannot keep the data: {error.strerror or error}", where=folder or error.filename or "", fix=fix
        ) from None
    return folder


def download(url: str, folder: Path, progress: Progress | None = None) -> tuple[int, int]:
    """Fetch everything below a prefix into a folder, as `fetch` does, but leave other files in the folder alone.

    Args:
        url: `s3://bucket/prefix`.
        folder: Where to put the files, such as the volume that pods read; made if missing.
        progress: Called with the number of files done and the total number; it may raise to stop.

    Returns:
        The number of files that were fetched, and of all files.

    Raises:
        DataError: There is nothing below the prefix, a file does not match its checksum, or the folder cannot be
            written.
        StoreError: The bucket cannot be reached.
    """
    store = open_store(url)
    there, wanted = _listed(store, url)
    try:
        return _Fetching(store, folder, wanted, CHECKSUMS in there).run(progress), len(wanted)
    except OSError as error:
        fix = "give a folder with space that can be written"
        raise DataError(f"cannot keep the data: {error.strerror or error}", where=folder, fix=fix) from None


def _listed(store: Store, url: str) -> tuple[dict[str, Stat], dict[str, Stat]]:
    """List all objects below a prefix, and those of them that are data.

    Raises:
        DataError: There is no data.
    """
    there = {stat.key: stat for stat in store.list()}
    wanted = {key: stat for key, stat in there.items() if key != CHECKSUMS}
    if not wanted:
        raise DataError(
            f"there is nothing at {url}",
            where=url,
            fix="put the data there: gridctl-trainer data upload FOLDER " + url,
        )
    return there, wanted


class _Fetching:
    """Fetches one prefix, while the caller holds its lock."""

    def __init__(self, store: Store, folder: Path, wanted: Mapping[str, Stat], with_checksums: bool) -> None:
        self._store, self._folder, self._wanted = store, folder, wanted
        self._with_checksums = with_checksums

    def run(self, progress: Progress | None) -> int:
        """Fetch the files that are missing, and return their number."""
        self._folder.mkdir(parents=True, exist_ok=True)
        done = self._journal()
        missing = [stat for stat in self._wanted.values() if not self._is_here(stat, done.get(stat.key))]
        if missing:
            _log.info("fetching %d of %d files of %s", len(missing), len(self._wanted), self._store.url)
        sums = self._sha256sums() if missing and self._with_checksums else {}
        with (self._folder / _JOURNAL).open("a", encoding="utf-8") as journal:
            for number, stat in enumerate(missing):
                if progress:
                    progress(len(self._wanted) - len(missing) + number, len(self._wanted))
                path = self._fetch_one(stat, sums.get(stat.key))
                line = _Fetched(
                    key=stat.key, etag=stat.etag, size_bytes=stat.size_bytes, mtime_ns=path.stat().st_mtime_ns
                )
                journal.write(line.model_dump_json() + "\n")
                journal.flush()
        return len(missing)

    def _journal(self) -> dict[str, _Fetched]:
        """Read what was fetched before. A truncated line is ignored, so that its file is fetched again."""
        try:
            lines = (self._folder / _JOURNAL).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        found = {}
        for line in lines:
            try:
                record = _Fetched.model_validate_json(line)
            except ValidationError:
                continue
            found[record.key] = record
        return found

    def _is_here(self, stat: Stat, fetched: _Fetched | None) -> bool:
        if fetched is None or (fetched.etag, fetched.size_bytes) != (stat.etag, stat.size_bytes):
            return False
        try:
            status = (self._folder / stat.key).stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (fetched.size_bytes, fetched.mtime_ns)

    def _sha256sums(self) -> dict[str, str]:
        return parse_checksums(self._store.get(CHECKSUMS).data.decode("utf-8", "replace"))

    def _fetch_one(self, stat: Stat, sha256: str | None) -> Path:
        path = self._folder / stat.key
        said = ""
        for _ in range(_TRIES):
            try:
                self._store.get_file(stat.key, path)
            except DamagedObjectError as error:
                raise DataError(error.problems[0].what, where=error.problems[0].where, fix=_SEND_AGAIN) from None
            said = _mismatch(path, stat, sha256)
            if not said:
                return path
            path.unlink()
        raise DataError(said, where=f"{self._store.url}/{stat.key}", fix=_SEND_AGAIN)

    def forget_the_rest(self) -> None:
        """Delete files that are no longer in the bucket."""
        for path in self._folder.rglob("*"):
            key = path.relative_to(self._folder).as_posix()
            if path.is_file() and key not in self._wanted and key != _JOURNAL:
                path.unlink()


def _mismatch(path: Path, stat: Stat, sha256: str | None) -> str:
    """Say what is wrong with a fetched file; empty if nothing is."""
    size_bytes = path.stat().st_size
    if size_bytes != stat.size_bytes:
        return f"{count(size_bytes, 'byte')} came, not {stat.size_bytes}"
    if sha256 is not None:
        found = sha256_of(path)
        return "" if found == sha256 else f"its SHA-256 is {found[:12]}..., not {sha256[:12]}... as {CHECKSUMS} says"
    return ""
