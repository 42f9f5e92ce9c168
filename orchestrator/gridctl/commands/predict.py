"""Which runs predict masks of scans; the trainer does the rest."""

from __future__ import annotations

from collections.abc import Sequence

from gridctl.commands.lookup.runs import find_run, find_runs
from gridctl.errors import InputError
from gridctl.terminal import console
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store


def predicting_runs(
    given: str, experiment: str | None, store_url: str | None, *, ensemble: bool
) -> tuple[Store, Sequence[RunSpec]]:
    """The finished runs that predict.

    Args:
        given: A run's id, or a beginning of it; for an ensemble what the ids of all members begin with.
        experiment: Theirs; None to look among those submitted from this folder.
        store_url: Their store; by default the one the experiment was submitted to.
        ensemble: Whether several runs of one model, train ratio and ablation predict together.

    Raises:
        InputError: No run, an unfinished run, several runs without `ensemble`, or runs that are not an ensemble.
        StoreError: The store cannot be reached.
    """
    if not ensemble:
        try:
            found, run = find_run(given, experiment, store_url)
        except InputError as error:
            if "runs begin with" in error.problems[0].what:
                problem = error.problems[0]
                fix = f"{problem.fix}; or --ensemble, if they are seeds or folds of one model"
                raise InputError(problem.what, where=problem.where, fix=fix) from None
            raise
        if not found.store.exists(RunLayout(run.experiment, run.run_id).result):
            raise InputError(f"{run.run_id} is not finished, so it has no trained model", fix="gridctl status --runs")
        return found.store, [run]
    found, runs = find_runs(given, experiment, store_url)
    _require_one_cell(runs)
    finished = [run for run in runs if found.store.exists(RunLayout(run.experiment, run.run_id).result)]
    if not finished:
        raise InputError(
            f"none of {console.count(len(runs), 'run')} is finished", where=given, fix="gridctl status --runs"
        )
    if len(finished) < len(runs):
        console.say(f"note: {len(finished)} of {console.count(len(runs), 'run')} finished; the ensemble is of these")
    return found.store, finished


def arguments_for_trainer(
    store: Store, runs: Sequence[RunSpec], place: str, output: str, device: str, *, best: bool, end_diastole: int | None
) -> list[str]:
    """The arguments that `gridctl-trainer` is called with."""
    specs = [f"{store.url}/{RunLayout(run.experiment, run.run_id).spec}" for run in runs]
    options = [*(["--best"] if best else []), *([] if end_diastole is None else ["--end-diastole", str(end_diastole)])]
    return ["predict", *options, "--device", device, "-o", output, "--", *specs, place]


def _require_one_cell(runs: Sequence[RunSpec]) -> None:
    cells = {(run.model, run.train_ratio, run.ablation): run.run_id for run in runs}
    if len(cells) > 1:
        said = "; ".join(f"{model} at ratio {ratio:g}, {ablation}" for model, ratio, ablation in sorted(cells)[:4])
        raise InputError(
            f"these runs are of {len(cells)} cells ({said}), and an ensemble is of one",
            fix=f"give more of their ids, such as {sorted(cells.values())[0].rsplit('-s', 1)[0]}",
        )
