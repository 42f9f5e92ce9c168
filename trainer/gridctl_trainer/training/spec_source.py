"""Reads a specification, and finds the store that it belongs to."""

from __future__ import annotations

import sys

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.location import folder_text, read_folder, read_location
from gridctl_trainer.contract.spec import MAX_SPEC_BYTES, RunSpec
from gridctl_trainer.host.bounded_file import UnreadableFileError, read_bounded
from gridctl_trainer.storage.base import Store, open_store


def read_spec(location: str, store_url: str | None = None) -> tuple[RunSpec, Store]:
    """Read a specification and open its store.

    Args:
        location: A file, `<store>/<experiment>/<run_id>/spec.json` in any store, or `-` for standard input.
        store_url: The store to use; None for the one that holds the specification.

    Raises:
        SpecError: The specification cannot be read or is not valid, or its store is unknown.
        StoreError: The store cannot be reached.
    """
    if store_url is not None:
        read_location(store_url, "--store")
    text, root, place = _read(location)
    spec = RunSpec.from_json(text, where=location)
    expected = RunLayout(spec.experiment, spec.run_id).spec
    if store_url is None and not (root and place.endswith(f"/{expected}")):
        raise SpecError(
            f"it does not lie at <store>/{expected}, so its store is unknown",
            where=location,
            fix="name the store with --store",
        )
    return spec, open_store(store_url or root)


def read_specification(location: str) -> RunSpec:
    """Read a specification without its store. It may lie anywhere.

    Args:
        location: As for `read_spec`.

    Raises:
        SpecError: The specification cannot be read or is not valid.
        StoreError: The store that holds it cannot be reached.
    """
    return RunSpec.from_json(_read(location)[0], where=location)


def _read(location: str) -> tuple[bytes, str, str]:
    """The text of a specification, the store that may hold it, and its place there."""
    if location == "-":
        return sys.stdin.buffer.read(MAX_SPEC_BYTES + 1), "", "standard input"
    return _from_store(location) if location.startswith(("s3://", "file://")) else _from_file(location)


def _from_store(location: str) -> tuple[bytes, str, str]:
    read_location(location, "SPEC")
    root, *parts = location.rsplit("/", 3)
    if len(parts) != 3 or root.endswith(("/", ":")):
        raise SpecError("a specification in a store is <store>/<experiment>/<run_id>/spec.json", where=location)
    return open_store(root).get("/".join(parts), MAX_SPEC_BYTES).data, root, location


def _from_file(location: str) -> tuple[bytes, str, str]:
    try:
        path = read_folder(location, "SPEC").resolve()
        text = read_bounded(path, MAX_SPEC_BYTES)
    except FileNotFoundError:
        raise SpecError("there is no such file", where=location, fix="give the path of a spec.json") from None
    except (UnreadableFileError, RuntimeError) as error:  # `resolve` raises the latter for a loop of links
        raise SpecError(str(error), where=location, fix="give the path of a spec.json") from None
    return text, folder_text(path.parents[2]) if len(path.parents) > 2 else "", path.as_posix()
