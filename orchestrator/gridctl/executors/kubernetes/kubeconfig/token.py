"""A bearer token as it may be sent in a header."""

from __future__ import annotations

from gridctl.executors.kubernetes.kubeconfig.entry import Entry


def checked_token(raw: bytes, owner: Entry, field: str) -> str:
    """The token in these bytes, without surrounding white space.

    Args:
        raw: What was read.
        owner: Entry named in errors.
        field: Field named in errors; the value never is.

    Raises:
        KubeconfigError: It cannot be sent.
    """
    token = raw.strip()
    fix = "write the token alone, on one line"
    if not token:
        raise owner.wrong(f"{field} is empty: there is no token in it", fix)
    if any(byte in b"\r\n" for byte in token):
        raise owner.wrong(f"{field} has a line break inside the token", fix)
    if any(not 32 < byte < 127 for byte in token):
        raise owner.wrong(f"{field} has a space or a character outside ASCII in the token", fix)
    return token.decode("ascii")


def bearer(token: str) -> str:
    """Value of the Authorization header."""
    return f"Bearer {token}"
