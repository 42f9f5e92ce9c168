"""Kubernetes quantities, such as 500m, 2 and 8Gi, as numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_SUFFIXES: Final = {
    "": Decimal(1),
    **{suffix: Decimal(10) ** power for suffix, power in {"n": -9, "u": -6, "m": -3}.items()},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
QUANTITY: Final = r"(\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)"
"""Number, exponent and suffix, as a regular expression."""
_LARGEST: Final = Decimal(2) ** 63
"""Kubernetes stores quantities in 64 bits."""


def parse_quantity(text: str) -> Decimal:
    """The value of a quantity, in CPUs or bytes.

    Args:
        text: A quantity, such as `500m`, `1.5`, `8Gi` or `1e9`.

    Raises:
        ValueError: The text is not a quantity.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found = re.fullmatch(QUANTITY, text)
    if not found:
        raise ValueError("use a Kubernetes quantity, such as 500m, 2, 512Mi or 8Gi")
    number, exponent, suffix = found.groups()
    value = Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""])
    if value >= _LARGEST:
        raise ValueError("is larger than any Kubernetes quantity")
    return value
