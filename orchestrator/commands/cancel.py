"""`gridctl cancel`: stop what is active; what was trained so far is kept."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.commands.find import Found
from orchestrator.errors import InputError
from trainer.contract.spec import RunSpec


def cancel(found: Found, runs: Sequence[RunSpec] | None = None) -> tuple[str, ...]:
    """Stop an experiment, or some of its runs. Their trainers make a checkpoint first.

    Args:
        found: The experiment.
        runs: Some of its runs; None for all.

    Returns:
        Ids of the runs that were active.

    Raises:
        InputError: The experiment runs on this machine.
        UnreachableError: The cluster cannot be reached, or refuses.
    """
    if found.backend != "kubernetes":
        raise InputError(
            "runs of the local backend end with the command that started them",
            where=found.experiment.name,
            fix="press Ctrl-C where `gridctl submit` runs: every trainer makes a checkpoint and ends",
        )
    from orchestrator.backends.kubernetes import KubernetesBackend

    run_ids = None if runs is None else [run.run_id for run in runs]
    return KubernetesBackend(found.experiment, found.store).cancel(run_ids)
