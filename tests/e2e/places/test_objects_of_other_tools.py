"""Only a checksum proves that an object is damaged, even if other tools uploaded it or a bucket encrypts it.

The server keeps checksums; the proxy in front of it returns ETags like a bucket with SSE-KMS, and damages answers.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from tests.e2e.places.conftest import Command
from tests.e2e.specification import specification
from tests.faulty_proxy import Changed, Fault, FaultyProxy, Request

FIVE_MIB = 5 << 20


class OtherTool:
    """Uploads as other tools do: in parts of 5 MiB, with one of S3's checksums or without."""

    def __init__(self, url: str) -> None:
        self.bucket, _, self.prefix = url.removeprefix("s3://").partition("/")
        self._client: Any = boto3.client("s3")
        self._plain: Any = boto3.client("s3", config=Config(request_checksum_calculation="when_required"))

    def put(self, key: str, data: bytes, algorithm: str = "") -> None:
        client = self._client if algorithm else self._plain
        client.put_object(
            Bucket=self.bucket,
            Key=f"{self.prefix}/{key}",
            Body=data,
            **({"ChecksumAlgorithm": algorithm} if algorithm else {}),
        )

    def put_in_parts(self, key: str, data: bytes, algorithm: str = "") -> None:
        client = self._client if algorithm else self._plain
        extra = {"ChecksumAlgorithm": algorithm} if algorithm else {}
        config = TransferConfig(multipart_threshold=FIVE_MIB, multipart_chunksize=FIVE_MIB)
        client.upload_fileobj(io.BytesIO(data), self.bucket, f"{self.prefix}/{key}", ExtraArgs=extra, Config=config)


@pytest.fixture
def other_tool(s3_url: str) -> OtherTool:
    return OtherTool(s3_url)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """Two files that are sent in parts and four that are not, below the folder `files`."""
    chance = random.Random(5)
    content = {name: chance.randbytes(11 << 20) for name in ("parts.bin", "parts-crc32.bin")}
    content |= {name: chance.randbytes(999) for name in ("sha256", "sha1", "crc32", "plain")}
    for name, data in content.items():
        (tmp_path / "files" / "deep").mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / "deep" / name).write_bytes(data)
    return content


def upload(tool: OtherTool, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        algorithm = {"plain": "", "parts.bin": "", "parts-crc32.bin": "CRC32"}.get(name, name.upper())
        (tool.put_in_parts if name.startswith("parts") else tool.put)(f"deep/{name}", data, algorithm)


def encrypted(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """Return ETags as with SSE-KMS: they are not an MD5, but stay the same from call to call."""

    def another(etag: str) -> str:
        return hashlib.md5(b"key" + etag.encode(), usedforsecurity=False).hexdigest() + "".join(etag.partition("-")[1:])

    if "etag" in headers:
        headers["etag"] = f'"{another(headers["etag"].strip(chr(34)))}"'
    if b"<ListBucketResult" in body:
        body = re.sub(
            rb"<ETag>(?:&#34;|&quot;|\")?([\w-]+)(?:&#34;|&quot;|\")?</ETag>",
            lambda found: f"<ETag>&quot;{another(found[1].decode())}&quot;</ETag>".encode(),
            body,
        )
    return headers, body


def sent(proxy: FaultyProxy) -> list[str]:
    """Names of the objects that were written since the last call."""
    written = {
        request.path.partition("?")[0].rpartition("/")[2]
        for request in proxy.requests
        if request.method in ("PUT", "POST")
    }
    proxy.requests.clear()
    return sorted(written)


@pytest.mark.parametrize("kms", [False, True], ids=["MD5 as ETag", "SSE-KMS"])
def test_upload_sends_nothing_that_is_there(
    kms: bool, trainer: Command, other_tool: OtherTool, proxy: FaultyProxy, s3_url: str, files: dict[str, bytes]
) -> None:
    upload(other_tool, files)
    proxy.rule = lambda request: Changed(encrypted) if kms and request.method in ("GET", "HEAD") else None
    done = trainer("data", "upload", "files", s3_url)
    assert done.returncode == 0, done.stderr
    untold = ["parts-crc32.bin", "parts.bin", "plain"] if kms else []  # for these, S3 keeps no checksum of the whole
    assert sent(proxy) == ["SHA256SUMS", *untold]
    assert f"sent {len(untold)} of 6 files" in done.stderr
    again = trainer("data", "upload", "files", s3_url)
    assert again.returncode == 0, again.stderr
    assert "sent 0 of 6 files" in again.stderr
    assert sent(proxy) == []


def test_upload_believes_checksums_that_another_tool_wrote(
    trainer: Command,
    other_tool: OtherTool,
    proxy: FaultyProxy,
    s3_url: str,
    files: dict[str, bytes],
    tmp_path: Path,
) -> None:
    upload(other_tool, files)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    sums["plain"] = "0" * 64  # a wrong checksum
    text = "".join(f"{digest} *./deep/{name}\r\n" for name, digest in sums.items())
    other_tool.put("SHA256SUMS", text.encode())

    def older(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        """Make the objects older than SHA256SUMS, as the server counts in seconds and this test takes less."""
        headers, body = encrypted(headers, body)
        return headers, re.sub(rb"(?s)(/deep/[^<]+</Key>.*?<LastModified>)[^<]+", rb"\g<1>2025-01-01T00:00:00Z", body)

    proxy.rule = lambda request: Changed(older) if request.method in ("GET", "HEAD") else None
    done = trainer("data", "upload", "files", s3_url)
    assert done.returncode == 0, done.stderr
    assert sent(proxy) == ["SHA256SUMS", "plain"]
    assert trainer("data", "upload", "files", s3_url).returncode == 0
    assert sent(proxy) == []


def test_upload_replaces_what_is_another(
    trainer: Command, other_tool: OtherTool, proxy: FaultyProxy, s3_url: str, files: dict[str, bytes], tmp_path: Path
) -> None:
    upload(other_tool, files)
    for name in files:  # of the same length as before
        with (tmp_path / "files" / "deep" / name).open("r+b") as file:
            file.write(b"another beginning")
    done = trainer("data", "upload", "files", s3_url)
    assert "sent 6 of 6 files" in done.stderr
    assert sent(proxy) == sorted(["SHA256SUMS", *files])


class Bucket:
    """A synthetic ACDC that another tool uploaded to a bucket, and a run that reads it there."""

    def __init__(self, phantom: Path, tool: OtherTool, trainer: Command, folder: Path, url: str) -> None:
        self._trainer, self._folder = trainer, folder
        self.content = {
            path.relative_to(phantom / "acdc").as_posix(): path.read_bytes()
            for path in sorted((phantom / "acdc").rglob("*"))
            if path.is_file()
        }
        self.content["notes/large.bin"] = random.Random(5).randbytes(11 << 20)
        for number, (key, data) in enumerate(self.content.items()):
            algorithm = ("SHA256", "CRC32", "SHA1", "")[number % 4]
            (tool.put_in_parts if len(data) > FIVE_MIB else tool.put)(key, data, algorithm)
        self.images = [key for key in self.content if key.endswith(".nii.gz")]
        spec = specification(data={"train": {"dataset": "acdc", "path": url}})
        (folder / "spec.json").write_text(json.dumps(spec))

    def sums(self, **wrong: str) -> bytes:
        digests = {key: hashlib.sha256(data).hexdigest() for key, data in self.content.items()}
        return "".join(f"{digest}  {key}\n" for key, digest in {**digests, **wrong}.items()).encode()

    def run(self) -> Any:
        return self._trainer(
            *("run", "spec.json", "--store", "runs", "--progress", "none"),
            env={"GRIDCTL_CACHE": str(self._folder / "cache")},
        )

    def kept(self, key: str) -> bool:
        return any(path.as_posix().endswith(f"/{key}") for path in (self._folder / "cache").rglob("*"))


@pytest.fixture
def acdc(
    phantom: Path, other_tool: OtherTool, trainer: Command, tmp_path: Path, proxy: FaultyProxy, s3_url: str
) -> Bucket:
    bucket = Bucket(phantom, other_tool, trainer, tmp_path, s3_url)
    proxy.requests.clear()
    return bucket


def flipped(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    return headers, bytes([body[0] ^ 1]) + body[1:]


def is_read_of(request: Request, key: str) -> bool:
    return request.method == "GET" and request.path.partition("?")[0].endswith(f"/{key}")


@pytest.mark.parametrize("with_sums", [True, False], ids=["SHA256SUMS", "only what S3 keeps"])
def test_a_run_reads_them_and_again_what_was_damaged_on_the_way(
    with_sums: bool, acdc: Bucket, other_tool: OtherTool, proxy: FaultyProxy, tmp_path: Path
) -> None:
    if with_sums:
        other_tool.put("SHA256SUMS", acdc.sums())
    damaged = set(list(acdc.content)[:3])  # S3 keeps a SHA-256, a CRC-32 and a SHA-1 of these
    if with_sums:
        damaged.add("notes/large.bin")
    left = set(damaged)

    def rule(request: Request) -> Fault | None:
        if request.method not in ("GET", "HEAD"):
            return None
        for key in left:
            if is_read_of(request, key):
                left.remove(key)
                return Changed(flipped)
        # Parts are requested by the ETag of the whole in a signed header, so it stays as the server knows it.
        return None if request.path.partition("?")[0].endswith("/notes/large.bin") else Changed(encrypted)

    proxy.rule = rule
    done = acdc.run()
    assert done.returncode == 0, done.stderr
    assert not left
    assert len(list((tmp_path / "runs").glob("tiny/*/result.json"))) == 1
    for key, data in acdc.content.items():
        (path,) = (path for path in (tmp_path / "cache").rglob("*") if path.as_posix().endswith(f"/{key}"))
        assert path.read_bytes() == data, key


def test_what_is_damaged_for_good_is_named(
    acdc: Bucket, other_tool: OtherTool, proxy: FaultyProxy, s3_url: str, tmp_path: Path
) -> None:
    key = next(iter(acdc.content))  # S3 keeps its SHA-256
    large = "notes/large.bin"

    def refused(key: str, said: str) -> None:
        done = acdc.run()
        assert done.returncode == 3, done.stderr
        assert f"{s3_url}/{key}: {said}" in done.stderr
        assert not acdc.kept(key)  # no damaged file is kept
        assert len([request for request in proxy.requests if is_read_of(request, key)]) > 1  # retried, then given up
        proxy.requests.clear()

    proxy.rule = lambda request: Changed(flipped) if is_read_of(request, key) else None
    refused(key, "its content is not what the checksum says that S3 keeps of it")

    def wrong_header(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        return {**headers, "x-amz-checksum-sha256": "A" * 43 + "="}, body

    proxy.rule = lambda request: Changed(wrong_header) if is_read_of(request, key) else None
    refused(key, "its content is not what the checksum says that S3 keeps of it")

    proxy.rule = lambda request: None
    other_tool.put("SHA256SUMS", acdc.sums(**{key: "0" * 64}))
    refused(key, "its SHA-256 is")

    other_tool.put("SHA256SUMS", acdc.sums())
    data = acdc.content[large]
    other_tool.put_in_parts(large, b"another beginning" + data[17:])
    refused(large, "its SHA-256 is")
    assert not list((tmp_path / "runs").glob("tiny/*/result.json"))
