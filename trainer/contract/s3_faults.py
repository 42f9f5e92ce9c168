"""What S3 and AWS's library say when they fail, said with where and what to do."""

from __future__ import annotations

from typing import Any, Final

from botocore import exceptions as aws
from botocore.exceptions import PaginationError
from botocore.parsers import ResponseParserError

from trainer.contract.errors import NotFoundError, StoreError

_ENDPOINT_FIX: Final = "check the network, and AWS_ENDPOINT_URL_S3 for a server that is not AWS's; then try again"
_CREDENTIALS_FIX: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; in a pod they come from kubernetes.secret"
)

_NO_CREDENTIALS: Final = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.MetadataRetrievalError,
    aws.ProfileNotFound,
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
)
_RENEWABLE: Final = (aws.CredentialRetrievalError, aws.MetadataRetrievalError, aws.TokenRetrievalError)
_UNREACHABLE: Final = (
    aws.HTTPClientError,  # connection refused, timeouts, TLS and proxies
    aws.ConnectionError,
    aws.EndpointConnectionError,
    aws.IncompleteReadError,
    aws.ResponseStreamingError,
    OSError,
)

_REFUSED: Final[dict[str, tuple[str, str]]] = {
    "NoSuchBucket": (
        "there is no such bucket",
        "make it, or correct `store:`; for a server that is not AWS's set AWS_ENDPOINT_URL_S3",
    ),
    "InvalidBucketName": ("this is no name of a bucket", "use 3 to 63 lowercase letters, digits, '.' and '-'"),
    "InvalidAccessKeyId": ("the server does not know the access key", _CREDENTIALS_FIX),
    "SignatureDoesNotMatch": ("the secret key does not belong to the access key", _CREDENTIALS_FIX),
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
    "QuotaExceeded": ("the bucket is full", "delete what is not needed, then run the same command again"),
    "NotImplemented": (
        "the server cannot do this request",
        "use an S3 server with conditional writes (If-None-Match), as AWS, MinIO, Ceph and versitygw have",
    ),
}
_GATEWAYS: Final[dict[int, tuple[str, str, bool]]] = {
    413: ("refuses objects of this size (413)", "raise the limit on request bodies of the proxy in front of it", False),
    429: ("gets too many requests (429)", "try again in some minutes, with fewer workers", True),
    502: ("is a gateway that gets no valid answer from the S3 server behind it (502)", "look at that server", True),
    504: ("is a gateway that gets no answer from the S3 server behind it (504)", "look at that server", True),
    507: ("has no room left (507)", "delete what is not needed, then run the same command again", False),
}
"""By status: what it says, what to do, whether it passes. Statuses that mean the same from every server."""
_SAME_AS: Final = {
    "403": "AccessDenied",
    "Forbidden": "AccessDenied",
    "AllAccessDisabled": "AccessDenied",
    "301": "PermanentRedirect",
    "XAdminUserNotFound": "InvalidAccessKeyId",
    "ExpiredTokenException": "ExpiredToken",
    "RequestExpired": "RequestTimeTooSkewed",
    "XAmzContentSHA256Mismatch": "SignatureDoesNotMatch",
}
_PASSING: Final = ("ExpiredToken", "TokenRefreshRequired")
"""Refusals that end by themselves: credentials are renewed."""
_BUSY: Final = ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "429", "500", "503")


def error_code(error: aws.ClientError) -> str:
    """S3's own code of a refusal, such as `NoSuchKey`; the HTTP status where there is no text."""
    return str(error.response.get("Error", {}).get("Code", ""))


def fault_of(error: Exception, *, where: str, endpoint: str) -> StoreError:
    """A failure of S3 or of AWS's library as one that a person can act on.

    Args:
        error: What was raised.
        where: URL of the store or object.
        endpoint: The server asked.
    """
    if isinstance(error, aws.ClientError):
        return _refusal(error, where, endpoint)
    if isinstance(error, _NO_CREDENTIALS):
        return StoreError(
            f"no credentials for S3: {_sentence(error)}",
            where=where,
            fix=_CREDENTIALS_FIX,
            passing=isinstance(error, _RENEWABLE),
        )
    if _is_of_settings(error):
        return StoreError(
            f"the AWS settings are not valid: {_settings_reason(error)}",
            where=where,
            fix="look at AWS_*, the files that they name, and ~/.aws",
        )
    if isinstance(error, _UNREACHABLE):
        reason = _reason(error)
        no_tls = "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER_FAILURE" in reason
        fix = "this port does not speak TLS: use http:// in AWS_ENDPOINT_URL_S3" if no_tls else _ENDPOINT_FIX
        if endpoint.startswith("http://") and "RemoteDisconnected" in reason:
            fix = f"use https:// in AWS_ENDPOINT_URL_S3 if this port speaks TLS; else {_ENDPOINT_FIX}"
        return StoreError(f"cannot reach {endpoint}: {reason}", where=where, fix=fix, passing=not no_tls)
    if isinstance(error, ResponseParserError | PaginationError):
        return StoreError(
            f"the server at {endpoint} does not answer as an S3 server: {_sentence(error)}"[:300],
            where=where,
            fix="look at AWS_ENDPOINT_URL_S3, and at the server's version",
        )
    if isinstance(error, aws.ParamValidationError):
        return StoreError(f"this is no valid S3 URL: {_sentence(error)}", where=where, fix="use s3://bucket/prefix")
    return StoreError(
        f"the AWS settings are not valid: {_sentence(error)}", where=where, fix="look at AWS_* and ~/.aws/config"
    )


def _refusal(error: aws.ClientError, where: str, endpoint: str) -> StoreError:
    code = error_code(error)
    code = _SAME_AS.get(code, code)
    if code in ("NoSuchKey", "404"):
        return NotFoundError("there is no such object", where=where)
    said: dict[str, Any] = error.response.get("Error", {})
    if code in _REFUSED:
        what, fix = _REFUSED[code]
        return StoreError(f"{what} ({endpoint} says {code})", where=where, fix=fix, passing=code in _PASSING)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in _GATEWAYS:
        what, fix, passing = _GATEWAYS[status]
        return StoreError(f"{endpoint} {what}", where=where, fix=fix, passing=passing)
    tries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1
    if code in _BUSY or status >= 500:
        return StoreError(
            f"{endpoint} is overloaded or broken ({code}, {tries} tries)",
            where=where,
            fix="try again in some minutes",
            passing=True,
        )
    return StoreError(
        f"{endpoint} refuses {error.operation_name}: {code} {said.get('Message', '')}".rstrip(),
        where=where,
        fix="look at the bucket's policy and the server's log",
    )


def _is_of_settings(error: Exception) -> bool:
    """Whether nothing was sent, because a header, file or certificate is no use: waiting cannot help."""
    inner = getattr(error, "kwargs", {}).get("error") or error
    if "CERTIFICATE_VERIFY_FAILED" in str(inner):
        return True
    if isinstance(inner, ValueError):
        return True
    lost = isinstance(inner, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError)
    return lost or (isinstance(inner, OSError) and "TLS CA certificate" in str(inner))


def _settings_reason(error: Exception) -> str:
    """Without any value: a header that cannot be sent is a credential."""
    inner = getattr(error, "kwargs", {}).get("error") or error
    if isinstance(error, aws.ConfigParseError) and isinstance(inner, UnicodeDecodeError):
        return f"{error.kwargs.get('path', 'a file')} is not UTF-8 text"
    if isinstance(inner, ValueError) and "header" in str(inner).lower():
        return "a credential, region or token has a character that cannot be sent"
    if "CERTIFICATE_VERIFY_FAILED" in str(inner):
        return "the server's certificate is not trusted; AWS_CA_BUNDLE names the authority's"
    return _sentence(inner)


def _sentence(error: object) -> str:
    return " ".join(str(error).split())


def _reason(error: Exception) -> str:
    """The innermost cause: `Connection refused` says more than the names of three libraries."""
    inner = getattr(error, "kwargs", {}).get("error") or error.__cause__ or error.__context__ or error
    reason = getattr(inner, "reason", inner)
    text = _sentence(inner if isinstance(reason, str) else reason)
    return (
        text.rpartition(": ")[2]
        if "[Errno" not in text
        else text[text.index("[Errno") :].partition("] ")[2].rstrip("')")
    )
