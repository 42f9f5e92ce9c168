"""`gridctl cancel`: stop what is active; what was trained so far is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from orchestrator.backends.choice import open_backend
from orchestrator.commands.find import Found
from trainer.contract.errors import StoreError
from trainer.contract.layout import RunLayout
from trainer.contract.spec import RunSpec
from trainer.contract.store import Store

_WRITES_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was stopped.

    Attributes:
        run_ids: Runs that were active.
        problem: Why the store could not note it, so that they pass for interrupted; empty if it could.
    """

    run_ids: tuple[str, ...]
    problem: str = ""


def cancel(found: Found, runs: Sequence[RunSpec] | None = None) -> Cancelled:
    """Stop an experiment, or some of its runs. Their trainers make a checkpoint first.

    It is noted in the store, so that every backend and machine knows it, before anything is stopped: a submission
    that has not started a run yet leaves it then.

    Args:
        found: The experiment.
        runs: Some of its runs; None for all.

    Raises:
        UnreachableError: The cluster cannot be reached, or refuses.
    """
    backend = open_backend(found.backend, found.experiment, found.store)
    name = found.experiment.name
    wanted = None if runs is None else {run.run_id for run in runs}
    activity = backend.observe(name)
    active = [run_id for run_id, known in activity.items() if known.active and (wanted is None or run_id in wanted)]
    problem = _note(found.store, name, active)
    stopped = backend.cancel(None if runs is None else [run.run_id for run in runs])
    return Cancelled(tuple(dict.fromkeys([*active, *stopped])), problem)


def _note(store: Store, experiment: str, run_ids: Sequence[str]) -> str:
    """Note it of each run; returns why that failed."""
    content = json.dumps({"cancelled_at": datetime.now(UTC).isoformat(timespec="seconds")}).encode()
    try:
        with ThreadPoolExecutor(_WRITES_AT_ONCE) as pool:
            list(pool.map(lambda run_id: store.put(RunLayout(experiment, run_id).cancelled, content), run_ids))
    except StoreError as error:
        return str(error.problems[0])
    return ""
