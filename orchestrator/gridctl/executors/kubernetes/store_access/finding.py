"""One S3 setting that pods have or lack, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gridctl.executors.check import Check
from gridctl.executors.kubernetes.store_access.pod_environment import PodEnvironment


@dataclass(frozen=True, slots=True)
class StoreAccessFinding:
    """One key that was compared.

    Attributes:
        check: What was found, as a line of `gridctl doctor`.
        certain: Whether no pod can reach the store like this.
    """

    check: Check
    certain: bool = False


def finding(
    name: str, state: Literal["ok", "failed", "unknown"], says: str, fix: str = "", *, certain: bool = False
) -> StoreAccessFinding:
    """A finding about a variable of pods."""
    return StoreAccessFinding(Check(f"pods: {name}", state, says, fix), certain)


def unread_of(pods: PodEnvironment) -> str:
    """Where a variable may be set that this user cannot read."""
    return f"{' or '.join(pods.unread)}, which you may not look at"
