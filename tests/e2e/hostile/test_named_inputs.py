"""Each senseless experiment file or `--set` ends with exit code 2, and the message names the line and the mistake."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.e2e.hostile.conftest import Command
from tests.e2e.hostile.experiment_files import FILES, SETTINGS, SOUND, TWINS
from tests.forked_commands import CompletedCall

SUBMIT = ("submit", "tiny.yaml", "--dry-run", "--json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data" / "patient001").mkdir(parents=True)
    (tmp_path / "tiny.yaml").write_text(SOUND)
    return tmp_path


def mistakes(done: CompletedCall) -> list[str]:
    """The mistakes that a command shows, each with what to do, in the form that every command uses."""
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    assert "a bug" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert max(map(len, done.stderr.splitlines())) < 500, done.stderr
    assert done.stderr.replace("\n", "").isprintable(), repr(done.stderr)
    said = re.split(r"\n(?! )", done.stderr.removeprefix("error: ").rstrip("\n"))
    count = re.fullmatch(r"([\d,]+) mistakes", said[0])
    if count is None:
        assert len(said) == 1, done.stderr
        return said
    number = int(count[1].replace(",", ""))
    shown = said[1:21]
    assert len(shown) == min(number, 20)
    assert said[21:] == ([f"... and {number - 20:,} more"] if number > 20 else [])
    return shown


def test_the_sound_file_is_taken(gridctl: Command) -> None:
    assert gridctl(*SUBMIT).returncode == 0


@pytest.mark.parametrize("part", range(4))
def test_each_file_is_refused_at_its_line(part: int, gridctl: Command, folder: Path) -> None:
    wrong = {}
    for name, (data, line, said) in list(FILES.items())[part::4]:
        (folder / "tiny.yaml").write_bytes(data)
        shown = mistakes(gridctl(*SUBMIT))
        where = f"tiny.yaml:{line}: " if line else "tiny.yaml: "
        if not any(mistake.startswith(where) and said in mistake for mistake in shown):
            wrong[name] = shown
    assert wrong == {}
    assert sorted(os.listdir(folder)) == ["data", "tiny.yaml"], "nothing is written"


def test_each_setting_is_refused_by_its_path(gridctl: Command) -> None:
    wrong = {}
    for setting, said in SETTINGS.items():
        where = f"--set {setting.partition('=')[0]}: "
        shown = mistakes(gridctl(*SUBMIT, "--set", setting))
        if not any(mistake.startswith(where) and said in mistake for mistake in shown):
            wrong[setting[:100]] = shown
    assert wrong == {}


def test_of_a_thousand_wrong_settings_twenty_are_shown(gridctl: Command) -> None:
    settings = [argument for number in range(1_000) for argument in ("--set", f"unknown{number}=1")]
    assert len(mistakes(gridctl(*SUBMIT, *settings))) == 20


@pytest.fixture
def places(folder: Path) -> Iterator[dict[str, str]]:
    """Things that are not files, by name, each with the message."""
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "file").write_text("x")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(folder, os.O_RDONLY)  # the path of a socket is limited to 108 bytes
        server.bind(f"/proc/self/fd/{here}/socket" if Path("/proc/self/fd").exists() else str(folder / "socket"))
        os.close(here)
        yield {
            "data": "this is a folder, not a file",
            "/dev/zero": "this is a device or socket, not a file",
            "/dev/null": "this is a device or socket, not a file",
            "socket": "cannot read it",
            "loop": "cannot read it: Too many levels of symbolic links",
            "file/tiny.yaml": "cannot read it: Not a directory",
            "x" * 300: "cannot read it: File name too long",
            "dangling": "there is no such experiment file",
            "missing.yaml": "there is no such experiment file",
            "pipe": "an experiment file is a mapping",  # no process writes to the pipe, so it is empty
        }


def test_what_is_no_file_is_said_at_once(gridctl: Command, places: dict[str, str]) -> None:
    for place, said in places.items():
        (mistake,) = mistakes(gridctl("submit", place, "--dry-run", "--json"))
        assert mistake.startswith(place), mistake
        assert said in mistake


@pytest.mark.parametrize("changed", "abcde")
def test_a_setting_changes_no_twin(changed: str, gridctl: Command, folder: Path) -> None:
    (folder / "tiny.yaml").write_text(TWINS)
    done = gridctl(*SUBMIT, "--set", f"models.{changed}.epochs=7", "--set", f"models.{changed}.batch_size=4")
    cells = json.loads(done.stdout)["estimate"]["cells"]
    assert {cell["model"]: cell["epochs_left"] for cell in cells} == {
        model: 7 if model == changed else 1 for model in "abcde"
    }


def test_a_variable_of_the_environment_stays_as_it_was_written(gridctl: Command, folder: Path) -> None:
    written = {
        "A": "1.10",
        "B": "007",
        "C": "0x1F",
        "D": "1e3",
        "E": "1_000",
        "F": ".5",
        "G": "12345678901234567890.10",
    }
    env = ", ".join(f"{name}: {text}" for name, text in written.items())
    options = f"kubernetes: {{image: 'x:1', volumes: {{/data: {{claim: c}}}}, env: {{{env}}}}}\n"
    (folder / "tiny.yaml").write_text(SOUND.replace("path: data", "path: /data/acdc") + options)
    done = gridctl("render", "tiny.yaml", "--store", "s3://bucket/prefix", "--set", "kubernetes.env.H=2.50")
    assert done.returncode == 0, done.stderr
    (job,) = YAML(typ="safe").load_all(done.stdout)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    found = {item["name"]: item.get("value") for item in container["env"] if item["name"] in "ABCDEFGH"}
    assert found == {**written, "H": "2.50"}
