"""Faults of certificates and of credentials from a program, role or file are named without showing a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.places.conftest import Command
from tests.faulty_proxy import Answer, FaultyProxy

SECRET = "hunter2-hunter2"
GIVEN = {"Version": 1, "AccessKeyId": "a", "SecretAccessKey": SECRET}
PROGRAMS = {
    json.dumps([SECRET]): "AWS's library fails on them",
    json.dumps(
        {**GIVEN, "AccessKeyId": 5}
    ): "aws_access_key_id of profile 'default' in the output of credential_process",
    json.dumps({**GIVEN, "SecretAccessKey": f"{SECRET}\n"}): "ends with a line break",
    json.dumps({**GIVEN, "Expiration": "2020-01-01T00:00:00Z"}): "the credentials have expired",
    json.dumps({**GIVEN, "Version": 2}): "Unsupported version",
    "": "AWS settings are not valid",
}
CONFIGS = {
    "[default]\naws_access_key_id = a\naws_secret_access_key = b\ns3 = path\n": "AWS's library fails on them",
    "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\nmfa_serial = arn:aws:iam::1:mfa/u\n"
    "aws_access_key_id = a\naws_secret_access_key = b\n": "which cannot be entered here",
}


@pytest.fixture(autouse=True)
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the credentials in a test's own file, and a server that should never be asked."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")


def refused(gridctl: Command, said: str, **env: str) -> None:
    done = gridctl("list", "--store", "s3://bucket/runs", env=env)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert said in done.stderr
    assert "a bug in gridctl" not in done.stderr
    assert "cannot reach" not in done.stderr  # the network is not blamed
    assert SECRET not in done.stderr


def test_programs_and_profiles(gridctl: Command, tmp_path: Path) -> None:
    for printed, said in PROGRAMS.items():
        (tmp_path / "printed").write_text(printed)
        (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {tmp_path / 'printed'}\n")
        refused(gridctl, said)
    for text, said in CONFIGS.items():
        (tmp_path / "config").write_text(text)
        refused(gridctl, said)


def test_a_role_that_is_refused(gridctl: Command, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    body = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
    with FaultyProxy("http://127.0.0.1:9").running() as server:
        server.rule = lambda request: Answer(403, {"Content-Type": "text/xml"}, body)
        refused(gridctl, "AssumeRole is refused: AccessDenied not you", AWS_ENDPOINT_URL_STS=server.url)


def test_certificates_and_proxies(gridctl: Command, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    (tmp_path / "empty.pem").write_text("")
    with FaultyProxy("http://127.0.0.1:9").running() as server:  # certificates are read only if a server answers
        asked = {"AWS_ENDPOINT_URL_S3": server.url.replace("http:", "https:")}
        refused(gridctl, "the certificates that TLS needs cannot be read", AWS_CA_BUNDLE=str(tmp_path), **asked)
        refused(gridctl, "the certificates that TLS needs", AWS_CA_BUNDLE=str(tmp_path / "empty.pem"), **asked)
        refused(gridctl, "the certificates that TLS needs", REQUESTS_CA_BUNDLE=str(tmp_path / "none"), **asked)
    refused(gridctl, "the URL of a proxy cannot be read", http_proxy="::::")
    done = gridctl("list", "--store", "s3://bucket/runs", env={"http_proxy": f"http://u:{SECRET}@127.0.0.1:9"})
    assert "cannot reach the proxy in front of http://127.0.0.1:9: Connection refused" in done.stderr
    assert SECRET not in done.stderr
