"""Which run a command is about."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.commands.find import Found, find_experiment
from orchestrator.errors import InputError
from orchestrator.experiment.suggest import did_you_mean
from orchestrator.submitted import Submissions
from trainer.contract.spec import RunSpec


def find_run(given: str, experiment: str | None, store_url: str | None = None) -> tuple[Found, RunSpec]:
    """Find a run by its id, or by a beginning of it that only one run has.

    Args:
        given: The id or its beginning.
        experiment: Its experiment; None to look among those submitted from this folder.
        store_url: Its store; by default the one the experiment was submitted to.

    Raises:
        InputError: There is no such run, or more than one.
    """
    found = find_experiment(experiment or _experiment_of(given), store_url)
    return found, match_runs(found, [given])[0]


def match_runs(found: Found, given: Sequence[str]) -> list[RunSpec]:
    """The runs of an experiment by their ids or beginnings of them; all mistakes at once.

    Raises:
        InputError: There is no such run, or more than one.
    """
    by_id = {run.run_id: run for run in found.experiment.runs}
    faults: list[InputError] = []
    matched = []
    for text in given:
        near = [text] if text in by_id else [run_id for run_id in by_id if run_id.startswith(text)]
        if len(near) == 1:
            matched.append(by_id[near[0]])
        elif near:
            fix = "give more of its id: " + ", ".join(near[:4]) + (", ..." if len(near) > 4 else "")
            faults.append(InputError(f"{len(near)} runs begin with '{text}'", where=found.experiment.name, fix=fix))
        else:
            near_fix = did_you_mean(text, list(by_id)) if len(by_id) <= 12 else _nearest(text, list(by_id))
            faults.append(InputError(f"there is no run '{text}'", where=found.experiment.name, fix=near_fix))
    if faults:
        raise InputError.collect(faults)
    return matched


def _experiment_of(run: str) -> str | None:
    """The experiment submitted from here whose name the run's id begins with; None if there is none."""
    known = Submissions.read().experiments
    return max((name for name in known if f"{run}-".startswith(f"{name}-")), key=len, default=None)


def _nearest(text: str, known: Sequence[str]) -> str:
    said = did_you_mean(text, known)
    return said if said.startswith("did you mean") else "`gridctl status --json` lists every run"
