"""If the store cannot be reached at the end, it is unknown whether the run is done, and nothing claims that it is."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.stores.conftest import Run
from tests.faulty_proxy import Answer, FaultyProxy, Request


def test_a_result_that_cannot_be_read(
    proxy: FaultyProxy, s3_url: str, one_run: Path, gridctl: Run, tmp_path: Path
) -> None:
    written = []
    body = b"<Error><Code>AccessDenied</Code><Message>as said</Message></Error>"

    def rule(request: Request) -> Answer | None:
        if written and request.method in ("GET", "HEAD"):
            return Answer(403, {"Content-Type": "application/xml"}, body)
        if request.method == "PUT" and request.path.partition("?")[0].endswith("/result.json"):
            written.append(request)
        return None

    proxy.rule = rule
    done = gridctl("submit", "tiny.yaml", "--no-verify", "--store", s3_url, "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["done"] == []
    assert "whether it is done is not known" in done.stderr
    assert "Traceback" not in done.stderr
    proxy.rule = lambda request: None
    assert json.loads(gridctl("status", "--json").stdout)["totals"]["done"] == 1
