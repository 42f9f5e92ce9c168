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
        unreachable: Whether it failed because the cluster or a store is out of reach or refuses: exit code 3 and not 2.
    """

    name: str
    state: Literal["ok", "failed", "unknown"]
    says: str
    fix: str = ""
    unreachable: bool = False

    def to_json(self) -> dict[str, str]:
        """As `--json` prints it."""
        return {"name": self.name, "state": self.state, "says": self.says, "fix": self.fix}
