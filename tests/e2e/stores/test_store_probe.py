"""A store in which no run could finish is refused before anything is written or trained."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from gridctl_trainer.storage.base import open_store
from tests.e2e.stores.conftest import Run
from tests.faulty_proxy import Answer, Fault, FaultyProxy, Rule


def error(status: int, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>as said</Message></Error>".encode()
    return Answer(status, {"Content-Type": "application/xml"}, body)


def conditional(fault: Fault) -> Rule:
    """A server that interprets If-None-Match differently."""
    return lambda request: fault if "if-none-match" in request.headers else None


def forbidden(method: str) -> Rule:
    return lambda request: error(403, "AccessDenied") if request.method == method else None


BROKEN: dict[str, tuple[Rule, str]] = {
    "not implemented": (conditional(error(501, "NotImplemented")), "only if there is none"),
    "bad request": (conditional(error(400, "InvalidArgument")), "only if there is none"),
    "always there": (conditional(error(412, "PreconditionFailed")), "never written"),
    "ignored": (conditional(Answer(200, {"ETag": '"1"'})), "asked not to"),
    "no right to write": (forbidden("PUT"), "cannot write objects: access denied"),
    "no right to delete": (forbidden("DELETE"), "cannot delete objects: access denied"),
}


@pytest.mark.parametrize(("rule", "said"), BROKEN.values(), ids=BROKEN)
def test_submit_refuses(
    rule: Rule, said: str, proxy: FaultyProxy, s3_url: str, one_run: Path, gridctl: Run, tmp_path: Path
) -> None:
    proxy.rule = rule
    done = gridctl("submit", "tiny.yaml", "--store", s3_url, "--json")
    assert done.returncode == 3, done.stderr
    assert said in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / ".gridctl").exists()
    proxy.rule = lambda request: None
    left = [stat.key for stat in open_store(s3_url).list()]
    assert len(left) == (1 if "delete" in said else 0), left


def test_the_attempt_and_doctor_refuse(
    proxy: FaultyProxy, s3_url: str, one_run: Path, gridctl: Run, trainer: Run, tmp_path: Path
) -> None:
    """The attempt probes the store as well, because its rights and network may differ from those of submit."""
    assert gridctl("submit", "tiny.yaml", "--no-verify", "--store", "runs").returncode == 0
    (spec,) = (tmp_path / "runs").glob("tiny/*/spec.json")
    before = proxy.requests.copy()
    proxy.rule = conditional(error(501, "NotImplemented"))
    done = trainer("run", str(spec), "--store", s3_url)
    assert done.returncode != 0
    assert "only if there is none" in done.stderr
    assert "epoch" not in done.stderr
    assert len(proxy.requests) - len(before) < 10
    examined = gridctl("doctor", "tiny.yaml", "--no-preflight", "--store", s3_url)
    assert examined.returncode != 0
    assert "only if there is none" in " ".join((examined.stdout + examined.stderr).split())
    proxy.rule = lambda request: None
    assert list(open_store(s3_url).list()) == []
    assert "can be written" in " ".join(
        gridctl("doctor", "tiny.yaml", "--no-preflight", "--store", s3_url).stdout.split()
    )


def test_a_bucket_that_is_missing_is_named_and_no_object_of_ours(
    proxy: FaultyProxy, one_run: Path, gridctl: Run
) -> None:
    missing = f"s3://no-such-bucket-{uuid.uuid4().hex[:8]}/runs"
    for command in (["doctor", "tiny.yaml", "--no-preflight"], ["submit", "tiny.yaml"]):
        done = gridctl(*command, "--store", missing)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 3, said
        assert missing in said
        assert "there is no such bucket" in said
        assert "probe-" not in said


def test_a_submit_that_has_nothing_to_do_asks_nothing(one_run: Path, gridctl: Run, tmp_path: Path) -> None:
    assert gridctl("submit", "tiny.yaml", "--no-verify", "--store", "runs").returncode == 0
    assert gridctl("submit", "tiny.yaml", "--no-verify", "--store", "runs").returncode == 0
    assert not list((tmp_path / "runs").rglob("*probe*"))
    assert not list((tmp_path / "runs").rglob(".writing-*"))
