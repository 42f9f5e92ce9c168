"""Which run a command is about."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from typing import Final

from orchestrator.commands.find import Found, find_experiment
from orchestrator.errors import InputError
from orchestrator.submitted import Submissions
from trainer.contract.layout import run_of
from trainer.contract.location import read_location
from trainer.contract.spec import RunSpec
from trainer.contract.store import open_store

_SHOWN: Final = 4


def find_run(given: str, experiment: str | None, store_url: str | None = None) -> tuple[Found, RunSpec]:
    """Find a run by its id, or by a beginning of it that only one run has.

    Args:
        given: The id or its beginning.
        experiment: Its experiment; None to look among those submitted from this folder.
        store_url: Its store; by default the one the experiment was submitted to.

    Raises:
        InputError: There is no such run, or more than one.
    """
    if experiment is None and store_url is not None:
        experiment = _experiment_in(store_url, given)
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
            what = f"{len(near)} runs begin with '{text}'"
            faults.append(InputError(what, where=found.experiment.name, fix=_more_of(near)))
        else:
            fix = _nearest(text, list(by_id), "gridctl status --json")
            faults.append(InputError(f"there is no run '{text}'", where=found.experiment.name, fix=fix))
    if faults:
        raise InputError.collect(faults)
    return matched


def _experiment_in(store_url: str, given: str) -> str:
    """The experiment of a store that holds a run.

    Raises:
        InputError: None of them does; the nearest ids are named. Or several runs begin so.
        StoreError: The store cannot be reached.
    """
    read_location(store_url, "--store")
    store = open_store(store_url)
    layouts = filter(None, (run_of(stat.key) for stat in store.list()))
    found = {layout.run_id: layout.experiment for layout in layouts}
    if given in found:
        return found[given]
    near = sorted(run_id for run_id in found if run_id.startswith(given))
    experiments = {found[run_id] for run_id in near}
    if len(experiments) == 1:
        return experiments.pop()  # whether it is one run is asked of the experiment
    if near:
        raise InputError(f"{len(near)} runs begin with '{given}'", where=store.url, fix=_more_of(near))
    raise InputError(
        f"there is no run '{given}'",
        where=store.url,
        fix=_nearest(given, sorted(found), shlex.join(["gridctl", "list", "--store", store_url])),
    )


def _more_of(near: Sequence[str]) -> str:
    return "give more of its id: " + ", ".join(near[:_SHOWN]) + (", ..." if len(near) > _SHOWN else "")


def _experiment_of(run: str) -> str | None:
    """The experiment submitted from here whose name the run's id begins with; None if there is none."""
    known = Submissions.read().experiments
    return max((name for name in known if f"{run}-".startswith(f"{name}-")), key=len, default=None)


def _nearest(text: str, known: Sequence[str], lists_all: str) -> str:
    """The few ids that are nearest, or where all of them are listed."""
    near = difflib.get_close_matches(text, known, n=_SHOWN)
    if near:
        return f"did you mean {', '.join(near[:-1])}{' or ' if len(near) > 1 else ''}{near[-1]}?"
    return f"`{lists_all}` shows what there is"
