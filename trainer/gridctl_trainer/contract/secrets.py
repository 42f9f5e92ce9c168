"""Masks what must never be shown: passwords in URLs, signatures, and this process's credentials."""

from __future__ import annotations

import logging
import os
import re
from typing import Final

_MASK: Final = "***"
_USERINFO: Final = re.compile(r"(?<=:/)(/{0,2})(?:[^/\s@:'\"]+|[^/\s@:]*:\S*)@")
"""Credentials before the host of a URL, also where the URL was turned into a path. Matches up to the last `@`, since
passwords may contain `@` and `/`.
"""
SECRET_PARAMETERS: Final = (
    r"(?i:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|sig|access_token|api_?key)"
)
"""Regular expression for the names of URL query parameters whose values grant access."""
_QUERY: Final = re.compile(rf"(?:(?<=[?&])|\b(?=(?i:X-Amz-|AWSAccessKeyId|Signature)))({SECRET_PARAMETERS})=[^&\s'\"]+")
"""AWS parameters are also masked outside URLs, such as in headers. Others are not: `sig=3` may be a folder."""
_VARIABLES: Final = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
_SHORTEST: Final = 8
"""A shorter value of a variable could also be an ordinary word in a message."""


def has_credentials(url: str) -> bool:
    """Whether a URL has a user name or password before its host, or a signature in its query."""
    return bool(_USERINFO.search(url) or _QUERY.search(url))


def masked(text: str) -> str:
    """The text with `***` in place of every secret, safe to show and store."""
    text = _QUERY.sub(lambda found: f"{found[1]}={_MASK}", _USERINFO.sub(rf"\1{_MASK}@", text))
    for name in _VARIABLES:
        value = os.environ.get(name, "").strip()
        if len(value) >= _SHORTEST:
            text = text.replace(value, _MASK)
    return text


class MaskingFormatter(logging.Formatter):
    """Formats log lines, including tracebacks, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))
