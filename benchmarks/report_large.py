"""Times a report with every test over 1,000 collected runs of 200 epochs, against reading the tables.

    python benchmarks/report_large.py

There are 2 models, 10 ratios, 5 ablations and 10 seeds. Reading one Parquet file per table alternates with building
the report; the script prints medians of five rounds after one warm-up. The goal is less than 3 s. Measured on
2026-11-28 on a 2-core CPU with ten processes waiting for it: 2.57 s, 2.8 times as long as reading, of which 0.73 s were
processor time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gridctl.collection.collect import Collected
from gridctl.collection.columns import EPOCH_COLUMNS, RUN_COLUMNS
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl.report import ReportRequest, build_report, render

ROUNDS = 5
EPOCHS = 200

FILE = f"""\
name: large
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
ablations: [none, no_gaussian, no_clahe, no_minmax, no_resize]
seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
data: {{train: {{dataset: acdc, path: a}}, external: {{sunnybrook: {{dataset: sunnybrook, path: s}}}}}}
training: {{epochs: {EPOCHS}}}
compare: {{model: gamma_net, against: unet, score: mean, equivalence_margin: 0.01}}
"""


def tables(experiment: Experiment) -> Collected:
    """Make the tables that `collect` returns if every run is finished."""
    generator = np.random.default_rng(0)
    names = ("run_id", "model", "train_ratio", "ablation", "seed")
    cells = pd.DataFrame([[getattr(run, name) for name in names] for run in experiment.runs], columns=list(names))
    scores = list(experiment.measures)
    runs = cells.reindex(columns=[*RUN_COLUMNS, *scores])
    numbers = [name for name, kind in RUN_COLUMNS.items() if kind not in ("str", "bool") and name not in names]
    words = [name for name, kind in RUN_COLUMNS.items() if kind == "str" and name not in names]
    runs[[*numbers, *scores]], runs[words] = 0, "x"
    runs[["changed", "plugins", "set_sizes", "set_digests", "left_out", "copied_from"]], runs["deterministic"] = (
        "",
        True,
    )
    runs["finished"], runs["resumed"], runs["epochs"], runs["epochs_done"] = True, False, EPOCHS, EPOCHS
    epochs = cells.loc[cells.index.repeat(EPOCHS)].reset_index(drop=True).reindex(columns=[*EPOCH_COLUMNS, *scores])
    measured = [name for name in epochs.columns if name not in (*names, "epoch", "attempt")]
    epochs[measured] = generator.uniform(0.7, 0.9, (len(epochs), len(measured)))
    epochs["epoch"], epochs["attempt"] = np.tile(np.arange(1, EPOCHS + 1), len(cells)), 1
    return Collected(runs.astype(RUN_COLUMNS), epochs.astype(EPOCH_COLUMNS), (), (), measures=experiment.measures)


def main() -> None:
    experiment = parse_experiment(Document.parse(FILE, "large.yaml"))
    collected = tables(experiment)
    measured: dict[str, list[float]] = {"read the tables": [], "build the report": [], "write it as JSON": []}
    processor: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "runs.parquet", Path(folder) / "epochs.parquet"]
        for path, frame in zip(paths, (collected.runs, collected.epochs), strict=True):
            frame.to_parquet(path)
        for round_number in range(ROUNDS + 1):
            started = time.perf_counter()
            runs, epochs = (pd.read_parquet(path) for path in paths)
            read = time.perf_counter()
            began = time.process_time()
            report = build_report(experiment, Collected(runs, epochs, (), ()), ReportRequest(significance=True))
            built, busy = time.perf_counter(), time.process_time() - began
            render(report, "json", None)  # type: ignore[arg-type]
            written = time.perf_counter()
            if round_number:
                processor.append(busy)
                for name, taken in zip(measured, (read - started, built - read, written - built), strict=True):
                    measured[name].append(taken)
    medians = {name: statistics.median(values) for name, values in measured.items()}
    rows = sum(len(comparison.rows) for comparison in report.comparisons)
    sys.stdout.write(f"{len(runs)} runs, {len(epochs)} epochs, {rows} comparisons\n")
    for name, value in medians.items():
        sys.stdout.write(f"{name:<17} median {value:6.2f} s of {ROUNDS}\n")
    sys.stdout.write(f"building took {statistics.median(processor):.2f} s of processor time\n")
    sys.stdout.write(f"ratio of building to reading {medians['build the report'] / medians['read the tables']:.1f}\n")


if __name__ == "__main__":
    main()
