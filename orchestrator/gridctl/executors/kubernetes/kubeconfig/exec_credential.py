"""The ExecCredential that an exec plugin prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gridctl.errors import KubeconfigError


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, a client certificate, or both.

    Attributes:
        token: Empty if there is none.
        certificate: In PEM form; empty if there is none.
        key: Private key of the certificate.
        expires: Time of expiry; None if unknown: then it is used until the API server refuses it.
    """

    token: str
    certificate: bytes
    key: bytes
    expires: datetime | None

    def is_expired(self, now: datetime) -> bool:
        """Whether it must not be used any more."""
        return self.expires is not None and self.expires <= now


def read_credential(output: bytes, version: str, fault: Callable[[str], KubeconfigError]) -> Credential:
    """Parse a plugin's standard output; errors never quote it.

    Args:
        output: As it was printed.
        version: The `apiVersion` that was asked for.
        fault: Builds the error from a message.

    Raises:
        KubeconfigError: It is not an ExecCredential of that version, or holds neither token nor certificate.
    """
    try:
        said = json.loads(output)
    except (ValueError, RecursionError):
        raise fault("it printed no JSON") from None
    if not isinstance(said, dict) or said.get("kind") != "ExecCredential":
        raise fault("it printed no ExecCredential")
    if said.get("apiVersion") != version:
        raise fault(f"it printed an ExecCredential whose apiVersion is not {version}, as the kubeconfig says")
    status = said.get("status")
    if not isinstance(status, dict):
        raise fault("its ExecCredential has no status")
    fields = ("token", "clientCertificateData", "clientKeyData", "expirationTimestamp")
    values = {name: status.get(name) or "" for name in fields}
    if wrong := [name for name, value in values.items() if not isinstance(value, str)]:
        raise fault(f"status.{wrong[0]} in its ExecCredential is not text")
    token = values["token"].strip()
    if any(not " " < character < "\x7f" for character in token):
        raise fault("status.token in its ExecCredential has a line break, a space or a character outside ASCII")
    if bool(values["clientCertificateData"]) != bool(values["clientKeyData"]):
        raise fault("its ExecCredential has only one of clientCertificateData and clientKeyData")
    if not token and not values["clientKeyData"]:
        raise fault("its ExecCredential has neither token nor clientCertificateData")
    certificate, key = values["clientCertificateData"].encode(), values["clientKeyData"].encode()
    return Credential(token, certificate, key, _time(values["expirationTimestamp"], fault))


def _time(text: str, fault: Callable[[str], KubeconfigError]) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise fault("status.expirationTimestamp in its ExecCredential is not a time in RFC 3339 format")
    return time
