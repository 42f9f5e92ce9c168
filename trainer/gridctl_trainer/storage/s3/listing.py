"""Lists the objects of a bucket under a prefix, and refuses faulty listings."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.storage.base import Stat, is_key
from gridctl_trainer.storage.s3.listing_page import LISTED

_FIX = "look at AWS_ENDPOINT_URL_S3; use another S3 server, or a newer version of this one"

_log = logging.getLogger(__name__)


def list_objects(
    client: Any, *, bucket: str, root: str, prefix: str, url: str, faults: Callable[[str], AbstractContextManager[None]]
) -> Iterator[Stat]:
    """List every object whose name begins with `root` and `prefix`, in the order of the keys.

    Keys that no folder could hold, and markers that web consoles write for folders, are skipped.

    Args:
        client: A boto3 client.
        bucket: Name of the bucket.
        root: Prefix of the store, which is removed from the keys.
        prefix: Prefix of the keys.
        url: URL of the store.
        faults: Turns what a request raises into a StoreError.

    Raises:
        StoreError: The server fails, or its answer is not a listing of the prefix.
    """
    pages = iter(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=root + prefix))
    first_names: set[str] = set()
    skipped: list[str] = []
    while True:
        with faults(prefix):
            page = next(pages, None)
        if page is None:
            break
        items = page[LISTED] if LISTED in page else page.get("Contents", ())
        wrong = _mistake(page, items, root + prefix, first_names)
        if wrong:
            raise StoreError(f"{client.meta.endpoint_url} {wrong}", where=url, fix=_FIX)
        first_names.update(item["Key"] for item in items[:1])
        for item in items:
            key = item["Key"].removeprefix(root)
            if not key or key.endswith("/"):
                continue
            if is_key(key):
                yield Stat(key, item["Size"], item["ETag"].strip('"'), item["LastModified"].timestamp())
            else:
                skipped.append(key)
    if skipped:
        _say_skipped(url, len(skipped), skipped[0])


def _mistake(page: Any, items: Any, prefix: str, first_names: set[str]) -> str:
    """Say why a page is not part of a listing of a prefix, or would make it endless; empty if nothing is wrong."""
    for item in items:
        if missing := [field for field in ("Key", "Size", "ETag", "LastModified") if field not in item]:
            return f"does not answer as an S3 server: its listing lacks {missing[0]}"
        if not item["Key"].startswith(prefix):
            return f"does not answer as an S3 server: asked for '{prefix}', it lists '{item['Key'][:80]}'"
    if items and items[0]["Key"] in first_names:
        return "does not list all objects: it repeats a page"
    if page.get("IsTruncated") and not page.get("NextContinuationToken"):
        return "does not list all objects: it ends midway"
    return ""


@functools.cache
def _say_skipped(url: str, number: int, example: str) -> None:
    """Log skipped keys once, however often the store is listed."""
    others = f" and {number - 1} more" if number > 1 else ""
    _log.warning("%s: passed over %r%s: no folder could hold such a key, so gridctl wrote none", url, example, others)
