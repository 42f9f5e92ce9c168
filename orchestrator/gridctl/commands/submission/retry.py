"""`gridctl retry`: tries failed runs again, from their last checkpoints."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from gridctl.commands.lookup.experiments import Found
from gridctl.commands.submission.missing_runs import Plan
from gridctl.commands.submission.submit import Prepared, prepare
from gridctl_trainer.contract.spec import RunSpec


def prepare_retry(found: Found, runs: Sequence[RunSpec] | None = None) -> Prepared:
    """A submission of nothing but failed runs.

    Args:
        found: The experiment, as it was submitted.
        runs: Some of its runs; None for all. Those that did not fail are left out.

    Raises:
        Fault: The store or the backend cannot be reached.
    """
    prepared = prepare(found.experiment, found.store, retry_failed=True)
    wanted = None if runs is None else {run.run_id for run in runs}
    retry = tuple(run for run in prepared.plan.retry if wanted is None or run.run_id in wanted)
    return dataclasses.replace(prepared, plan=Plan(retry=retry))
