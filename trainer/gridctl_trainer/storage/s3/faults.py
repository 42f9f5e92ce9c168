"""Explains what AWS's library raises if it cannot reach S3, has no credentials, or cannot read an answer."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError
from urllib3.exceptions import LocationParseError

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.storage.s3.refusals import CREDENTIALS_FIX, refusal

_ENDPOINT_FIX: Final = "check the network, and AWS_ENDPOINT_URL_S3 for a server that is not AWS's; then try again"
_POD_FIX: Final = "it comes from kubernetes.secret or kubernetes.env"
_PROXY_FIX: Final = "correct or unset HTTPS_PROXY and HTTP_PROXY, or name the server in NO_PROXY"
_SETTINGS_FIX: Final = "look at AWS_*, the files that they name, and ~/.aws"

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
_FILE_FAULTS: Final = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""Raised before anything is sent, by a missing certificate bundle or credential program."""


def fault_of(error: Exception, *, where: str, endpoint: str) -> StoreError:
    """Turn a failure of S3 or of AWS's library into an error that a person can act on.

    Args:
        error: What was raised.
        where: URL of the store or object.
        endpoint: URL of the server; empty if no request has been made yet.
    """
    if isinstance(error, aws.ClientError):
        return refusal(error, where=where, endpoint=endpoint)
    if isinstance(error, _NO_CREDENTIALS):
        return StoreError(
            f"no credentials for S3: {_sentence(error)}",
            where=where,
            fix=CREDENTIALS_FIX,
            passing=isinstance(error, _RENEWABLE),
        )
    cause = _root_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _of_settings("the server's certificate is not trusted; AWS_CA_BUNDLE names the authority's", where)
    if isinstance(cause, ValueError) and "header" in str(cause).lower():  # its text would reveal the value
        return _of_settings("a credential, region or token has a character that cannot be sent", where)
    if isinstance(cause, LocationParseError):  # the URL of the server was checked before
        return _of_settings("the URL of a proxy cannot be read", where, _PROXY_FIX)
    if _is_of_certificates(error, cause):
        said = _sentence(cause.strerror) if isinstance(cause, OSError) and cause.strerror else _sentence(cause)
        return _of_settings(
            f"the certificates that TLS needs cannot be read: {said}",
            where,
            "correct AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or ca_bundle in ~/.aws/config",
        )
    if isinstance(cause, _FILE_FAULTS):
        return _of_settings(f"{_sentence(cause)}", where)
    if isinstance(cause, http.client.BadStatusLine) and not isinstance(cause, http.client.RemoteDisconnected):
        return StoreError(
            f"what answers at {endpoint} does not speak HTTP",
            where=where,
            fix="set AWS_ENDPOINT_URL_S3 to an S3 server",
        )
    if isinstance(error, aws.ProxyConnectionError):
        return StoreError(
            f"cannot reach the proxy in front of {endpoint}: {_reason(cause)}",
            where=where,
            fix=_PROXY_FIX,
            passing=True,
        )
    if isinstance(error, _UNREACHABLE):
        return _unreachable(cause, where, endpoint)
    if isinstance(error, ResponseParserError | aws.PaginationError) or (endpoint and isinstance(error, ValueError)):
        return StoreError(
            f"the server at {endpoint} does not answer as an S3 server: {_sentence(error)}"[:300],
            where=where,
            fix="look at AWS_ENDPOINT_URL_S3, and at the server's version",
        )
    if isinstance(error, aws.ParamValidationError):
        return StoreError(f"this is not a valid S3 URL: {_sentence(error)}", where=where, fix="use s3://bucket/prefix")
    if isinstance(error, aws.BotoCoreError | ValueError):
        return _of_settings(_sentence(error), where)
    return _of_settings(f"AWS's library fails on them ({type(error).__name__}: {_sentence(error)})", where)


def _of_settings(what: str, where: str, fix: str = _SETTINGS_FIX) -> StoreError:
    """The error for settings with which nothing can be sent, so that waiting cannot help."""
    return StoreError(f"the AWS settings are not valid: {what}", where=where, fix=fix)


def _is_of_certificates(error: Exception, cause: BaseException) -> bool:
    return isinstance(error, aws.SSLError) and (
        isinstance(cause, _FILE_FAULTS) or "NO_CERTIFICATE" in str(cause) or "PEM" in str(cause)
    )


def _unreachable(cause: BaseException, where: str, endpoint: str) -> StoreError:
    fix, passing, doubtful = _ENDPOINT_FIX, True, isinstance(cause, socket.gaierror)
    if (urlsplit(endpoint).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        doubtful = True  # AWS hardly ever fails, but it is the server that is asked if no other is named
        fix = f"this is AWS: for another server set AWS_ENDPOINT_URL_S3; in a pod {_POD_FIX}"
    if isinstance(cause, ssl.SSLError) and cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        fix, passing = "this port does not speak TLS: use http:// in AWS_ENDPOINT_URL_S3", False
    elif isinstance(cause, http.client.RemoteDisconnected) and endpoint.startswith("http://"):
        fix = f"use https:// in AWS_ENDPOINT_URL_S3 if this port speaks TLS; else {_ENDPOINT_FIX}"
    what = f"cannot reach {endpoint}: {_reason(cause)}"
    return StoreError(what, where=where, fix=fix, passing=passing, doubtful=doubtful)


def _root_cause(error: BaseException) -> BaseException:
    """The innermost cause, because `Connection refused` says more than the names of three libraries."""
    while inner := getattr(error, "kwargs", {}).get("error") or error.__cause__ or error.__context__:
        error = inner
    return error


def _reason(cause: BaseException) -> str:
    if isinstance(cause, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return f"TLS fails: {cause.reason.replace('_', ' ').lower()}"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return _sentence(cause).rpartition(": ")[2]


def _sentence(error: object) -> str:
    return " ".join(str(error).split())
