"""A place is what its text says: never a folder with the name of a misspelt URL, and `~` is home wherever it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.many_commands import Command, run_each

REFUSED = {
    "s3:/b": "did you mean s3://b?",
    "s3:b": "did you mean s3://b?",
    "S3://b/x": "did you mean s3://b/x?",
    "s3a://b/x": "did you mean s3://b/x?",
    "s3//b/x": "did you mean s3://b/x?",
    "s3:\\\\b\\x": "did you mean s3://b/x?",
    "arn:aws:s3:::b/x": "did you mean s3://b/x?",
    "https://b.s3.amazonaws.com/x?versionId=3": "did you mean s3://b/x?",
    "https://s3.eu-west-1.amazonaws.com/b/x": "did you mean s3://b/x?",
    "b.s3.amazonaws.com/x": "did you mean s3://b/x?",
    "localhost:9000/b": "AWS_ENDPOINT_URL_S3",
    "s3://host:9000/b": "AWS_ENDPOINT_URL_S3",
    "user@host:/b": "another machine",
    "s3://": "names no bucket",
    "s3:///x": "names no bucket",
    "s3://b//x": "'//'",
    "s3://b/x/../y": "'/../'",
    "s3://b/x?versionId=3": "query",
    "s3://$BUCKET/x": "variables",
    "$HOME/runs": "variables",
    "gs://b": "unknown kind of location",
    "file:runs": "did you mean runs?",
    "file:/runs": "did you mean /runs?",
    "file://runs/x": "three slashes",
    "file:///a%2": "%25",
    "C:\\runs": "path of Windows",
    "C:/runs": "path of Windows",
    "\\\\host\\share": "path of Windows",
    "~nobody-of-this-name/x": "no home",
    "runs ": "space",
    "runs\n": "line break",
    "ru\u200bns": "cannot be seen",
    "": "empty",
    '"runs"': "quotes",
    "./s3://b/x/s3://c": "inside a path",
}
LITERAL = ["runs #2", "null", "42", "true", "[a]", "a: b", "1e3", "~x", "a%20b", "me@lab", "run 1: second"]


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    text = "name: tiny\nmodels: [unet]\ntrain_ratios: [0.5]\nseeds: [1]\ndata: {acdc: data}\n"
    (tmp_path / "tiny.yaml").write_text(text)
    (tmp_path / "data").mkdir()
    return "tiny.yaml"


def test_what_is_no_place_is_refused_wherever_it_stands(experiment: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    commands = [
        *(Command(["list", "--store", text], {}) for text in REFUSED),
        *(Command(["submit", experiment, "--set", f"data.acdc={text}"], {}) for text in REFUSED),
        *(Command(["submit", experiment], {"GRIDCTL_STORE": text}) for text in REFUSED if text),
    ]
    ended = run_each("gridctl", commands, tmp_path)
    expected = [*REFUSED.values(), *REFUSED.values(), *(said for text, said in REFUSED.items() if text)]
    for command, done, said in zip(commands, ended, expected, strict=True):
        if command.arguments[-1].startswith('data.acdc="'):  # there quotes around all of a value are removed
            continue
        assert done.returncode == 2, (command, done)
        assert said in done.stderr, (command, done)
        assert done.stdout == ""
    assert sorted(tmp_path.iterdir()) == before


def test_any_other_text_is_the_name_of_a_folder(experiment: str, tmp_path: Path) -> None:
    texts = [text if not text.startswith("~") else f"./{text}" for text in LITERAL]
    forms = [["--store"], ["--set", "store="]]
    commands = [
        Command(["submit", experiment, "--dry-run", *form[:-1], f"{form[-1]}{text}"], {})
        if len(form) > 1
        else Command(["submit", experiment, "--dry-run", "--store", text], {})
        for text in texts
        for form in forms
    ]
    ended = run_each("gridctl", commands, tmp_path)
    for command, done in zip(commands, ended, strict=True):
        name = os.path.normpath(command.arguments[-1].removeprefix("store="))
        assert done.returncode == 0, (command, done)
        assert f"store {tmp_path / name}\n" in done.stderr, (command, done)


def test_home_and_file_urls_mean_the_same_in_every_key(experiment: str, tmp_path: Path) -> None:
    home = tmp_path / "a home"
    (home / "acdc").mkdir(parents=True)
    places = {"~/acdc": home / "acdc", f"file://{home}/acdc".replace(" ", "%20"): home / "acdc"}
    commands = [
        Command(["submit", experiment, "--dry-run", "--set", f"data.acdc={text}", "--store", text], {"HOME": str(home)})
        for text in places
    ]
    for done, folder in zip(run_each("gridctl", commands, tmp_path), places.values(), strict=True):
        assert done.returncode == 0, done
        assert f"store {folder}\n" in done.stderr
    missing = Command(["submit", experiment, "--set", "data.acdc=~/gone"], {"HOME": str(home)})
    (done,) = run_each("gridctl", [missing], tmp_path)
    assert f"there is no folder {home / 'gone'}" in done.stderr


def test_a_store_that_is_a_file_is_no_empty_store(experiment: str, tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to("nowhere")
    commands = [
        Command([*verb, "--store", name], {})
        for verb in (["list"], ["status", "tiny"], ["submit", experiment])
        for name in (experiment, "broken")
    ]
    for command, done in zip(commands, run_each("gridctl", commands, tmp_path), strict=True):
        assert done.returncode == 3, (command, done)
        assert "this is a file, not a folder" in done.stderr or "this link leads to no folder" in done.stderr
