"""Masks secrets in text: passwords in URLs, signatures, and the credentials of this process."""

from __future__ import annotations

import logging
import os
import re
from typing import Final

_MASK: Final = "***"
_USERINFO: Final = re.compile(r"(?<=:/)(/{0,2})(?:[^/\s@:'\"]+|[^/\s@:]*:\S*)@")
"""Before the host of a URL, also of one that became a path. Up to the last `@`: passwords may hold `@` and `/`."""
SECRET_PARAMETERS: Final = (
    r"(?i:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|sig|access_token|api_?key)"
)
"""Names of parameters in the query of a URL whose values open what it points to, as a regular expression."""
_QUERY: Final = re.compile(rf"(?:(?<=[?&])|\b(?=(?i:X-Amz-|AWSAccessKeyId|Signature)))({SECRET_PARAMETERS})=[^&\s'\"]+")
"""Those of AWS also outside a URL, as in headers; `sig=3` alone may be a folder."""
_VARIABLES: Final = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
_SHORTEST: Final = 8
"""Shorter values also occur as ordinary words in messages."""


def has_credentials(url: str) -> bool:
    """Whether a URL carries a name or password before its host, or a signature in its query."""
    return bool(_USERINFO.search(url) or _QUERY.search(url))


def masked(text: str) -> str:
    """A text as it may be shown and stored: `***` in place of every secret."""
    text = _QUERY.sub(lambda found: f"{found[1]}={_MASK}", _USERINFO.sub(rf"\1{_MASK}@", text))
    for name in _VARIABLES:
        value = os.environ.get(name, "").strip()
        if len(value) >= _SHORTEST:
            text = text.replace(value, _MASK)
    return text


class MaskingFormatter(logging.Formatter):
    """Log lines, tracebacks included, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))
