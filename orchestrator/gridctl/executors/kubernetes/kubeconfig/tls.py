"""TLS as in kubectl: which certificates are trusted, and which is presented."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gridctl.executors.kubernetes.kubeconfig.entry import Entry

HTTP_1: Final = ("http/1.1",)


class SharedContext(ssl.SSLContext):
    """TLS settings with which several threads open connections at the same time.

    urllib3 sets the protocols again for every connection. OpenSSL then frees the old ones, which the connection of
    another thread may be copying, as Python lets other threads run meanwhile. The server gets a torn list and answers
    with a "decode error" (3 of 44,000 handshakes of a stress test).
    """

    _offered: tuple[str, ...] = ()

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Offer these protocols, unless they are offered already."""
        wanted = tuple(alpn_protocols)
        if wanted != self._offered:
            super().set_alpn_protocols(wanted)
            self._offered = wanted


def tls_of(cluster: Entry, user: Entry) -> ssl.SSLContext:
    """The TLS settings of connections to a cluster's API server as this user.

    Raises:
        KubeconfigError: A certificate or key is not valid, or what is set contradicts itself.
    """
    authority = cluster.content("certificate-authority")
    insecure = cluster.flag("insecure-skip-tls-verify")
    if insecure and authority is not None:
        raise cluster.wrong("insecure-skip-tls-verify and certificate-authority are both set", "remove one of them")
    context = trusting(cluster, authority, insecure=insecure)
    certificate, key = user.content("client-certificate"), user.content("client-key")
    if (certificate is None) != (key is None):
        missing = "client-key" if key is None else "client-certificate"
        raise user.wrong(f"{missing} is missing: certificate and key belong together")
    if certificate is not None and key is not None:
        show_certificate(context, certificate, key, user, "client-certificate and client-key")
    return context


def trusting(cluster: Entry, authority: bytes | None, *, insecure: bool) -> ssl.SSLContext:
    """A context that trusts one authority, those of the system, or, if `insecure`, any certificate.

    Raises:
        KubeconfigError: The authority is not a certificate.
    """
    context = SharedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(HTTP_1)  # what urllib3 sets, before any thread connects
    if authority is None:
        context.load_default_certs()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # As Go: whatever is trusted ends a chain, and older authorities need no key identifier.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if authority is not None:
        try:
            context.load_verify_locations(cadata=authority.decode("ascii", errors="ignore"))
        except (ssl.SSLError, ValueError):
            raise cluster.wrong("certificate-authority holds no certificate in PEM form") from None
    return context


def show_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes, owner: Entry, fields: str) -> None:
    """Have new connections present this certificate.

    Args:
        context: Of the connections.
        certificate: In PEM form, with its chain.
        key: Its key, in PEM form, not encrypted.
        owner: Entry named in errors.
        fields: Where both come from, for errors.

    Raises:
        KubeconfigError: They are not valid, or do not belong together.
    """

    def no_password() -> str:
        raise ValueError("it is encrypted")

    try:
        with tempfile.TemporaryDirectory() as folder:  # Python's ssl takes files only; the folder is its user's alone
            certificate_file, key_file = Path(folder, "certificate.pem"), Path(folder, "key.pem")
            certificate_file.write_bytes(certificate)
            key_file.write_bytes(key)
            context.load_cert_chain(certificate_file, key_file, no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise owner.wrong(f"{fields} do not belong together") from None
        raise owner.wrong(f"{fields} are not a certificate and a key in PEM form") from None
    except ValueError:
        raise owner.wrong(f"{fields}: the key is encrypted, and no password can be given", "decrypt the key") from None
    except OSError as error:
        raise owner.wrong(f"cannot write a temporary file for {fields}: {error.strerror}", "set TMPDIR") from None
