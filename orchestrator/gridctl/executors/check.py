"""One line of `gridctl doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gridctl.errors import UNREACHABLE, InputError, KubeconfigError, exit_code_of
from gridctl_trainer.contract.errors import Fault, StoreError, first_shown


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its result.

    Attributes:
        name: What was checked.
        state: `ok`; `failed`; or `unknown`: it could not be checked, which need not be an error.
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


def guarded(name: str, look: Callable[[], Check]) -> Check:
    """Run a check; an error while checking is a failed check."""
    try:
        return look()
    except Fault as fault:
        return failed(name, fault)


def failed(name: str, fault: Fault) -> Check:
    """A fault as one failed check: the first problem with its place, then the others."""
    first, *others = fault.problems
    with_place = isinstance(fault, InputError | KubeconfigError | StoreError)
    said = f"{first.where}: {first.what}" if with_place else first.what
    if others:
        said += "".join(f"; {text}" for text in first_shown([problem.what for problem in others]))
    fix = "; ".join(dict.fromkeys(filter(None, (problem.fix for problem in fault.problems))))
    return Check(name, "failed", said, fix, unreachable=exit_code_of(fault) == UNREACHABLE)
