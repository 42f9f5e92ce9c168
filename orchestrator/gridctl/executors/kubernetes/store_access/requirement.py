"""Checks that pods will reach the store and have what runs need, before any Job is created."""

from __future__ import annotations

from collections.abc import Sequence

from gridctl.errors import InputError, Problem
from gridctl.executors.check import Check
from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding
from gridctl.experiment import Document


def likely_wrong(found: Sequence[StoreAccessFinding], document: Document, *, verify: bool) -> list[Check]:
    """Refuse a submission whose pods cannot reach the store, before anything is created.

    Args:
        found: Findings about the pods' settings.
        document: The experiment file.
        verify: Whether to refuse; else problems are only reported.

    Returns:
        What is likely wrong.

    Raises:
        InputError: No pod could reach the store.
    """
    certain = [item.check for item in found if item.certain]
    if certain and verify:
        where, said = document.where(("kubernetes",)), set[str]()
        problems = []
        for check in certain:
            lines = [line for line in check.fix.splitlines() if line not in said]
            said.update(lines)
            if check is certain[-1]:
                lines.append("nothing was created; --no-verify submits all the same")
            problems.append(Problem(f"{check.name}: {check.says}", where, "\n  ".join(lines)))
        raise InputError(problems)
    return [item.check for item in found if _is_likely_wrong(item.check)]


def _is_likely_wrong(check: Check) -> bool:
    """The endpoint is the most common mistake, so a doubt about it is reported as well."""
    return check.state == "failed" or (check.state == "unknown" and "AWS_ENDPOINT_URL" in check.name)
