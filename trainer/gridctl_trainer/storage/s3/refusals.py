"""Explains why S3 servers and the gateways in front of them refuse a request, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from gridctl_trainer.contract.errors import NotFoundError, RefusedObjectError, StoreError
from gridctl_trainer.contract.wording import count

CREDENTIALS_FIX: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; in a pod they come from kubernetes.secret"
)
_FULL_FIX: Final = "delete what is not needed, then run the same command again"
_OLD_SERVER_FIX: Final = (
    "use an S3 server with conditional writes (If-None-Match), as AWS, MinIO, Ceph and versitygw have"
)

_REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "NoSuchBucket": (
        "there is no such bucket",
        "create it, or correct `store:`; for a server that is not AWS's set AWS_ENDPOINT_URL_S3",
    ),
    "InvalidBucketName": (
        "this is not the name of a bucket",
        "use 3 to 63 lowercase letters, digits, '.' and '-'",
    ),
    "InvalidAccessKeyId": ("the server does not know the access key", CREDENTIALS_FIX),
    "SignatureDoesNotMatch": ("the secret key does not belong to the access key", CREDENTIALS_FIX),
    "ExpiredToken": ("the credentials have expired", "sign in again, or renew AWS_SESSION_TOKEN"),
    "TokenRefreshRequired": ("the credentials have expired", "sign in again, or renew AWS_SESSION_TOKEN"),
    "InvalidToken": (
        "the session token is not valid",
        "renew AWS_SESSION_TOKEN, or unset it for keys that need none",
    ),
    "AccessDenied": (
        "access denied",
        "ask for s3:ListBucket on the bucket and s3:GetObject, s3:PutObject, s3:DeleteObject under the prefix",
    ),
    "PermanentRedirect": ("the bucket is in another region", "set AWS_DEFAULT_REGION to the bucket's"),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", "set AWS_DEFAULT_REGION to the bucket's"),
    "RequestTimeTooSkewed": ("the clock of this machine is wrong", "set it, for example by NTP"),
    "QuotaExceeded": ("the bucket is full", _FULL_FIX),
    "KeyTooLongError": ("the key is longer than S3 allows", "shorten the prefix of the store"),
}
"""For each S3 error code, what it means and what to do."""
_SAME_AS: Final[Mapping[str, str]] = {
    "403": "AccessDenied",
    "Forbidden": "AccessDenied",
    "AllAccessDisabled": "AccessDenied",
    "301": "PermanentRedirect",
    "XAdminUserNotFound": "InvalidAccessKeyId",
    "ExpiredTokenException": "ExpiredToken",
    "RequestExpired": "RequestTimeTooSkewed",
    "XAmzContentSHA256Mismatch": "SignatureDoesNotMatch",
    "XMinioAdminBucketQuotaExceeded": "QuotaExceeded",
}
_NEVER_TAKEN: Final[Mapping[str, tuple[str, str]]] = {
    "413": (
        "refuses objects of this size",
        "raise the limit on request bodies of the proxy in front of it",
    ),
    "EntityTooLarge": ("refuses objects of this size", "use a store that takes larger objects"),
    "NotImplemented": ("cannot do this request", _OLD_SERVER_FIX),
    "501": ("cannot do this request", _OLD_SERVER_FIX),
}
"""For each code or status, a refusal of an object or a kind of request that is permanent, and what to do."""
_GATEWAYS: Final[Mapping[int, tuple[str, str, bool]]] = {
    429: ("gets too many requests (429)", "try again in some minutes, with fewer workers", True),
    502: ("is a gateway that gets no valid answer from the S3 server behind it (502)", "look at that server", True),
    504: ("is a gateway that gets no answer from the S3 server behind it (504)", "look at that server", True),
    507: ("has no room left (507)", _FULL_FIX, False),
    511: ("cannot be reached before somebody signs in to this network (511)", "sign in with a web browser", True),
}
"""For each status that means the same from every server: what it means, what to do, and whether it is temporary."""
_PASSING: Final = ("ExpiredToken", "TokenRefreshRequired")
"""Refusals that end when credentials are renewed."""
_BUSY: Final = ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "429", "500", "503")
_OF_SIGNING_IN: Final = (
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "CreateToken",
    "GetRoleCredentials",
)
"""Operations that AWS's library performs by itself to get credentials."""


def error_code(error: ClientError) -> str:
    """S3's code of a refusal, such as `NoSuchKey`, or the HTTP status if there is no code."""
    return str(error.response.get("Error", {}).get("Code") or _status(error) or "")


def refusal(error: ClientError, *, where: str, endpoint: str) -> StoreError:
    """Turn a refusal into an error that a person can act on.

    Args:
        error: The error that AWS's library raised.
        where: URL of the store or object.
        endpoint: URL of the server.
    """
    given, status = error_code(error), _status(error)
    code = _SAME_AS.get(given, given)
    if error.operation_name in _OF_SIGNING_IN:
        return _refused_credentials(error, code, where)
    if code in ("NoSuchKey", "404"):
        if not error.operation_name.startswith("List"):
            return NotFoundError("there is no such object", where=where)
        code = "NoSuchBucket"  # only the bucket can be missing in a listing
    if code in _REFUSED:
        what, fix = _REFUSED[code]
        if code == "NoSuchBucket" and (path := urlsplit(endpoint).path.strip("/")):
            fix = f"take '/{path}' out of the endpoint's URL: it names a server, and `store:` names the bucket"
        return StoreError(f"{what} ({endpoint} says {given})", where=where, fix=fix, passing=code in _PASSING)
    for mark in (code, str(status)):
        if mark in _NEVER_TAKEN:
            what, fix = _NEVER_TAKEN[mark]
            return RefusedObjectError(f"{endpoint} {what} ({mark})", where=where, fix=fix)
    if status in _GATEWAYS:
        what, fix, passing = _GATEWAYS[status]
        return StoreError(f"{endpoint} {what}", where=where, fix=fix, passing=passing)
    if code in _BUSY or status >= 500:
        tries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1
        return StoreError(
            f"{endpoint} is overloaded or broken ({code}, {count(tries, 'try', 'tries')})",
            where=where,
            fix="try again in some minutes",
            passing=True,
        )
    return StoreError(
        f"{endpoint} refuses {error.operation_name}: {code} {_message(error)}".rstrip(),
        where=where,
        fix="look at the bucket's policy and the server's log",
    )


def _refused_credentials(error: ClientError, code: str, where: str) -> StoreError:
    return StoreError(
        f"no credentials for S3: {error.operation_name} is refused: {code} {_message(error)}".rstrip(),
        where=where,
        fix="sign in again; look at the role and its trust policy, and at AWS_ENDPOINT_URL_STS if it is set",
        passing=code in (*_PASSING, *_BUSY),
    )


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message") or "")


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
