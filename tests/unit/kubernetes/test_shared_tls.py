"""Threads that open connections at the same time do not disturb each other's handshakes."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from urllib3.util import ssl_

from gridctl.executors.kubernetes.kubeconfig.entry import Entry
from gridctl.executors.kubernetes.kubeconfig.tls import tls_of


def test_opening_a_connection_changes_nothing_that_another_may_be_copying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kubeconfig"
    context = tls_of(Entry("cluster", "one", file, {}), Entry("user", "me", file, {}))
    changed: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "set_alpn_protocols", lambda _context, protocols: changed.append(protocols))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context.set_alpn_protocols(ssl_.ALPN_PROTOCOLS)
    connection = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    assert changed == []
    assert b"\x08http/1.1" in outgoing.read()
