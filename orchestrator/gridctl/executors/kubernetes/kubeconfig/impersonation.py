"""Impersonation: `as`, `as-groups`, `as-uid` and `as-user-extra` of a user, as headers."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from gridctl.executors.kubernetes.kubeconfig.entry import Entry

_KNOWN: Final = ("as", "as-groups", "as-uid", "as-user-extra")
_HTTP_TOKEN: Final = "!#$&'*+^`|"
"""Characters of header names besides letters, digits and `_.-~`; all others are escaped, as client-go does."""


def impersonation_headers(user: Entry) -> list[tuple[str, str]]:
    """Names and values, in the form in which they are sent; a name comes once for each of its values.

    Raises:
        KubeconfigError: A setting cannot be honoured. Ignoring it would mean acting with the user's own rights.
    """
    for field in user.fields:
        if str(field).lower().startswith(("as", "impersonat")) and field not in _KNOWN:
            raise user.wrong(f"{field} is not known, and ignoring it would be acting with your own rights")
    name, uid, groups = user.text("as"), user.text("as-uid"), user.texts("as-groups")
    section = user.section("as-user-extra")
    if not all(key and isinstance(key, str) for key in section):
        raise user.wrong("as-user-extra has a key that is not text")
    extra = {key: Entry("user", user.name, user.file, section).texts(key) for key in section}
    if not name:
        if uid or groups or extra:
            raise user.wrong("as-uid, as-groups and as-user-extra need `as`, which is not set")
        return []
    headers = [("Impersonate-User", _sent(user, "as", name))]
    if uid:
        headers.append(("Impersonate-Uid", _sent(user, "as-uid", uid)))
    headers += [("Impersonate-Group", _sent(user, "as-groups", group)) for group in groups]
    for key, values in extra.items():
        header = f"Impersonate-Extra-{quote(key, safe=_HTTP_TOKEN)}"
        headers += [(header, _sent(user, f"as-user-extra.{key}", value)) for value in values]
    return headers


def _sent(user: Entry, field: str, value: str) -> str:
    """A value as bytes of UTF-8, one character a byte, which is how Python's http.client takes them."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value) or value != value.strip():
        raise user.wrong(f"{field} has a line break, another control character, or spaces at an end")
    return value.encode().decode("latin-1")
