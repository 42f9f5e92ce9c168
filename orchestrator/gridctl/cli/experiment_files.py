"""Which files of a folder are experiment files, judged without parsing them: a file with a mistake counts too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gridctl.errors import InputError

_KEYS: Final = tuple(re.compile(rb"^[\"']?%s[\"']?\s*:" % key, re.MULTILINE) for key in (b"models", b"seeds", b"data"))
_MOST_BYTES: Final = 256 << 10


def experiment_files(folder: Path) -> Iterator[Path]:
    """The experiment files directly in a folder, sorted; what cannot be read is passed over."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError:
        return
    for path in paths:
        try:
            with path.open("rb") as file:
                start = file.read(_MOST_BYTES)
        except OSError:
            continue
        if all(key.search(start) for key in _KEYS):
            yield path


def only_experiment_file() -> Path:
    """The experiment file of the current folder, for commands that were given none.

    Raises:
        InputError: There is none, or more than one.
    """
    from gridctl.terminal import console

    found = list(experiment_files(Path()))
    if not found:
        raise InputError(
            "no experiment file was given, and there is none in this folder",
            fix="gridctl init DATA_FOLDER writes one; or give the path of one",
        )
    if len(found) > 1:
        names = ", ".join(str(path) for path in found[:5]) + (", ..." if len(found) > 5 else "")
        raise InputError(
            f"no experiment file was given, and there are {len(found)} in this folder", fix=f"give one of {names}"
        )
    console.say(f"experiment file {found[0]}, the only one in this folder")
    return found[0]
