"""Names that `backend` may have: those of the executors that are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gridctl.errors import InputError
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.contract.wording import shown
from gridctl_trainer.plugins.entry_points import Registered, registered

GROUP: Final = "gridctl.executors"
"""Group of entry points."""

DEFAULT_EXECUTOR: Final = "local"


def installed_executors() -> Mapping[str, Sequence[Registered]]:
    """Every installed executor by name, gridctl's own first; imports none of them.

    Raises:
        InputError: Not even gridctl's own are registered.
    """
    found = registered(GROUP, "executor")
    if DEFAULT_EXECUTOR not in found:
        raise InputError(
            "gridctl's own executors are not registered: its package was installed before its code was changed",
            fix="install it again, in a checkout with `pip install -e .`",
        )

    def rank(name: str) -> tuple[bool, bool, str]:
        own = found[name][0].distribution.startswith("gridctl ")
        return not own, name != DEFAULT_EXECUTOR, name

    return {name: found[name] for name in sorted(found, key=rank)}


def unknown_executor(name: object) -> tuple[str, str] | None:
    """What is wrong with a name and what to do; None if an executor of that name is installed."""
    known = installed_executors()
    if isinstance(name, str) and name in known:
        return None
    meant = did_you_mean(name, list(known))
    if not meant.startswith("known:"):
        meant = f"{meant} (known: {', '.join(known)})"
    return (
        f"unknown executor {shown(name)}",
        f"{meant}; another one comes with a package that registers it: pip install PACKAGE, see docs/plugins.md",
    )
