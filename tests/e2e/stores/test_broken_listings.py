"""An invalid listing is reported as the server's fault, and not as an empty store, a bug or wrong AWS settings."""

from __future__ import annotations

import os

import pytest

from tests.e2e.stores.conftest import Run
from tests.faulty_proxy import Answer, FaultyProxy

WHOLE = {
    "Key": "{prefix}/tiny/experiment.yaml",
    "LastModified": "2026-01-01T00:00:00Z",
    "ETag": "x",
    "Size": "1",
}
BROKEN = {
    **{f"without {field}": ({**WHOLE, field: ""}, f"its listing lacks {field}") for field in ("Size", "ETag")},
    "size is text": ({**WHOLE, "Size": "big"}, "does not answer as an S3 server"),
    "no date": ({**WHOLE, "LastModified": "yesterday"}, "does not answer as an S3 server"),
    "prefix ignored": ({**WHOLE, "Key": "other/tiny/experiment.yaml"}, "it lists 'other/tiny/experiment.yaml'"),
}


@pytest.mark.parametrize(("item", "said"), BROKEN.values(), ids=BROKEN)
def test_each_is_named(item: dict[str, str], said: str, proxy: FaultyProxy, s3_url: str, gridctl: Run) -> None:
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in item.items() if text)
    fields = fields.format(prefix=s3_url.split("/", 3)[3])
    body = f"<ListBucketResult><Contents>{fields}</Contents></ListBucketResult>".encode()
    proxy.rule = lambda request: Answer(200, {"Content-Type": "application/xml"}, body)
    done = gridctl("list", "--store", s3_url)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert said in done.stderr
    assert "AWS_ENDPOINT_URL_S3" in done.stderr


def test_an_endpoint_with_the_bucket_in_it(s3_url: str, gridctl: Run) -> None:
    bucket = s3_url.split("/")[2]
    env = {"AWS_ENDPOINT_URL_S3": f"{os.environ['AWS_ENDPOINT_URL_S3']}/{bucket}"}
    done = gridctl("list", "--store", s3_url, env=env)
    assert done.returncode == 3
    assert "there is no such bucket" in done.stderr
    assert f"take '/{bucket}' out of the endpoint's URL" in done.stderr
