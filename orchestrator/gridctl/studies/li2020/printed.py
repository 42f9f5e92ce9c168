"""What Li (2020) prints, as `printed_values.toml` describes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from gridctl.experiment import Experiment

_VALUES: Final = Path(__file__).parent / "printed_values.toml"

SOURCE: Final = "Li (2020)"

ARCHITECTURES: Final = {"gamma_net": "γ-Net", "unet": "U-Net"}
"""What the two architectures are called in print."""


@lru_cache(maxsize=1)
def printed() -> Mapping[str, Mapping[str, Any]]:
    """Every table and figure by name."""
    return tomllib.loads(_VALUES.read_text(encoding="utf-8"))


def with_our_sets(item: Mapping[str, Any], experiment: Experiment) -> Mapping[str, Any]:
    """A table or figure whose metrics name the sets of an experiment instead of the printed data sets."""
    name_of = {
        given.dataset: name for run in experiment.runs for name, given in reversed(list(run.data.external.items()))
    }

    def ours(metric: str) -> str:
        printed_set, _, key = metric.partition(".")
        return f"{name_of.get(printed_set, printed_set)}.{key}"

    if "cells" in item:
        return {**item, "cells": [{**cell, "metric": ours(cell["metric"])} for cell in item["cells"]]}
    return {**item, "metrics": [ours(metric) for metric in item["metrics"]]}


def architectures_of(item: Mapping[str, Any]) -> list[str]:
    """Those that a table or figure shows."""
    cells = item.get("cells")
    return list(dict.fromkeys(cell["architecture"] for cell in cells)) if cells else list(ARCHITECTURES)


def metrics_of(item: Mapping[str, Any]) -> list[str]:
    """Those that a table or figure shows."""
    cells = item.get("cells")
    return list(dict.fromkeys(cell["metric"] for cell in cells)) if cells else item["metrics"]
