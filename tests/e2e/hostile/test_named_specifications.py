"""Each specification that gridctl never writes makes the trainer end with 2 and name the file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.e2e.hostile.conftest import Command
from tests.e2e.specification import specification
from tests.forked_commands import CompletedCall

SOUND = specification(data={"train": {"dataset": "acdc", "path": "nowhere"}}, training={"learning_rate": 0.1})
TEXT = json.dumps(SOUND)


def _with(old: str, new: str) -> bytes:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new).encode()


FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "an end too early": (TEXT[:-1].encode(), "not JSON"),
    "300 levels": (_with('"unet", "options"', "[" * 300 + "]" * 300 + ', "options"'), "not JSON: recursion limit"),
    "100,000 levels": (b"[" * 100_000, "not JSON: recursion limit"),
    "100,000 mappings": (b'{"a":' * 100_000, "not JSON: recursion limit"),
    "150 levels": (b"[" * 150 + b"]" * 150, "spec.json"),
    "2 MB": (TEXT.encode() + b" " * 2_000_000, "larger than 1,024 KiB"),
    "1 TB": (b"", "larger than 1,024 KiB"),
    "key twice": (_with('"seed": 1', '"seed": 1, "seed": 2'), "the key 'seed' is given twice"),
    "key twice deep inside": (_with('"epochs": 1', '"epochs": 1, "epochs": 2'), "the key 'epochs' is given twice"),
    "NaN": (_with("0.1", "NaN"), "not JSON"),
    "infinity": (_with("0.1", "Infinity"), "not JSON"),
    "1e400": (_with("0.1", "1e400"), "learning_rate"),
    "1e400 epochs": (_with('"epochs": 1', '"epochs": 1e400'), "epochs"),
    "5,000 digits": (_with('"seed": 1', f'"seed": {"9" * 5_000}'), "spec.json"),
    "true as a number": (_with('"epochs": 1', '"epochs": true'), "expected a number, got true"),
    "Latin-1": (_with("nowhere", "caf\u00e9").decode().encode("latin-1"), "not JSON: invalid unicode"),
    "UTF-16": (TEXT.encode("utf-16"), "not JSON"),
    "byte order mark": (b"\xef\xbb\xbf" + TEXT.encode(), "not JSON"),
    "half of a pair": (_with("nowhere", r"\ud800"), "not JSON"),
    "NUL": (_with("nowhere", r"a\u0000b"), "data.train.path"),
    "zeros": (bytes(5_000), "not JSON"),
    "a list": (b"[]", "expected a mapping of keys to values, got a list"),
    "null": (b"null", "expected a mapping of keys to values, got nothing"),
    "text": (b'"tiny"', "expected a mapping of keys to values"),
    "list as the architecture": (_with('"unet", "options"', '["unet"], "options"'), "network"),
    "list as the network": (_with('{"architecture": "unet", "options": {"channels": [4, 8]}}', "[1]"), "network"),
    "list as the version": (
        _with('"schema_version": 2', f'"schema_version": {"[" * 100}{"]" * 100}'),
        "schema_version",
    ),
    "10,000 unknown keys": (
        _with('"seed": 1', '"seed": 1, ' + ", ".join(f'"u{n}": 1' for n in range(10_000))),
        "spec.json: u0",
    ),
}


def _folder(path: Path) -> None:
    path.mkdir()


PLACES: dict[str, tuple[Callable[[Path], None], str]] = {
    "folder": (_folder, "this is a folder, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "this is a device or socket, not a file"),
    "loop": (lambda path: path.symlink_to(path.name), "spec.json"),
    "pipe": (os.mkfifo, "not JSON"),
}


def refused(done: CompletedCall, folder: Path) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "a bug" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert len(done.stderr) < 5_000, done.stderr
    assert not (folder / "runs").exists()
    return done.stderr


def test_a_sound_one_fails_for_its_data_alone(trainer: Command, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(TEXT)
    assert trainer("run", "spec.json", "--store", "runs").returncode == 3


def test_each_is_refused(trainer: Command, tmp_path: Path) -> None:
    wrong = {}
    spec = tmp_path / "spec.json"
    for name, (data, said) in FILES.items():
        spec.write_bytes(data)
        if name == "1 TB":
            os.truncate(spec, 1 << 40)
        message = refused(trainer("run", "spec.json", "--store", "runs"), tmp_path)
        if "spec.json" not in message or said not in message:
            wrong[name] = message
    assert wrong == {}


def test_what_is_no_file_is_refused(trainer: Command, tmp_path: Path) -> None:
    for number, (make, said) in enumerate(PLACES.values()):
        (tmp_path / str(number)).mkdir()
        make(tmp_path / str(number) / "spec.json")
        assert said in refused(trainer("run", f"{number}/spec.json", "--store", "runs"), tmp_path)
