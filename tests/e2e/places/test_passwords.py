"""Every command refuses a password in a URL, and none shows it in a stream, a file or the name of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.places.conftest import YAML, Command
from tests.e2e.specification import specification
from tests.faulty_proxy import FaultyProxy

SECRET = "hunter2"
URL = f"s3://user:{SECRET}@host/b/c"
FORMS = [
    f"s3://user:{SECRET}/x@host/b",
    f"s3://user:x/y/{SECRET}@host/b",
    f"s3://user:x@{SECRET}@host/b",
    f"s3://user:%2F{SECRET}@host",
    f"s3://:{SECRET}@host/b",
    f"s3://{SECRET}@host/b",
    f"s3://user:{SECRET}@",
    f"S3://user:{SECRET}@host/b",
    f"s3:/user:{SECRET}@host/b",
    f"https://user:{SECRET}@host:9000/b",
    f"file://user:{SECRET}@host/b",
    f" s3://user:{SECRET}@host/b",
    f"s3://host/b?X-Amz-Signature={SECRET}",
]
STORE = ["--store", URL]
VERBS = [
    ["submit", "tiny.yaml", "--json", *STORE],
    ["submit", "tiny.yaml", "--dry-run", "--json", *STORE],
    ["submit", "tiny.yaml", "--set", f"store={URL}"],
    ["submit", "tiny.yaml", "--set", f"data.train.path={URL}"],
    ["submit", "tiny.yaml", "--set", f"data.acd={URL}"],
    ["submit", "tiny.yaml", "--set", f"data={URL}"],
    ["submit", "tiny.yaml", "--set", f"training.epochs={URL}"],
    ["submit", "tiny.yaml", "--set", URL],
    ["submit", URL],
    ["submit", f"{URL}/tiny.yaml"],
    ["status", URL],
    ["status", f"{URL}/tiny.yaml"],
    ["status", "tiny", "--json", *STORE],
    ["status", "tiny", "--watch", *STORE],
    ["--debug", "status", "tiny", *STORE],
    ["list", "--json", *STORE],
    ["report", "tiny", "--significance", "--json", *STORE],
    ["report", "tiny", "-o", URL],
    ["plan", "tiny", *STORE],
    ["export", "tiny", *STORE],
    ["export", "tiny", "-o", f"{URL}/tiny.csv"],
    ["logs", "tiny-unet", *STORE],
    ["cancel", "tiny", "--json", *STORE],
    ["retry", "tiny", "--json", *STORE],
    ["delete", "tiny", "--yes", "--json", *STORE],
    ["render", "tiny.yaml", *STORE, "--set", "kubernetes.image=i"],
    ["render", "tiny.yaml", "--store", "s3://b/c", "--set", "kubernetes.image=i", "-o", URL],
    ["doctor", "tiny.yaml", "--no-preflight", "--json", *STORE],
]
TRAINER_VERBS = [
    ["run", f"{URL}/tiny/r/spec.json"],
    ["run", "tiny.yaml", *STORE],
    ["data", "upload", ".", URL],
    ["data", "upload", URL, "s3://b/c"],
    ["data", "check", URL],
    ["data", "check", ".", "--figures", URL],
    ["data", "pack", URL, "out"],
    ["data", "pack", ".", URL],
    ["data", "phantom", URL],
]


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(YAML)
    return path


def test_every_command_refuses_one(gridctl: Command, trainer: Command, tmp_path: Path) -> None:
    for command, verbs in ((gridctl, VERBS), (trainer, TRAINER_VERBS)):
        for arguments in verbs:
            done = command(*arguments)
            assert done.returncode == 2, arguments
            assert SECRET not in done.stdout + done.stderr, arguments
            assert done.stderr.startswith(("error: ", "Traceback" if "--debug" in arguments else "error: ")), arguments
    assert [path.name for path in tmp_path.rglob("*")] == ["tiny.yaml"]


def test_every_form_of_one(gridctl: Command, tmp_path: Path, tiny: Path) -> None:
    for url in FORMS:
        tiny.write_text(YAML.replace("/nowhere", json.dumps(url)) + f"store: {json.dumps(url)}\n")
        for done in (
            gridctl("submit", "tiny.yaml"),  # the keys in the file
            gridctl("list", f"--store={url}"),
            gridctl("status", url),
            gridctl("submit", f"{url}/tiny.yaml"),
        ):
            assert done.returncode == 2, done.args
            assert SECRET not in done.stdout + done.stderr, done.args
    assert [path.name for path in tmp_path.rglob("*")] == ["tiny.yaml"]


def test_one_from_a_variable_or_a_file_of_before(gridctl: Command, tmp_path: Path) -> None:
    done = gridctl("submit", "tiny.yaml", env={"GRIDCTL_STORE": URL})
    assert done.returncode == 2
    assert "GRIDCTL_STORE: it carries a user name" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    kept = {"name": "tiny", "store": URL, "backend": "local", "submitted_at": 1.0}
    (tmp_path / ".gridctl").mkdir()
    (tmp_path / ".gridctl" / "submitted.json").write_text(json.dumps({"last": "tiny", "experiments": {"tiny": kept}}))
    for arguments in (["status"], ["status", "--json"], ["list"], ["list", "--json"], ["report"]):
        done = gridctl(*arguments)
        assert SECRET not in done.stdout + done.stderr, arguments


def test_a_specification_with_one(trainer: Command, tmp_path: Path) -> None:
    spec = specification(data={"train": {"dataset": "acdc", "path": URL}})
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    done = trainer("run", "spec.json", "--store", "runs")
    assert done.returncode == 2
    assert "data.train.path: it carries a user name" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert not (tmp_path / "runs").exists()


def test_an_at_sign_in_a_prefix_is_none(gridctl: Command) -> None:
    done = gridctl(
        *("render", "tiny.yaml", "--store", "s3://bucket/runs@v1", "--set", "data.train.path=s3://bucket/a/data@v1"),
        *("--set", "kubernetes.image=i"),
    )
    assert done.returncode == 0, done.stderr
    assert "s3://bucket/runs@v1" in done.stdout


def test_an_endpoint_with_one(
    gridctl: Command, trainer: Command, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = proxy.url.replace("://", f"://user:{SECRET}@")
    config = tmp_path / "config"
    config.write_text(f"[default]\nendpoint_url = {endpoint}\n")
    variables = {"AWS_ENDPOINT_URL_S3": endpoint}, {"AWS_ENDPOINT_URL": endpoint}
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for env in (*variables, {"AWS_ENDPOINT_URL_S3": None}):
        name = next((name for name, value in env.items() if value), "endpoint_url")
        for command, arguments in [
            (gridctl, ["list", "--json", "--store", "s3://bucket/runs"]),
            (gridctl, ["submit", "tiny.yaml", "--store", "s3://bucket/runs", "--set", "data.train.path=."]),
            (trainer, ["run", "s3://bucket/runs/tiny/r/spec.json"]),
        ]:
            done = command(*arguments, env=env)
            assert done.returncode == (4 if command is trainer else 3), done.stderr
            assert f"{name} " in done.stderr
            assert "carries a user name or password" in done.stderr
            assert SECRET not in done.stdout + done.stderr
    assert proxy.requests == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["config", "tiny.yaml"]
