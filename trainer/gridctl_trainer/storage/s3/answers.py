"""Checks that an endpoint is an S3 server, and not a console, a login page or a proxy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gridctl_trainer.contract.errors import StoreError

_ROOTS: Final = {
    "ListObjectsV2": "ListBucketResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
}
"""The outermost element of answers in XML."""
_WITH_ETAG: Final = ("PutObject", "GetObject", "HeadObject", "UploadPart")
_ABOUT_LOAD: Final = (408, 413, 429, 507)
"""Gateways in front of S3 servers also send these, with bodies of their own, as well as everything from 500 on."""
_FIRST_ELEMENT: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?(\w+)", re.DOTALL
)
_FIX: Final = "set AWS_ENDPOINT_URL_S3 to the port of the S3 API, not to a console or a web page"


def require_s3_answer(*, operation_model: Any, response_dict: Mapping[str, Any], endpoint: str, where: str) -> None:
    """Refuse an answer that no S3 server gives, before AWS's library mistakes it for an empty listing.

    Args:
        operation_model: botocore's model of the request.
        response_dict: Status, headers and body as received.
        endpoint: URL of the server.
        where: URL of the store.

    Raises:
        StoreError: The answer does not come from an S3 server.
    """
    operation, status = operation_model.name, int(response_dict["status_code"])
    headers = {str(name).lower(): str(value) for name, value in response_dict["headers"].items()}
    body = response_dict["body"] if isinstance(response_dict["body"], bytes) else None
    if status < 300:
        wrong = not _is_success(operation, headers, body)
    elif status >= 500 or status in _ABOUT_LOAD:
        return
    else:
        wrong = not _is_refusal(operation, status, headers, body)
    if wrong:
        raise StoreError(_what(endpoint, status, headers), where=where, fix=_fix(endpoint, headers, body or b""))


def _is_success(operation: str, headers: Mapping[str, str], body: bytes | None) -> bool:
    if operation == "CompleteMultipartUpload" and not (body or b"").strip():
        return True  # S3 itself may answer 200 and fail later; botocore knows this and retries
    if operation in _ROOTS:
        return _root(body or b"") in (_ROOTS[operation], "Error")
    if operation in _WITH_ETAG and "etag" not in headers:
        return False
    if operation == "DeleteObject" and body:
        return _root(body) != ""
    # A static page has an ETag as well. An object may also be a page, but it comes with S3's own headers.
    return not _is_page(headers) or any(name.startswith("x-amz-") for name in headers)


def _is_refusal(operation: str, status: int, headers: Mapping[str, str], body: bytes | None) -> bool:
    if operation.startswith("Head") or status == 304:  # these answers have no body
        return "location" not in headers or "x-amz-bucket-region" in headers
    return _root(body or b"") == "Error"


def _root(body: bytes) -> str:
    """The name of the outermost element, even if the document is truncated; empty if it is not XML."""
    found = _FIRST_ELEMENT.match(body)
    return found[1].decode() if found else ""


def _is_page(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").startswith("text/html")


def _what(endpoint: str, status: int, headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type", "") or "none"
    what = f"the server at {endpoint} does not answer as an S3 server (status {status}, content-type {kind})"
    goal = _goal(headers)
    return f"{what}: it redirects to {goal}" if goal else what


def _goal(headers: Mapping[str, str]) -> str:
    """The target of a redirect, without parts of the URL that may be secret."""
    try:
        parts = urlsplit(headers.get("location", ""))
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else parts.path
    except ValueError:
        return ""


def _fix(endpoint: str, headers: Mapping[str, str], body: bytes) -> str:
    goal, asked = _goal(headers), urlsplit(endpoint)
    if goal.startswith("https://") and asked.scheme == "http" and urlsplit(goal).hostname == asked.hostname:
        return f"set AWS_ENDPOINT_URL_S3 to {goal}"
    if asked.scheme == "http" and re.search(rb"HTTP request.{0,40}HTTPS (server|port)", body):
        return f"it speaks TLS: set AWS_ENDPOINT_URL_S3 to https://{asked.netloc.rpartition('@')[2]}"
    return _FIX
