"""Times the rendering of a grid's Jobs against Jinja and one C parse of each Job.

    python benchmarks/render.py [RUNS]

Both render the same Jobs in alternation, in this process. The script prints medians of three rounds after one warm-up,
in seconds of processor time. The goal is a ratio below 1.3.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.in_turn import median_seconds
from gridctl.executors.kubernetes.manifest.job_template import JobTemplate
from gridctl.executors.kubernetes.manifest.rendered_job import Rendered
from gridctl.experiment import Experiment, load_experiment

ROUNDS = 3
MOST_SEEDS = 1000
STORE = "s3://bucket/prefix"
EXPERIMENT = Path(__file__).parents[1] / "experiments" / "baseline.yaml"
TEMPLATE = Path(__file__).parents[1] / "k8s" / "templates" / "job.yaml.j2"


class ValuesOf:
    """Stands in for a template and records the values that it is given."""

    def __init__(self, template: Any, kept: list[Mapping[str, Any]]) -> None:
        self._template = template
        self._kept = kept

    def render(self, values: Mapping[str, Any]) -> Rendered:
        self._kept.append(values)
        rendered: Rendered = self._template.render(values)
        return rendered


def axes(runs: int) -> tuple[list[float], list[int]]:
    """Train ratios and seeds of a grid of two models that has about so many runs: a list of seeds has its bounds."""
    ratios = -(-runs // (2 * MOST_SEEDS))
    return [round((index + 1) / (ratios + 1), 4) for index in range(ratios)], list(range(-(-runs // (2 * ratios))))


def grid(runs: int) -> Experiment:
    ratios, seeds = axes(runs)
    changes = [f"train_ratios={ratios}", f"seeds={seeds}", "kubernetes.image=trainer:1"]
    return load_experiment(EXPERIMENT, changes, store=STORE)


def values_of(experiment: Experiment) -> list[Mapping[str, Any]]:
    kept: list[Mapping[str, Any]] = []
    template = JobTemplate(experiment, STORE)
    template._template = ValuesOf(template._template, kept)  # type: ignore[assignment]
    for run in experiment.runs:
        template.text(run)
    return kept


def peer(values: list[Mapping[str, Any]]) -> None:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    for given in values:
        yaml.load(template.render(given), yaml.CSafeLoader)


def ours(experiment: Experiment) -> None:
    template = JobTemplate(experiment, STORE)
    for run in experiment.runs:
        template.text(run)


def main() -> None:
    experiment = grid(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    values = values_of(experiment)
    works = {"gridctl": lambda: ours(experiment), "Jinja + C parse": lambda: peer(values)}
    medians = median_seconds(works, ROUNDS, clock=time.process_time)
    for name, value in medians.items():
        sys.stdout.write(f"{name:<16} {len(experiment.runs)} Jobs, median {value:6.2f} s of {ROUNDS}\n")
    sys.stdout.write(f"ratio {medians['gridctl'] / medians['Jinja + C parse']:.2f}\n")


if __name__ == "__main__":
    main()
