"""Checks models that are named by path: a process of the trainer imports them and validates their options."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gridctl.errors import InputError
from gridctl.executors.local.trainer_process import cannot_start, folder_that_exists, progress_event
from gridctl.executors.registry import descriptor_of
from gridctl.experiment import Experiment
from gridctl.experiment.document import Location, field_path
from gridctl.experiment.models.model_entry import either_of
from gridctl.experiment.validation import Problems
from gridctl.terminal import console
from gridctl_trainer.contract.spec import RunSpec, TrainingSpec
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.image_size import why_unfit

_ANSWERED_S: Final = 120.0
"""How long importing torch and the models may take."""


def check_named_models(experiment: Experiment) -> None:
    """Have their options checked if they can be imported; else say that they are not checked.

    Neither they nor torch are imported into this process.

    Raises:
        InputError: An option is unknown or not valid, a size does not fit, or a model cannot be imported although runs
            are trained on this machine: every mistake, with its line.
    """
    named: dict[str, list[RunSpec]] = {}
    for run in experiment.runs:
        if is_class_path(run.network.architecture):
            named.setdefault(run.network.text + run.model, []).append(run)
    if not named:
        return
    problems = Problems(experiment.document)
    runs = [group[0] for group in named.values()]
    here = descriptor_of(experiment.backend, experiment).on_this_machine
    for run, answer in zip(runs, _answers(experiment, runs), strict=True):
        if "missing" in answer and answer["missing"] and not here:
            why = f"no module named '{answer['missing']}'"
            console.say(f"note: options of models.{run.model} are not checked here: {why}; the trainer checks them")
            continue
        for problem in answer["problems"]:
            _place(problems, experiment, run, problem)
        for key in answer.get("either", ()):
            at: Location = ("models", run.model, key)
            problems.add(at, *either_of(run.model, run.network.architecture))
        sizes = dict.fromkeys(each.data.size_px for each in named[run.network.text + run.model])
        for size_px in sizes:
            if unfit := why_unfit(size_px, answer.get("size_multiple", 1), run.model):
                problems.add(("data", "size_px"), *unfit)
    problems.raise_if_any()


def _place(problems: Problems, experiment: Experiment, run: RunSpec, problem: Mapping[str, Any]) -> None:
    """Report a mistake where the option was written: beside the architecture, in `options`, or in an ablation."""
    entry = experiment.document.content.get("models")
    own = entry.get(run.model) if isinstance(entry, dict) else None
    at: Location = ("models", run.model)
    keys = problem["keys"]
    inside = isinstance(own, dict) and keys and keys[0] in (own.get("options") or {})
    place = (*at, *(["options"] if inside else []), *keys)
    for index, ablation in enumerate(experiment.document.content.get("ablations") or ()):
        if isinstance(ablation, dict) and ablation.get("name") == run.ablation:
            problems.add(("ablations", index), f"makes {field_path(place)} invalid: {problem['what']}", problem["fix"])
            return
    problems.add(place, problem["what"], problem["fix"])


def _answers(experiment: Experiment, runs: Sequence[RunSpec]) -> list[Mapping[str, Any]]:
    asked = "".join(json.dumps(_asked(experiment, run)) + "\n" for run in runs)
    command = [sys.executable, "-P", "-m", "gridctl_trainer.cli.model_check"]
    try:
        done = subprocess.run(
            command,
            input=asked,
            capture_output=True,
            text=True,
            cwd=folder_that_exists(),
            timeout=_ANSWERED_S,
            check=False,
        )
    except OSError as error:
        raise cannot_start(error) from None
    except subprocess.TimeoutExpired:
        raise InputError(
            f"importing the models took longer than {_ANSWERED_S:.0f} s", fix="let their modules do less on import"
        ) from None
    found = [event for line in done.stdout.splitlines() if (event := progress_event(line)).get("event") == "model"]
    if len(found) != len(runs):
        said = done.stderr.strip().splitlines()
        raise InputError(
            f"the models could not be checked: {said[-1] if said else f'exit code {done.returncode}'}",
            where=field_path(("models", runs[len(found)].model)),
            fix="import its module in a Python of its own to see why",
        )
    return found


def _asked(experiment: Experiment, run: RunSpec) -> dict[str, Any]:
    entry = experiment.document.content.get("models")
    own = entry.get(run.model) if isinstance(entry, dict) else None
    return {
        "architecture": run.network.architecture,
        "options": run.network.options,
        "plugin_path": run.plugin_path,
        "training": [key for key in own or () if key in TrainingSpec.model_fields] if isinstance(own, dict) else [],
    }
