"""A location is taken literally in every option, variable and key, and one that only looks valid is refused."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from pathlib import Path

import pytest

from tests.e2e.places.conftest import YAML, Command

NAMES = ["runs #2", "null", "1e3", "yes", "a: b", "[x]", "{a: 1}", "*x", "2001-01-01", "a%20b", "run 1: second", "é"]
MISTAKEN = {
    "s3:/b": "did you mean s3://b?",
    "s3:b/c": "did you mean s3://b/c?",
    "s3//b/c": "did you mean s3://b/c?",
    "S3://b/c": "did you mean s3://b/c?",
    "s3a://b/c": "did you mean s3://b/c?",
    "./x/s3:/b": "there is a URL (s3:/...) inside a path",
    "s3:///b": "names no bucket",
    "s3://b//c": "'//'",
    "s3://host:9000/b": "AWS_ENDPOINT_URL_S3",
    "gs://b/c": "unknown kind of location 'gs://'",
    "http://host/b": "unknown kind of location 'http://'",
    "https://host/b": "unknown kind of location 'https://'",
    "file:/x": "did you mean /x?",
    "file:x": "did you mean x?",
    "FILE:///x": "did you mean /x?",
    "file://x/y": "names the machine 'x'",
    "file://~/x": "the machine '~'",
    "file:///x%2": "'%' is written %25",
    "file:///x?y": "%3F",
    "'runs'": "remove the quotes",
    '"runs"': "remove the quotes",
    "runs ": "begins or ends with a space",
    " runs": "begins or ends with a space",
    "runs\n": "a line break",
    "ru\tns": "invisible character",
    "": "it is empty",
    "$HOME/runs": "are not replaced here",
    "~no-such-user/x": "there is no home for '~no-such-user'",
}


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path) -> Path:
    """An experiment whose data exists, so that `doctor` finds fault only with the store."""
    (tmp_path / "data" / "patient001").mkdir(parents=True)
    path = tmp_path / "tiny.yaml"
    path.write_text(YAML.replace("/nowhere", str(tmp_path / "data")))
    return path


@pytest.mark.parametrize("way", ["--store", "--set", "GRIDCTL_STORE", "store:"])
def test_a_store_is_taken_literally(way: str, gridctl: Command, tmp_path: Path, tiny: Path) -> None:
    there = set(os.listdir(tmp_path))
    for name in NAMES:
        given = {"--store": [f"--store={name}"], "--set": ["--set", f"store={name}"]}.get(way, [])
        if way == "store:":
            (tmp_path / "other.yaml").write_text(tiny.read_text() + f"store: {json.dumps(name)}\n")
        file = "other.yaml" if way == "store:" else "tiny.yaml"
        done = gridctl(
            "doctor", file, "--no-preflight", "--json", *given, env={"GRIDCTL_STORE": name} if way.isupper() else {}
        )
        assert done.returncode == 0, done.stderr + done.stdout
        says = [check["says"] for check in json.loads(done.stdout) if check["name"] == "store"]
        assert says == [f"{tmp_path / name} can be written, listed, read and deleted from here"]
    assert set(os.listdir(tmp_path)) - there - {"other.yaml"} == set(NAMES)  # and not `runs`, nor `runs ` for `runs #2`


def test_a_run_writes_where_it_was_told_to(
    gridctl: Command, tmp_path: Path, phantom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML.replace("/nowhere", f"{phantom}/acdc"))
    there = set(os.listdir(tmp_path))
    done = gridctl("submit", "tiny.yaml", "--store", "runs #2", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["done"]) == 1
    assert len(list((tmp_path / "runs #2").glob("tiny/*/result.json"))) == 1
    for name in ("null", "1e3", "~x", "s3:"):
        shutil.copytree(tmp_path / "runs #2", tmp_path / name)
        option = f"--store=./{name}" if name in ("~x", "s3:") else f"--set=store={name}"
        again = gridctl("submit", "tiny.yaml", option)
        assert again.returncode == 0, again.stderr
        assert f"1 done already; store {tmp_path / name}\n" in again.stderr
        shown = gridctl("status", "--json")  # this reads the text that was written to the store
        assert shown.returncode == 0, shown.stderr
        assert json.loads((tmp_path / ".gridctl" / "submitted.json").read_text())["last"] == "tiny"
    assert set(os.listdir(tmp_path)) - there == {"runs #2", "null", "1e3", "~x", "s3:", ".gridctl"}


def test_text_of_set_is_literal_and_everything_else_is_yaml(gridctl: Command, tmp_path: Path) -> None:
    def runs(*assignments: str) -> list[str]:
        options = [part for assignment in assignments for part in ("--set", assignment)]
        done = gridctl("submit", "tiny.yaml", "--dry-run", "--json", *options)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["create"])

    (plain,) = runs()
    assert [run.rsplit("-", 1)[0] for run in runs("seeds=[7, 8]", "train_ratios=[0.25]")] == [
        "tiny-unet-r25-none-s7",
        "tiny-unet-r25-none-s8",
    ]
    assert runs("training.epochs=2") == runs("training={epochs: 2}") != [plain]
    assert runs("training.learning_rate=2e-3") == runs("training.learning_rate=0.002") != [plain]
    assert runs("training.deterministic=false") != [plain]
    assert runs("models.unet.channels=[4, 8, 8]") != [plain]
    assert runs("data.external.sunnybrook=null") == [plain]
    for name in ("null", "123", "1e3"):
        assert runs(f"name={name}")[0].startswith(f"{name}-unet-")
    for name in ["x #y", "null", "1e3", "[x]", "a: b"]:
        (tmp_path / name / "patient001").mkdir(parents=True)
        assert len(runs(f"data.train.path={name}")) == 1  # the folder with exactly this name exists
        shutil.rmtree(tmp_path / name)
        assert gridctl("submit", "tiny.yaml", "--dry-run", "--set", f"data.train.path={name}").returncode == 2
    for assignment, said in {
        "training.epochs=2 # x": "would be a comment",
        "training.epochs=two": "expected a whole number",
        "training.epochs=&a 2": "anchors",
        "seeds=1": "seeds",
        "data.train.path=": "it is empty",
        "backend=yes": "known: local, kubernetes",
    }.items():
        done = gridctl("submit", "tiny.yaml", "--dry-run", "--set", assignment)
        assert done.returncode == 2
        assert said in done.stderr, assignment


def test_what_is_no_place_is_refused_and_nothing_is_made(
    gridctl: Command, trainer: Command, tmp_path: Path, tiny: Path
) -> None:
    before = tiny.read_text()
    there = sorted(os.listdir(tmp_path))
    for text, said in MISTAKEN.items():
        tiny.write_text(before.replace(str(tmp_path / "data"), json.dumps(text)))
        done = gridctl("submit", "tiny.yaml", f"--store={text}")
        assert (done.returncode, done.stdout) == (2, ""), text
        assert "--store: " in done.stderr
        assert "tiny.yaml:5: data.train.path: " in done.stderr
        assert done.stderr.count(said) == 2, done.stderr
    tiny.write_text(before)
    for command, arguments in [
        (gridctl, ["list", "--store", "s3:/b"]),
        (gridctl, ["submit", "tiny.yaml", "--set", "store=s3:/b"]),
        (gridctl, ["status", "tiny", "--store", "s3:/b"]),
        (gridctl, ["render", "tiny.yaml", "--store", "s3://b/c", "--set", "kubernetes.image=i", "-o", "s3:/b"]),
        (gridctl, ["export", "tiny", "-o", "s3:/b"]),
        (gridctl, ["report", "tiny", "-o", "s3:/b"]),
        (trainer, ["data", "upload", "data", "s3:/b"]),
        (trainer, ["data", "upload", "s3:/b", "s3://b/c"]),
        (trainer, ["data", "check", "s3:/b"]),
        (trainer, ["data", "check", "data", "--figures", "s3:/b"]),
        (trainer, ["data", "pack", "data", "s3:/b"]),
        (trainer, ["data", "phantom", "s3:/b"]),
        (trainer, ["run", "s3:/b/tiny/r/spec.json"]),
        (trainer, ["run", "tiny.yaml", "--store", "s3:/b"]),
    ]:
        done = command(*arguments)
        assert done.returncode == 2, arguments
        assert "did you mean s3://b" in done.stderr, arguments
    assert sorted(os.listdir(tmp_path)) == there


def test_file_urls(gridctl: Command, tmp_path: Path, tiny: Path) -> None:
    for written, name in {"a%20b": "a b", "%C3%A9": "é", "100%25": "100%", "a%23b%3F": "a#b?", "a+b": "a+b"}.items():
        for start in ("file://", "file://localhost"):
            (tmp_path / name).mkdir()
            done = gridctl(
                *("doctor", "tiny.yaml", "--no-preflight", "--json", "--store", f"{start}{tmp_path}/{written}/runs"),
                *("--set", f"data.train.path={start}{tmp_path}/{written}"),
            )
            assert done.returncode == 0, done.stdout
            assert os.listdir(tmp_path / name) == ["runs"]
            shutil.rmtree(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["data", "tiny.yaml"]


def test_home_is_the_same_everywhere(
    gridctl: Command, trainer: Command, tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "data" / "patient001").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    here = sorted(os.listdir(tmp_path))
    for options, env in [
        (["--store=~/a"], {}),
        (["--set", "store=~/b"], {}),
        ([], {"GRIDCTL_STORE": "~/c"}),
    ]:
        done = gridctl(
            "doctor", "tiny.yaml", "--no-preflight", "--set", "data.train.path=~/data", "--json", *options, env=env
        )
        assert done.returncode == 0, done.stdout
    tiny.write_text(YAML.replace("/nowhere", "~/data") + "store: ~/d\n")
    assert gridctl("doctor", "tiny.yaml", "--no-preflight").returncode == 0
    rendered = gridctl(
        *("render", "tiny.yaml", "--store", "s3://b/c", "--set", "data.train.path=s3://b/d", "-o", "~/jobs"),
        *("--set", "kubernetes.image=i"),
    )
    assert rendered.returncode == 0, rendered.stderr
    drawn = trainer("data", "phantom", "~/drawn", "--patients", "2", "--generalisation-patients", "1", "--slices", "1")
    assert drawn.returncode == 0, drawn.stderr
    packed = trainer("data", "pack", "~/drawn/sunnybrook", "~/packs", "--size-px", "16", "--workers", "1")
    assert packed.returncode == 0, packed.stderr
    assert {"a", "b", "c", "d", "jobs", "drawn", "packs"} <= set(os.listdir(home))
    assert sorted(os.listdir(tmp_path)) == here  # there is no folder named `~`


def test_the_home_of_a_user(gridctl: Command) -> None:
    try:
        user = pwd.getpwuid(os.getuid())
    except KeyError:
        pytest.skip("this user has no name: run as one that /etc/passwd lists")
    done = gridctl("status", "x", "--store", f"~{user.pw_name}/no-such-folder")
    assert done.returncode == 2
    assert f"{user.pw_dir.rstrip('/')}/no-such-folder: there is no experiment 'x'" in done.stderr
