"""Credentials from an exec plugin, as in clouds' kubeconfigs: run when needed, and again when they expire."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from gridctl.errors import KubeconfigError
from gridctl.executors.kubernetes.kubeconfig.cluster_info import cluster_info
from gridctl.executors.kubernetes.kubeconfig.entry import Entry
from gridctl.executors.kubernetes.kubeconfig.exec_credential import Credential, read_credential
from gridctl.executors.kubernetes.kubeconfig.plugin_output import plain, without_tokens
from gridctl.executors.kubernetes.kubeconfig.tls import show_certificate
from gridctl.executors.kubernetes.kubeconfig.token import bearer

_VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_MODES: Final = ("Never", "IfAvailable", "Always")
_FIX: Final = "run that command by hand: it has to be installed, and you signed in with it"


class ExecPlugin:
    """Runs a command of a kubeconfig for a token, a client certificate, or both. Thread-safe.

    Args:
        section: The user's `exec`.
        cluster: Passed to the command if it asks.
        server: URL of the API server, for the same.
        tls: Receives the client certificate.

    Raises:
        KubeconfigError: The section is not valid.
    """

    def __init__(self, section: Entry, cluster: Entry, server: str, tls: ssl.SSLContext) -> None:
        self.certificates = 0
        self._section = section
        self._tls = tls
        self._lock = threading.Lock()
        self._known: Credential | None = None
        self._command = section.text("command")
        if not self._command:
            raise section.wrong("exec has no command")
        self._version = section.text("apiVersion")
        if self._version not in _VERSIONS:
            raise section.wrong(
                f"exec has apiVersion '{self._version}'; known are {' and '.join(_VERSIONS)}",
                "update the command, and have it write the kubeconfig again",
            )
        self._arguments = section.texts("args")
        self._environment = _environment(section)
        self._mode = section.text("interactiveMode") or ("" if self._version.endswith("/v1") else "IfAvailable")
        if self._mode not in _MODES:
            raise section.wrong(f"exec needs interactiveMode, one of {', '.join(_MODES)}")
        self._cluster = cluster_info(cluster, server) if section.flag("provideClusterInfo") else None

    def authorization(self) -> str:
        """The header's value; empty if the command returns only a certificate.

        Raises:
            KubeconfigError: The command gave no credentials.
        """
        with self._lock:  # an expired token is renewed once, not by every thread
            if self._known is None or self._known.is_expired(datetime.now(UTC)):
                self._take(self._run())
            assert self._known is not None
            return bearer(self._known.token) if self._known.token else ""

    def forget(self, refused: str) -> None:
        with self._lock:
            if self._known and refused == (bearer(self._known.token) if self._known.token else ""):
                self._known = None

    def _take(self, new: Credential) -> None:
        if new.certificate and (self._known is None or new.certificate != self._known.certificate):
            show_certificate(self._tls, new.certificate, new.key, self._section, f"what `{self._command}` gave:")
            self.certificates += 1
        self._known = new

    def _run(self) -> Credential:
        interactive = self._mode != "Never" and sys.stdin is not None and sys.stdin.isatty()
        if self._mode == "Always" and not interactive:
            raise self._no_credentials("it has to ask you something, and standard input is not a terminal")
        asked: dict[str, Any] = {"interactive": interactive}
        if self._cluster is not None:
            asked["cluster"] = self._cluster
        request = {"kind": "ExecCredential", "apiVersion": self._version, "spec": asked}
        environment = {**os.environ, **self._environment, "KUBERNETES_EXEC_INFO": json.dumps(request)}
        try:
            done = subprocess.run(
                [self._path(), *self._arguments],
                env=environment,
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if interactive and sys.stderr.isatty() else subprocess.PIPE,
                check=False,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "its arguments cannot be passed on"
            raise self._no_credentials(f"it cannot be run: {reason}") from None
        if done.returncode != 0:
            said = without_tokens(done.stderr or b"", done.stdout)
            raise self._no_credentials(f"exit code {done.returncode}" + (f": {said}" if said else ""))
        return read_credential(done.stdout, self._version, self._no_credentials)

    def _path(self) -> str:
        command = self._command
        if os.sep in command:
            command = str(self._section.file.absolute().parent / command)
        found = shutil.which(command)
        if found is None:
            raise self._no_credentials("there is no such command that can be run")
        return found

    def _no_credentials(self, reason: str) -> KubeconfigError:
        hint = plain(self._section.text("installHint"))
        return self._section.wrong(
            f"its command `{self._command}` gave no credentials: {reason}", f"{hint}\n  {_FIX}" if hint else _FIX
        )


def _environment(section: Entry) -> Mapping[str, str]:
    variables: dict[str, str] = {}
    listed = section.fields.get("env") or []
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise section.wrong("exec: env must be a list of mappings with name and value")
    for item in listed:
        variable = Entry(section.kind, section.name, section.file, item)
        name = variable.text("name")
        if not name or "=" in name or "\0" in name + variable.text("value"):
            raise section.wrong("exec: env has a name that is empty or not valid")
        variables[name] = variable.text("value")
    return variables
