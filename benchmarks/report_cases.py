"""How long a report over patients takes: 1,000 runs x 200 epochs x 100 patients, and how large its page is.

    python -m benchmarks.report_cases [--cells] [--metrics dice,hd95,...]

As `report_page.py`, with a scorecard of every run: ED and ES of 55 patients of validation, drawn anew by each seed from
100, and of 45 of an external set; five pathologies, two vendors. By default 5 cells of 100 seeds; with `--cells` 50
cells of 10 seeds. Goals: statistics under 3 s, the page under 5 MB. On a 2-core CPU that other work kept busy, of which
only processor time means something, 2026-11-28: 5 cells 1.9 s, the page 1.4 s and 2.7 MB; 50 cells, with 1,264 tests,
2.3 to 2.5 s (3.4 s with ten processes waiting for the two cores), the page 4.7 s and 4.7 MB, 1.0 MB of it pictures of
slices.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks import report_page
from benchmarks.report_page import ROUNDS, collected, timed_report
from gridctl.collection.collect import Collected
from gridctl.collection.scorecards.cases import CASE_COLUMNS
from gridctl.experiment import Document, Experiment, parse_experiment

COHORT, VALIDATED, EXTERNAL = 100, 55, 45
GROUPS = ("NOR", "MINF", "DCM", "HCM", "RV")

SHAPES = {
    False: "train_ratios: [0.1, 0.2, 0.4, 0.6, 0.8]\nseeds: [{seeds}]",
    True: "train_ratios: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]\nseeds: [{seeds}]\n"
    "ablations: [none, no_gaussian, no_clahe, no_minmax, augmented]",
}

EXPERIMENT = """\
name: large
models: {{unet: {{}}, gamma_net: {{}}}}
{grid}
data:
  train: {{dataset: acdc, path: /data/acdc}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: /data/sunnybrook}}}}
  size_px: {side}
training: {{epochs: {epochs}}}
metrics: [{metrics}, soft_dice, bce]
compare: {{model: gamma_net, against: unet, equivalence_margin: 0.01, subgroups: [pathology, time_point]}}
"""


def experiment(*, cells: bool, metrics: str) -> Experiment:
    grid = SHAPES[cells].format(seeds=", ".join(map(str, range(10 if cells else 100))))
    text = EXPERIMENT.format(grid=grid, side=report_page.SIDE, epochs=report_page.EPOCHS, metrics=metrics)
    return parse_experiment(Document.parse(text, "large.yaml"))


def cases(made: Experiment, metrics: list[str]) -> pd.DataFrame:
    """Scorecards of all runs, as `collect` reads them."""
    random = np.random.default_rng(5)
    runs = len(made.runs)
    drawn = {seed: random.permutation(COHORT)[:VALIDATED] for seed in made.seeds}
    own = np.array([drawn[run.seed] for run in made.runs])
    patients = np.concatenate([own, np.tile(COHORT + np.arange(EXTERNAL), (runs, 1))], axis=1)
    each = patients.shape[1]
    shape = (runs, each, 2, len(metrics))
    gain = np.array([0.012 * (run.model == "gamma_net") for run in made.runs])[:, None, None, None]
    level = random.normal(0.85, 0.03, COHORT + EXTERNAL)[patients][:, :, None, None]
    value = level + gain + random.normal(0, 0.03, shape)
    index = [np.broadcast_to(axis, shape).ravel() for axis in np.meshgrid(*map(np.arange, shape), indexing="ij")]
    of_patient = np.broadcast_to(patients[:, :, None, None], shape).ravel()

    def words(codes: np.ndarray, names: list[str]) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, names)

    zero = np.zeros(value.size, dtype=np.int32)
    is_unet = np.array([run.model == "unet" for run in made.runs], dtype=int)
    names = [f"patient{number:03d}" for number in range(COHORT)] + [f"SC{number:02d}" for number in range(EXTERNAL)]
    columns = {
        "run_id": words(index[0], [run.run_id for run in made.runs]),
        "model": words(is_unet[index[0]], ["gamma_net", "unet"]),
        "train_ratio": np.array([run.train_ratio for run in made.runs])[index[0]],
        "fold": words(zero - 1, [""]),
        "ablation": words(zero, ["none"]),
        "seed": np.array([run.seed for run in made.runs])[index[0]],
        "checkpoint": words(zero, ["final"]),
        "epoch": zero + report_page.EPOCHS,
        "set": words((of_patient >= COHORT).astype(int), ["validation", "sunnybrook"]),
        "patient": words(of_patient, names),
        "time_point": words(index[2], ["ED", "ES"]),
        "structure": words(zero, ["left_ventricle"]),
        "metric": words(index[3], metrics),
        "value": value.ravel(),
        "undefined": words(zero, [""]),
        "group": words(of_patient % len(GROUPS), list(GROUPS)),
        "vendor": words(of_patient % 2, ["Siemens", "GE"]),
        "centre": words(zero, [""]),
        "slices": zero + 10,
        "true_positive": np.full(value.size, 900.0),
        "false_positive": np.full(value.size, 100.0),
        "false_negative": np.full(value.size, 100.0),
    }
    return pd.DataFrame({name: columns[name] for name in CASE_COLUMNS})


def tables(made: Experiment, metrics: list[str]) -> Collected:
    """What `collect` returns when every run is done."""
    slices = {name: measure for name, measure in made.measures.items() if measure.level == "slice"}
    found = collected(replace(made, measures=slices))
    return replace(found, cases=cases(made, metrics), measures=made.measures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", action="store_true", help="50 cells of 10 seeds")
    parser.add_argument("--metrics", default="dice,hd95", help="of cases")
    chosen = parser.parse_args()
    metrics = chosen.metrics.split(",")
    made = experiment(cells=chosen.cells, metrics=", ".join(metrics))
    found = tables(made, metrics)
    medians, page = timed_report(made, found)
    for name, (wall, cpu) in medians.items():
        sys.stdout.write(f"{name:<11} {wall:5.2f} s, {cpu:5.2f} s of CPU\n")
    sys.stdout.write(f"{len(made.runs)} runs, {len(found.epochs)} epochs, {len(found.cases)} rows of cases; ")
    sys.stdout.write(f"medians of {ROUNDS}\npage        {len(page.encode()) / 1e6:5.2f} MB\n")


if __name__ == "__main__":
    main()
