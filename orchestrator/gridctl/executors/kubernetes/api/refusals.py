"""Errors of an API server as messages that say what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import urllib3

from gridctl.errors import UnreachableError

BUSY: Final = (429, 500, 502, 503, 504)
"""Statuses of an overloaded or restarting API server, or of a proxy before it."""

_ANONYMOUS: Final = 'User "system:anonymous"'
_NO_API_SERVER: Final = "what answers there is no Kubernetes API server"
_IMPERSONATION: Final = "cannot impersonate"
_UNREACHABLE_FIX: Final = "look whether the cluster runs and KUBECONFIG names it: kubectl cluster-info"


class RefusedError(UnreachableError):
    """The API server answered with an error.

    Attributes:
        status: HTTP status.
        reason: Kubernetes' own word, such as `AlreadyExists`; empty if it gave none.
        message: What it says.
        details: Further details, such as the continuation of an expired listing.
    """

    def __init__(
        self, status: int, reason: str, message: str, *, where: str, fix: str, details: Mapping[str, Any]
    ) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details
        super().__init__(_said(status, reason, message), where=where, fix=fix)

    @property
    def is_quota(self) -> bool:
        """Whether a ResourceQuota is used up, which ends when other Jobs have finished."""
        return self.status == 403 and "exceeded quota" in self.message


def refusal(status: int, body: bytes, *, where: str, tries: int) -> RefusedError:
    """The answer of an API server with an error status.

    Args:
        status: HTTP status.
        body: A Status object as JSON, or any answer of a proxy.
        where: Server and namespace.
        tries: How often it was asked.
    """
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        text = " ".join(body.decode(errors="replace").split())[:200]
        said = {"message": text if status in BUSY else f"{_NO_API_SERVER}: status {status}: {text}"}
    reason, message = str(said.get("reason", "")), str(said.get("message", "")) or f"status {status}"
    if tries > 1:
        message += f" ({tries} tries)"
    return RefusedError(status, reason, message, where=where, fix=_fix(status, message), details=said)


def _said(status: int, reason: str, message: str) -> str:
    if status == 401:
        return "the API server does not accept the credentials: the token has expired or is wrong"
    if status == 403 and _ANONYMOUS in message:
        return f"the API server does not know who you are: {message}"
    if status == 403 and "cannot" in message:
        return f"you may not do this: {message}"
    if status >= 500 or status == 429:
        return f"the API server is overloaded or broken: {message}"
    return f"{reason}: {message}" if reason and reason not in message else message


def _fix(status: int, message: str) -> str:
    if message.startswith(_NO_API_SERVER):
        return "look at `server` in the kubeconfig: kubectl cluster-info"
    if status == 401 or (status == 403 and _ANONYMOUS in message):
        return "sign in to the cluster again, so that the kubeconfig has a fresh token"
    if status == 403 and _IMPERSONATION in message:
        return "remove `as` and its like from the kubeconfig's user, or ask for the right to impersonate"
    if "exceeded quota" in message:
        return "run the same command again when others have finished, or ask for a larger ResourceQuota"
    if status == 403:
        return "ask for the Role in k8s/base/role.yaml; `gridctl doctor` lists every right that is needed"
    if status == 404 and "namespaces" in message:
        return "make the namespace (kubectl apply -k k8s/base), or correct kubernetes.namespace"
    if status >= 500 or status == 429:
        return "run the same command again in some minutes: nothing is done twice"
    return "look at `gridctl render` and at kubernetes.template, if there is one"


def no_json(body: bytes, server: str) -> UnreachableError:
    """An answer of status 200 that is not an API server's, such as a proxy's login page."""
    text = " ".join(body.decode(errors="replace").split())[:200]
    return UnreachableError(f"{_NO_API_SERVER}: {text}", where=server, fix=_fix(200, _NO_API_SERVER))


def unreachable(error: Exception, server: str, via: str) -> UnreachableError:
    """No answer at all: refused, timed out, cut off, or an untrusted certificate.

    Args:
        error: What happened.
        server: Its URL.
        via: A proxy, named after the server; empty for none.
    """
    if via and not isinstance(error, urllib3.exceptions.SSLError):
        return UnreachableError(
            f"cannot reach the API server{via}: {_reason(error)}",
            where=server,
            fix="look whether the proxy runs and lets you through: proxy-url in the kubeconfig, else HTTPS_PROXY",
        )
    if isinstance(error, urllib3.exceptions.SSLError):
        return UnreachableError(
            f"the certificate of {server} is not trusted: {_reason(error)}",
            where=server,
            fix="look at certificate-authority and tls-server-name in the kubeconfig",
        )
    return UnreachableError(f"cannot reach the API server: {_reason(error)}", where=server, fix=_UNREACHABLE_FIX)


def _reason(error: BaseException) -> str:
    """The innermost cause, without the names of libraries and objects."""
    inner: BaseException = error
    while inner.__cause__ is not None or inner.__context__ is not None:
        inner = inner.__cause__ or inner.__context__ or inner
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "no answer in time"
    return " ".join(str(inner).split()) or type(inner).__name__
