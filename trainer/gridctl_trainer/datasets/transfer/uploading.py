"""Uploads a data set to a bucket, from which pods fetch it."""

from __future__ import annotations

from pathlib import Path

from gridctl_trainer.contract.data_layout import CHECKSUMS
from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.datasets.file_tree import walk
from gridctl_trainer.datasets.slices import Progress
from gridctl_trainer.datasets.transfer.checksums import parse_checksums
from gridctl_trainer.host.file_digest import md5_of, sha256_of
from gridctl_trainer.storage.base import Stat
from gridctl_trainer.storage.s3.checksums import is_same
from gridctl_trainer.storage.s3.store import S3Store


def upload(root: Path, url: str, progress: Progress | None = None) -> tuple[int, int]:
    """Upload a folder to a bucket together with a SHA256SUMS, skipping files that are already there.

    Links are followed and hidden files are skipped. Objects that do not exist in the folder are left alone.

    Args:
        root: A data set as published, or a folder of packs.
        url: `s3://bucket/prefix`.
        progress: Called with the number of files done and the total number.

    Returns:
        The number of files sent, and of all files.

    Raises:
        DataError: The folder is missing or empty, or holds something that cannot be read.
        StoreError: The bucket cannot be reached.
    """
    files = {
        key: path for path in walk(root).require_readable() if (key := path.relative_to(root).as_posix()) != CHECKSUMS
    }
    if not files:
        raise DataError("there is no file in this folder", where=root, fix="give the folder of a data set")
    store = S3Store.open(read_location(url))
    there = {stat.key: stat for stat in store.list()}
    before = parse_checksums(store.get(CHECKSUMS).data.decode("utf-8", "replace")) if CHECKSUMS in there else {}
    summed_at = there[CHECKSUMS].modified if CHECKSUMS in there else 0.0
    sums, sent = {}, 0
    for done, (key, path) in enumerate(files.items()):
        if progress:
            progress(done, len(files))
        sums[key] = sha256_of(path)
        if not _is_there(path, sums[key], there.get(key), before.get(key, ""), summed_at, store):
            store.put_file(key, path, sums[key])
            sent += 1
    kept = {key: digest for key, digest in before.items() if key in there and key not in sums}
    if before != (after := {**kept, **sums}) or sent:  # the list is trusted for objects that are older than itself
        text = "".join(f"{digest}  {key}\n" for key, digest in sorted(after.items()))
        store.put(CHECKSUMS, text.encode())
    return sent, len(files)


def _is_there(path: Path, sha256: str, stat: Stat | None, listed: str, summed_at: float, store: S3Store) -> bool:
    """Whether an object certainly has the same content as a file.

    Equal ETags prove it, while different ETags prove nothing. If S3 has no checksum, SHA256SUMS is trusted for objects
    that are older than itself.
    """
    if stat is None or stat.size_bytes != path.stat().st_size:
        return False
    if stat.etag == md5_of(path):
        return True
    same = is_same(path, sha256, store.recorded(stat.key))
    return same if same is not None else listed == sha256 and stat.modified < summed_at
