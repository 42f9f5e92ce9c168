"""One line of `gridctl doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        state: `ok`; `failed`; or `unknown`: it could not be asked, which need not be wrong.
        says: What was found.
        fix: What to do; empty if nothing.
    """

    name: str
    state: Literal["ok", "failed", "unknown"]
    says: str
    fix: str = ""
