"""Keys that no folder could hold are skipped and counted, and endless listings are reported, never with a crash."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

from gridctl_trainer.storage.base import open_store
from tests.e2e.stores.conftest import Run
from tests.faulty_proxy import Answer, Fault, FaultyProxy, Request

STRANGE = ["a//b", "/a", "tiny/../x", "tiny/./x", "tiny//attempts/001-a.jsonl", "tiny/r/a%0Ab", "tiny/r/%01"]


def listing(keys: list[str], more: str = "") -> Answer:
    about = "<LastModified>2026-01-01T00:00:00Z</LastModified><ETag>x</ETag><Size>1</Size>"
    items = "".join(f"<Contents><Key>{escape(key)}</Key>{about}</Contents>" for key in keys)
    body = f"<ListBucketResult><EncodingType>url</EncodingType>{items}{more}</ListBucketResult>"
    return Answer(200, {"Content-Type": "application/xml"}, body.encode())


def test_strange_keys(proxy: FaultyProxy, s3_url: str, gridctl: Run) -> None:
    prefix = s3_url.removeprefix("s3://").partition("/")[2]
    yaml = (
        "name: tiny\nmodels: {unet: {}}\ntrain_ratios: [0.5]\nseeds: [1]\ndata: {train: {dataset: acdc, path: /data}}\n"
    )
    open_store(s3_url).put("tiny/experiment.yaml", yaml.encode())
    keys = [f"{prefix}/{key}" for key in [*STRANGE, "folder/", "tiny", "tiny/experiment.yaml", "ünï/🙂"]]

    def rule(request: Request) -> Fault | None:
        (asked,) = parse_qs(urlsplit(request.path).query).get("prefix", [""])
        return listing([key for key in keys if key.startswith(asked)]) if "list-type=2" in request.path else None

    proxy.rule = rule
    listed = gridctl("list", "--store", s3_url)
    assert listed.returncode == 0, listed.stderr
    assert "tiny" in listed.stdout
    assert f"passed over 'a//b' and {len(STRANGE) - 1} more" in listed.stderr
    shown = gridctl("status", "tiny", "--store", s3_url)
    assert shown.returncode == 0, shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    "more",
    [
        "<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken>",
        "<IsTruncated>true</IsTruncated><NextContinuationToken>{number}</NextContinuationToken>",
        "<IsTruncated>true</IsTruncated>",
    ],
    ids=["same token", "same page", "no token"],
)
def test_a_listing_without_an_end(more: str, proxy: FaultyProxy, s3_url: str, gridctl: Run) -> None:
    def rule(request: Request) -> Fault | None:
        return listing([f"{s3_url.split('/', 3)[3]}/k"], more.format(number=request.number))

    proxy.rule = rule
    done = gridctl("list", "--store", s3_url)
    assert done.returncode == 3, done.stderr
    assert proxy.url in done.stderr
    assert len(proxy.requests) < 4
