"""Whether pods will reach the store and bring what runs need, before a Job of them is made."""

from __future__ import annotations

from collections.abc import Sequence

from gridctl.commands.submission.submit import Prepared
from gridctl.errors import InputError, Problem
from gridctl.executors.check import Check
from gridctl.executors.kubernetes import KubernetesBackend
from gridctl.executors.kubernetes.store_access.finding import Finding


def store_access(prepared: Prepared) -> Sequence[Finding]:
    """What pods of a submission have and lack to reach the store; nothing for local runs.

    Raises:
        Fault: The API server cannot be reached.
    """
    if not isinstance(prepared.backend, KubernetesBackend) or not prepared.plan.to_do:
        return ()
    return prepared.backend.store_access(prepared.plan.to_do)


def pod_contents(prepared: Prepared) -> Sequence[Check]:
    """What pods of a submission seem to lack or to ask for in vain; nothing for local runs."""
    if not isinstance(prepared.backend, KubernetesBackend):
        return ()
    return prepared.backend.contents(prepared.plan.to_do)


def require_store_access(prepared: Prepared, *, verify: bool) -> list[Check]:
    """Refuse a submission whose pods cannot reach the store, before anything is made.

    Args:
        prepared: The submission.
        verify: Whether to refuse; else what is wrong is only said.

    Returns:
        What is likely wrong.

    Raises:
        InputError: No pod could reach the store.
        Fault: The API server cannot be reached.
    """
    found = store_access(prepared)
    document = prepared.experiment.document
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
    """The endpoint is where pods most often go wrong, so a doubt about it is said as well."""
    return check.state == "failed" or (check.state == "unknown" and "AWS_ENDPOINT_URL" in check.name)
