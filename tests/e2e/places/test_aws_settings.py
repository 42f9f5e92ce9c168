"""AWS settings that can never work are reported at once without their values, and no server is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.places.conftest import YAML, Command
from tests.e2e.specification import specification
from tests.faulty_proxy import FaultyProxy

KEY, SECRET, TOKEN = "AKIAEXAMPLEEXAMPLE", "hunter2+hunter2/hunter2", "TokenTokenTokenToken=="
BAD_KEYS = {
    "{}\n": "ends with a line break",
    "{}\r": "ends with a line break",
    "{}\r\n": "ends with a line break",
    "{} ": "begins or ends with a space",
    " {}": "begins or ends with a space",
    "\t{}": "begins or ends with a space",
    "\ufeff{}": "begins with a byte order mark",
    '"{}"': "is set in quotes",
    "{}\nx": "has a line break or another control character in it",
    "{}\u200b": "has a character in it that is not ASCII",
}
BAD_WORDS = {
    "AWS_DEFAULT_REGION": [
        "us-east-1\n",
        "us-east-1\r",
        "",
        " us-east-1",
        "us east 1",
        "us_east_1!",
        "\ufeffus-east-1",
    ],
    "AWS_REGION": ["us-east-1\n", ""],
    "AWS_ENDPOINT_URL_S3": ["{}\n", "{}\r", "{} ", "\ufeff{}", "'{}'", "localhost:9000", "ftp://host", "http://", ""],
    "AWS_ENDPOINT_URL": ["{}\n", ""],
    "AWS_PROFILE": ["default\n", ""],
    "AWS_MAX_ATTEMPTS": ["many", "0", "5\n"],
    "AWS_RETRY_MODE": ["fast"],
    "AWS_WEB_IDENTITY_TOKEN_FILE": ["/no/such/file"],
    "AWS_CA_BUNDLE": ["/no/such/file"],
}
CREDENTIALS = f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
CONFIG = "[default]\nregion = us-east-1\n"
BAD_FILES: dict[str, tuple[bytes | None, bytes | None, dict[str, str | None], tuple[str, ...]]] = {
    "byte order mark": (b"\xef\xbb\xbf" + CREDENTIALS.encode(), b"", {}, ("/credentials",)),
    "UTF-16": (CREDENTIALS.encode("utf-16"), b"", {}, ("/credentials is not UTF-8 text",)),
    "Latin-1": (CREDENTIALS.encode(), b"# \xe9\n" + CONFIG.encode(), {}, ("/config is not UTF-8 text",)),
    "no section": (CREDENTIALS.encode().partition(b"\n")[2], b"", {}, ("/credentials",)),
    "quotes": (
        CREDENTIALS.replace(SECRET, f'"{SECRET}"').encode(),
        b"",
        {},
        ("aws_secret_access_key of profile 'default' in the AWS credentials file", "is set in quotes"),
    ),
    "comment": (CREDENTIALS.replace(SECRET, f"{SECRET} # mine").encode(), b"", {}, ("aws_secret_access_key", "space")),
    "two lines": (CREDENTIALS.replace(SECRET, f"{SECRET}\n  x").encode(), b"", {}, ("aws_secret_access_key", "line")),
    "not ASCII": (
        CREDENTIALS.encode() + b"aws_session_token = " + TOKEN.encode() + b"\xc2\xad\n",
        b"",
        {},
        ("aws_session_token", "ASCII"),
    ),
    "empty secret": (CREDENTIALS.replace(SECRET, "").encode(), b"", {}, ("aws_secret_access_key", "is empty")),
    "no secret": (CREDENTIALS.partition("aws_secret")[0].encode(), b"", {}, ("missing: aws_secret_access_key",)),
    "empty file": (b"", b"", {}, ("no credentials for S3",)),
    "no file": (None, None, {}, ("/credentials, which AWS_SHARED_CREDENTIALS_FILE names, cannot be read",)),
    "no profile": (CREDENTIALS.encode(), b"", {"AWS_PROFILE": "another"}, ("profile (another)", "AWS_PROFILE")),
    "region": (CREDENTIALS.encode(), b"[default]\nregion = us east 1\n", {}, ("region_name",)),
    "endpoint": (
        CREDENTIALS.encode(),
        CONFIG.encode() + b"endpoint_url = localhost:9000\n",
        {"AWS_ENDPOINT_URL_S3": None},
        ("endpoint: localhost:9000",),
    ),
}


@pytest.fixture(autouse=True)
def no_other_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))


def refused(command: Command, arguments: list[str], env: Mapping[str, str | None], *said: str) -> None:
    done = command(*arguments, env=env)
    assert done.returncode in (1, 3, 4), (arguments, done.stderr)  # 4 is the code of an attempt that is not retried
    assert done.stdout == "", arguments
    for text in said:
        assert text in done.stderr, done.stderr
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in done.stderr, arguments


def test_variables(gridctl: Command, proxy: FaultyProxy, s3_url: str) -> None:
    names = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    for form, said in BAD_KEYS.items():
        env = {name: form.format(value) for name, value in names.items()}
        refused(gridctl, ["list", "--store", s3_url], env, *(f"{name} {said}" for name in names))  # all three at once
    for name, value in names.items():
        refused(gridctl, ["list", "--store", s3_url], {name: f"{value}\n"}, f"{name} ends with a line break")
    for name, values in BAD_WORDS.items():
        for value in values:
            refused(gridctl, ["list", "--store", s3_url], {name: value.format(proxy.url)}, f"{name} ")
    assert proxy.requests == []


def test_every_command_says_it_at_once(
    gridctl: Command, trainer: Command, proxy: FaultyProxy, s3_url: str, tmp_path: Path
) -> None:
    (tmp_path / "data" / "patient001").mkdir(parents=True)
    (tmp_path / "data" / "a").write_bytes(b"1")
    (tmp_path / "tiny.yaml").write_text(YAML.replace("/nowhere", "data"))
    (tmp_path / "spec.json").write_text(json.dumps(SPECIFICATION))
    there = sorted(path.name for path in tmp_path.rglob("*"))
    store = ["--store", s3_url]
    env = {"AWS_SESSION_TOKEN": f"{TOKEN}\n"}
    for command, arguments in [
        (gridctl, ["submit", "tiny.yaml", *store]),
        (gridctl, ["status", "tiny", *store]),
        (gridctl, ["status", "tiny", "--watch", *store]),
        (gridctl, ["report", "tiny", *store]),
        (gridctl, ["logs", "tiny-unet", "-e", "tiny", "-f", *store]),
        (gridctl, ["delete", "tiny", "--yes", *store]),
        (trainer, ["data", "upload", "data", s3_url]),
        (trainer, ["run", f"{s3_url}/tiny/r/spec.json"]),
        (trainer, ["run", "spec.json", *store]),  # at once, not after the half hour for a store that may come back
    ]:
        refused(command, arguments, env, "AWS_SESSION_TOKEN ends with a line break")
    done = gridctl("doctor", "tiny.yaml", "--no-preflight", "--json", *store, env=env)
    (check,) = [check for check in json.loads(done.stdout) if check["name"] == "store"]
    assert check["state"] == "failed"
    assert "AWS_SESSION_TOKEN ends with a line break" in check["says"]
    assert TOKEN not in done.stdout + done.stderr
    assert proxy.requests == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == there


def test_files(
    gridctl: Command, proxy: FaultyProxy, s3_url: str, tmp_path: Path, no_keys: dict[str, str | None]
) -> None:
    for case, (credentials, config, env, said) in BAD_FILES.items():
        files = {"credentials": credentials, "config": config}
        for name, content in files.items():
            (tmp_path / name).unlink(missing_ok=True)
            if content is not None:
                (tmp_path / name).write_bytes(content)
        refused(gridctl, ["list", "--store", s3_url], {**no_keys, **env}, *said)
        assert proxy.requests == [], case


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_good_file_works(
    line_break: str, gridctl: Command, proxy: FaultyProxy, s3_url: str, tmp_path: Path, no_keys: dict[str, str | None]
) -> None:
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    text = f"[lab]\naws_access_key_id = {key} \naws_secret_access_key={secret}  \n"
    (tmp_path / "credentials").write_bytes(text.replace("\n", line_break).encode())
    (tmp_path / "config").write_bytes(f"[profile lab]\nregion = us-east-1\nendpoint_url = {proxy.url}\n".encode())
    env = {**no_keys, "AWS_PROFILE": "lab", "AWS_ENDPOINT_URL_S3": None}
    done = gridctl("list", "--json", "--store", s3_url, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert proxy.requests


def test_a_trainer_does_not_wait_for_files(
    trainer: Command, proxy: FaultyProxy, s3_url: str, tmp_path: Path, no_keys: dict[str, str | None]
) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(SPECIFICATION))
    for case in ("quotes", "empty secret", "no file", "no profile", "byte order mark"):
        credentials, _, env, said = BAD_FILES[case]
        (tmp_path / "credentials").unlink(missing_ok=True)
        if credentials is not None:
            (tmp_path / "credentials").write_bytes(credentials)
        refused(trainer, ["run", "spec.json", "--store", s3_url], {**no_keys, **env}, *said)
    assert proxy.requests == []


@pytest.fixture
def no_keys(tmp_path: Path) -> dict[str, str | None]:
    """Variables that restrict keys to files in the test's folder."""
    return {
        "AWS_ACCESS_KEY_ID": None,
        "AWS_SECRET_ACCESS_KEY": None,
        "AWS_DEFAULT_REGION": None,
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }


SPECIFICATION = specification(data={"train": {"dataset": "acdc", "path": "/nowhere"}})
