"""Checks options of models that are named by their path, in a separate process, as callers must not import them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from gridctl_trainer.contract.errors import Problem
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.contract.wording import problem_text
from gridctl_trainer.plugins.class_path import extend_import_path
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.model import GIVEN, ModelOptions, options_class


def check_models(lines: Iterable[bytes]) -> None:
    """Answer each line of JSON about a model with one line.

    Args:
        lines: JSON objects with a model's `architecture`, `options`, `training` and `plugin_path`. `training` holds the
            keys that stand beside the options although they belong to training.

    An answer has `problems`, each with the keys that lead to it. It also has `missing`, the module that could not be
    found; `either`, the keys in `training` that the model has as options too; and `size_multiple`, if the options are
    valid.
    """
    for line in lines:
        asked = json.loads(line)
        extend_import_path(asked["plugin_path"])
        sys.stdout.write(json.dumps({"event": "model", **_answer(asked)}) + "\n")
        sys.stdout.flush()


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    name, options = asked["architecture"], asked["options"]
    try:
        model = options_class(name)
    except PluginError as error:
        cause = error.__cause__
        missing = cause.name or "" if isinstance(cause, ModuleNotFoundError) else ""
        return {"missing": missing, "problems": [_said(["architecture"], error.problems[0])]}
    either = [key for key in asked["training"] if key in model.model_fields]
    try:
        read = model.model_validate(options)
    except ValidationError as error:
        problems = [_said(list(item["loc"]), _problem(model, item)) for item in error.errors()]
        return {"problems": problems, "either": either}
    return {"problems": [], "either": either, "size_multiple": read.size_multiple}


def _problem(model: type[ModelOptions], item: Any) -> Problem:
    if item["type"] != "extra_forbidden":
        return Problem(problem_text(item))
    key = str(item["loc"][-1])
    if key in GIVEN:
        return Problem(f"{key} is given by gridctl, from the data", fix="leave it out")
    return Problem(f"unknown key '{key}'", fix=did_you_mean(key, list(model.model_fields)))


def _said(keys: list[Any], problem: Problem) -> dict[str, Any]:
    return {"keys": keys, "what": problem.what, "fix": problem.fix}


if __name__ == "__main__":
    check_models(sys.stdin.buffer)
