"""Credentials for the API server: a fixed token, a token file, a password, or an exec plugin."""

from __future__ import annotations

import base64
import contextlib
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from gridctl.errors import KubeconfigError
from gridctl.executors.kubernetes.kubeconfig.entry import Entry
from gridctl.executors.kubernetes.kubeconfig.exec_plugin import ExecPlugin
from gridctl.executors.kubernetes.kubeconfig.token import bearer, checked_token

_AUTH_PROVIDERS: Final = {
    "gcp": "install gke-gcloud-auth-plugin, then run `gcloud container clusters get-credentials` again",
    "azure": "install kubelogin, then run `kubelogin convert-kubeconfig`",
    "oidc": "use an exec plugin instead, such as kubelogin (`kubectl oidc-login setup`)",
}


class Credentials(Protocol):
    """The Authorization header of requests. Thread-safe.

    Attributes:
        certificates: How often the client certificate has changed: earlier connections use an old one.
    """

    certificates: int

    def authorization(self) -> str:
        """The header's value; empty for none.

        Raises:
            KubeconfigError: There is none to be had.
        """

    def forget(self, refused: str) -> None:
        """The API server rejected this value: do not return it from the cache again."""


class Fixed:
    """A value that stays."""

    certificates = 0

    def __init__(self, value: str) -> None:
        self._value = value

    def authorization(self) -> str:
        return self._value

    def forget(self, refused: str) -> None:
        pass


class Written:
    """A token or password of the kubeconfig, read again when it is refused: whoever signs in again writes a new one.

    Args:
        value: Of the header.
        read_again: The user's entry as it is written now.
    """

    certificates = 0

    def __init__(self, value: str, read_again: Callable[[], Entry]) -> None:
        self._value = value
        self._read_again = read_again
        self._lock = threading.Lock()

    def authorization(self) -> str:
        return self._value

    def forget(self, refused: str) -> None:
        with self._lock:
            if self._value == refused:
                with contextlib.suppress(KubeconfigError):  # it may be caught in the middle of being written
                    self._value = _written(self._read_again()) or self._value


class TokenFile:
    """A token in a file that is renewed from outside. It is read for every request, so it is never out of date.

    Args:
        owner: Entry named in errors.
        path: The file.
        otherwise: Value of the header while the file cannot be read; empty if that is an error.
    """

    certificates = 0

    def __init__(self, owner: Entry, path: Path, otherwise: str = "") -> None:
        self._owner = owner
        self._path = path
        self._last = otherwise
        self._lock = threading.Lock()

    def authorization(self) -> str:
        """The header's value: of the last token read, if the file cannot be read just now."""
        try:
            content = self._owner.read("tokenFile", self._path)
            value = bearer(checked_token(content, self._owner, f"tokenFile {self._path}"))
        except KubeconfigError:
            with self._lock:
                if self._last:
                    return self._last
            raise
        with self._lock:
            self._last = value
        return value

    def forget(self, refused: str) -> None:
        with self._lock:
            if self._last == refused:
                self._last = ""


def credentials_of(
    user: Entry, cluster: Entry, server: str, tls: ssl.SSLContext, read_again: Callable[[], Entry]
) -> Credentials:
    """The credentials of a kubeconfig's user, besides a certificate.

    Args:
        user: The user's entry.
        cluster: Passed to an exec plugin that asks for it.
        server: URL of the API server, for the same.
        tls: Receives the client certificate of an exec plugin.
        read_again: The user's entry as it is written at that time.

    Raises:
        KubeconfigError: A value is not valid, or several ways are set of which one would be ignored.
    """
    token, file = user.text("token").strip(), user.path("tokenFile")
    name, password = user.text("username"), user.text("password")
    execute, provider = user.section("exec"), user.section("auth-provider")
    if provider:
        kind = provider.get("name")
        fix = _AUTH_PROVIDERS.get(str(kind), "use an exec plugin instead")
        raise user.wrong("auth-provider is not supported: exec plugins have replaced it", fix)
    if (name or password) and (token or file):
        raise user.wrong("a password and a token are both set", "remove one of them")
    if user.text("token") and not token:
        raise user.wrong("token is empty")
    written = _written(user)
    if file:
        found = TokenFile(user, file, otherwise=written)
        found.authorization()
        return found
    if written:
        return Written(written, read_again)
    if execute:
        return ExecPlugin(Entry("user", user.name, user.file, execute), cluster, server, tls)
    return Fixed("")  # a certificate, an anonymous user, or a proxy such as `kubectl proxy` that adds them


def _written(user: Entry) -> str:
    """The header's value from the token or the password of a user's entry; empty if it has neither."""
    if token := user.text("token").strip():
        return bearer(checked_token(token.encode(), user, "token"))
    name, password = user.text("username"), user.text("password")
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}" if name or password else ""
