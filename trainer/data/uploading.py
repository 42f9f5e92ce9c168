"""A data set put into a bucket, from where pods fetch it."""

from __future__ import annotations

from pathlib import Path

from trainer.contract.errors import DataError
from trainer.contract.store import open_store
from trainer.data.checksums import CHECKSUMS, etag_of, parse_checksums, sha256_of
from trainer.data.file_tree import walk
from trainer.data.slices import Progress


def upload(root: Path, url: str, progress: Progress | None = None) -> tuple[int, int]:
    """Put a folder into a bucket, with a SHA256SUMS; what is there already is left.

    Links are followed. Hidden files are passed over, and objects that the folder does not have are left alone.

    Args:
        root: A data set as published, or a folder of packs.
        url: `s3://bucket/prefix`.
        progress: Called with files done and their number.

    Returns:
        Files sent, and files in all.

    Raises:
        DataError: The folder is missing, has no file, or holds something that cannot be read.
        StoreError: The bucket cannot be reached.
    """
    files = {
        key: path for path in walk(root).require_readable() if (key := path.relative_to(root).as_posix()) != CHECKSUMS
    }
    if not files:
        raise DataError("there is no file in this folder", where=root, fix="give the folder of a data set")
    store = open_store(url)
    there = {stat.key: stat for stat in store.list()}
    sums, sent = {}, 0
    for done, (key, path) in enumerate(files.items()):
        if progress:
            progress(done, len(files))
        sums[key] = sha256_of(path)
        if key not in there or there[key].etag != etag_of(path):
            store.put_file(key, path)
            sent += 1
    before = parse_checksums(store.get(CHECKSUMS).data.decode("utf-8", "replace")) if CHECKSUMS in there else {}
    kept = {key: digest for key, digest in before.items() if key in there and key not in sums}
    if before != (after := {**kept, **sums}):
        text = "".join(f"{digest}  {key}\n" for key, digest in sorted(after.items()))
        store.put(CHECKSUMS, text.encode())
    return sent, len(files)
