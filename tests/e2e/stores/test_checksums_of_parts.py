"""A server that sends the checksum of a whole object with each part does not make downloads fail."""

from __future__ import annotations

import base64
import hashlib
import shutil
from pathlib import Path

from tests.e2e.stores.conftest import Run
from tests.faulty_proxy import Changed, Fault, FaultyProxy, Request


def test_the_whole_is_compared(
    proxy: FaultyProxy, s3_url: str, one_run: Path, phantom: Path, gridctl: Run, trainer: Run, tmp_path: Path
) -> None:
    shutil.copytree(phantom / "acdc", tmp_path / "acdc")
    (tmp_path / "acdc" / "large.bin").write_bytes(content := bytes(range(256)) * (36 << 10))
    url = f"{s3_url}/data"
    assert trainer("data", "upload", "acdc", url).returncode == 0
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()

    def rule(request: Request) -> Fault | None:
        if "large.bin" not in request.path or request.method not in ("GET", "HEAD"):
            return None
        sums = {"x-amz-checksum-sha256": checksum, "x-amz-checksum-type": "FULL_OBJECT"}
        return Changed(lambda headers, body: ({**headers, **sums}, body))

    proxy.rule = rule
    done = gridctl("submit", "tiny.yaml", "--no-verify", "--set", f"data.train.path={url}", "--store", "runs")
    assert done.returncode == 0, done.stderr
