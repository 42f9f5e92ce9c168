"""Turns a command as a page shows it into one that runs, by replacing placeholders with what a test's folder holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

RUN: Final = "demo-unet-r30-none-s42"

STANDS_FOR: Final[Mapping[str, str]] = {
    "data.train.path=PATH": "data.train.path=data/phantom/acdc",
    "data.external.sunnybrook.path=PATH": "data.external.sunnybrook.path=data/phantom/sunnybrook",
    "MODEL --set OPTION=VALUE": "gamma_net --set timesteps=3",
    "render FILE": "render hearts.yaml",
    "plan NAME or FILE": "plan demo",
    "score PREDICTIONS TRUTH --dataset": "score data/phantom/acdc data/phantom/acdc --dataset",
    "score PREDICTIONS TRUTH --labels": "score data/phantom data/phantom --labels",
    "score PREDICTIONS TRUTH": "score data/phantom data/phantom --labels 1=rv,2=myo,3=lv",
    "upload FOLDER URL": "upload data/phantom s3://bucket/phantom",
    "DATA_FOLDER": "data/phantom --name hearts --force",
    "EXPERIMENT.yaml": "experiments/demo.yaml",
    "FILE.csv": "table.csv",
    "NAME": "demo",
    "RUN": RUN,
    "INPUT": "data/phantom/acdc/database/training/patient001",
    "MODEL": "unet",
    "ROOT": "data/phantom",
    "PATH": "data/phantom",
    "REPORT": "report",
    "OUT": "made",
    "DIR": "written",
    "SPEC...": f"runs/demo/{RUN}-*/spec.json",
    "SPEC": f"runs/demo/{RUN}-*/spec.json",
}
"""Replacements, which are applied in this order."""

_FILE: Final[Mapping[str, str]] = {"export": "table.csv"}
"""Meaning of FILE, by command; by default an experiment file."""


def variants(text: str) -> list[str]:
    """Make concrete commands, with and without optional parts.

    Args:
        text: A command such as `gridctl logs RUN [-f]`.
    """
    with_all = re.sub(r"\[([^\]=]+)\](?!\S)", r"\1", text)
    without = re.sub(r"\s*\[([^\]=]+)\](?!\S)", "", text)
    return list(dict.fromkeys(_concrete(variant) for variant in (without, with_all)))


def _concrete(text: str) -> str:
    for word, meaning in STANDS_FOR.items():
        text = re.sub(rf"(?<![\w.]){re.escape(word)}(?![\w.])", meaning, text)
    words = text.split()
    file = _FILE.get(words[1] if len(words) > 1 else "", "experiments/demo.yaml")
    return re.sub(r"(?<![\w.])FILE(?![\w.])", file, text)
