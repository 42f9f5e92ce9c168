"""Which run a command is about."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from typing import Final

from gridctl.commands.lookup.experiments import Found, find_experiment
from gridctl.errors import InputError
from gridctl.submissions.submitted_experiments import Submissions
from gridctl_trainer.contract.layout import RunLayout, run_of
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.contract.released.reading import read_specification
from gridctl_trainer.contract.spec import MAX_SPEC_BYTES, RunSpec
from gridctl_trainer.storage.base import Store, open_store

_SHOWN: Final = 4


def find_run(given: str, experiment: str | None, store_url: str | None = None) -> tuple[Found, RunSpec]:
    """Find a run by its id, or by a beginning that only one run has.

    Args:
        given: The id or its beginning.
        experiment: Its experiment; None to look among those submitted from this folder.
        store_url: Its store; by default the one the experiment was submitted to.

    Raises:
        InputError: There is no such run, or more than one.
    """
    if experiment is None and store_url is not None:
        near = _runs_in(store_url, given)
        found = find_experiment(near[0].experiment, store_url)
        if not any(run.run_id.startswith(given) for run in found.experiment.runs):
            return found, _stored(found.store, near, given)  # of the experiment before it was changed
    else:
        found = find_experiment(experiment or _experiment_of(given), store_url)
    return found, match_runs(found, [given])[0]


def find_runs(given: str, experiment: str | None, store_url: str | None = None) -> tuple[Found, list[RunSpec]]:
    """Find all runs of an experiment whose ids have this beginning.

    Args:
        given: The beginning, such as the name of the experiment.
        experiment: As for `find_run`.
        store_url: As for `find_run`.

    Raises:
        InputError: There is no such run.
    """
    if experiment is None and store_url is not None:
        experiment = _runs_in(store_url, given)[0].experiment
    found = find_experiment(experiment or _experiment_of(given), store_url)
    runs = [run for run in found.experiment.runs if run.run_id.startswith(given)]
    if not runs:
        fix = _nearest(
            given, [run.run_id for run in found.experiment.runs], f"gridctl status {found.experiment.name} --runs"
        )
        raise InputError(f"no run begins with '{given}'", where=found.experiment.name, fix=fix)
    return found, runs


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
            faults.append(_several(found.experiment.name, text, near))
        else:
            fix = _nearest(text, list(by_id), f"gridctl status {found.experiment.name} --runs")
            faults.append(InputError(f"there is no run '{text}'", where=found.experiment.name, fix=fix))
    if faults:
        raise InputError.collect(faults)
    return matched


def _runs_in(store_url: str, given: str) -> list[RunLayout]:
    """The run of a store with this id, or the runs of one experiment whose ids begin with it.

    Raises:
        InputError: There is none, and the nearest are named; or they are of several experiments.
        StoreError: The store cannot be reached.
    """
    read_location(store_url, "--store")
    store = open_store(store_url)
    found = {layout.run_id: layout for layout in filter(None, (run_of(stat.key) for stat in store.list()))}
    near = [found[given]] if given in found else [found[name] for name in sorted(found) if name.startswith(given)]
    if not near:
        lists_all = shlex.join(["gridctl", "list", "--store", store_url])
        raise InputError(f"there is no run '{given}'", where=store.url, fix=_nearest(given, sorted(found), lists_all))
    if len({layout.experiment for layout in near}) > 1:
        raise _several(store.url, given, [layout.run_id for layout in near])
    return near


def _stored(store: Store, near: Sequence[RunLayout], given: str) -> RunSpec:
    if len(near) > 1:
        raise _several(store.url, given, [layout.run_id for layout in near])
    key = near[0].spec
    return read_specification(store.get(key, MAX_SPEC_BYTES).data, f"{store.url}/{key}")


def _several(where: str, given: str, near: Sequence[str]) -> InputError:
    more = ", ..." if len(near) > _SHOWN else ""
    fix = f"give more of its id: {', '.join(near[:_SHOWN])}{more}"
    return InputError(f"{len(near)} runs begin with '{given}'", where=where, fix=fix)


def _experiment_of(run: str) -> str | None:
    """The experiment submitted from here whose name the run's id begins with; None if there is none."""
    known = Submissions.read().experiments
    return max((name for name in known if f"{run}-".startswith(f"{name}-")), key=len, default=None)


def _nearest(text: str, known: Sequence[str], lists_all: str) -> str:
    """The most similar ids, or the command that lists all of them."""
    near = difflib.get_close_matches(text, known, n=_SHOWN)
    if near:
        return f"did you mean {', '.join(near[:-1])}{' or ' if len(near) > 1 else ''}{near[-1]}?"
    return f"`{lists_all}` lists them"
