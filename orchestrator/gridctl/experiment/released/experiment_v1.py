"""An experiment file of version 1 as an experiment of today: its runs are those that version built."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap

from gridctl.errors import InputError
from gridctl.experiment.document import Document
from gridctl.experiment.grid import Experiment, parse_experiment
from gridctl.experiment.released.grid_v1 import ablations_v1, models_v1, runs_v1
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.released.conversion import converted, data_section
from gridctl_trainer.contract.released.score_names_v1 import RENAMED_SCORES
from gridctl_trainer.contract.released.sections_v1 import DataV1

_UNCHANGED = ("name", "train_ratios", "seeds", "reproduces", "backend", "store", "kubernetes")


def parse_version_1(document: Document) -> Experiment:
    """The experiment of a file that is in the grammar of version 1.

    Args:
        document: The stored file.

    Raises:
        InputError: It is not valid in that grammar.
    """
    content = document.content
    try:
        runs = tuple(converted(run) for run in runs_v1(content))
        now = _in_todays_grammar(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        first = str(error).partition("\n")[0]
        raise InputError(
            f"not an experiment of version 1: {shortened(f'{type(error).__name__}: {first}')}",
            where=document.source,
            fix="it was changed after it had been submitted, or is damaged",
        ) from None
    tree = CommentedMap({key: value for key, value in now.items() if value is not None})
    experiment = parse_experiment(Document(tree, document.source, ""), from_elsewhere=True)
    return dataclasses.replace(experiment, runs=runs, document=document)


def _in_todays_grammar(content: Mapping[str, Any]) -> dict[str, Any]:
    """Everything of an experiment except its runs, which are built by the grammar of their own version."""
    backend = content.get("backend")
    own = {backend: content[backend]} if isinstance(backend, str) and backend in content else {}
    given = DataV1(acdc=content["data"]["acdc"], sunnybrook=content["data"].get("sunnybrook"))
    data = data_section(given)
    return {
        **{key: content[key] for key in _UNCHANGED if key in content},
        **own,
        "models": {
            name: {"architecture": options.get("architecture", name)}
            for name, options in models_v1(content.get("models")).items()
        },
        "ablations": [{"name": item["name"]} for item in ablations_v1(content.get("ablations"))],
        "data": {key: value for key, value in data.items() if key in ("train", "external")},
        "compare": _comparisons(content.get("compare"), alone=given.sunnybrook is None),
    }


def _comparisons(given: Any, *, alone: bool) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    return [
        {**item, "metrics": _metrics(item, alone=alone)} for item in (given if isinstance(given, list) else [given])
    ]


def _metrics(comparison: Mapping[str, Any], *, alone: bool) -> list[str]:
    """Metrics of that version's default if it names none; without a second data set only the first of them."""
    usual = ("validation_dice",) if alone else ("validation_dice", "generalisation_dice")
    return [RENAMED_SCORES[name] for name in comparison.get("metrics") or usual]
