"""A permanent refusal ends a run at its first checkpoint, not after the whole training."""

from __future__ import annotations

import json
from pathlib import Path

from gridctl_trainer.storage.base import open_store
from tests.e2e.stores.conftest import Run
from tests.faulty_proxy import Answer, Fault, FaultyProxy, Request

PAGE = {"Content-Type": "text/html"}


def test_a_gateway_with_a_limit_on_bodies(
    proxy: FaultyProxy, s3_url: str, one_run: Path, gridctl: Run, tmp_path: Path
) -> None:
    def rule(request: Request) -> Fault | None:
        return Answer(413, PAGE, b"<html>413</html>") if request.method == "PUT" and ".pt" in request.path else None

    proxy.rule = rule
    options = ["--set", "training.epochs=3", "--set", "training.checkpoint_every_epochs=1", "--store", s3_url]
    done = gridctl("submit", "tiny.yaml", "--no-verify", *options, "--json")
    assert done.returncode == 1, done.stderr
    assert "refuses objects of this size (413)" in done.stderr
    assert len(json.loads(done.stdout)["failed"]) == 1
    assert len(proxy.hurt) < 5
    (log,) = [stat.key for stat in open_store(s3_url).list() if stat.key.endswith(".jsonl")]
    records = [json.loads(line) for line in open_store(s3_url).get(log).data.splitlines()]
    assert [record["epoch"] for record in records if "epoch" in record] == [1]
    proxy.rule = lambda request: None
    again = gridctl("submit", "tiny.yaml", "--no-verify", *options, "--json", "--retry-failed")
    assert again.returncode == 0, again.stderr
    assert len(json.loads(again.stdout)["done"]) == 1


def test_a_gateway_that_does_not_know_conditions(proxy: FaultyProxy, s3_url: str, one_run: Path, gridctl: Run) -> None:
    """A bare status without S3's own error is not taken for a temporary overload."""
    proxy.rule = lambda request: Answer(501, PAGE, b"<html></html>") if "if-none-match" in request.headers else None
    done = gridctl("submit", "tiny.yaml", "--store", s3_url)
    assert done.returncode == 3, done.stderr
    assert "it cannot write an object only if there is none" in done.stderr
    assert "(501)" in done.stderr
    assert list(open_store(s3_url).list()) == []
