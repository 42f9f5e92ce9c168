"""Times the report of a large grid after collection, and measures the size of its page.

    python benchmarks/report_page.py [--keep FOLDER]

The tables of 1,000 runs of 200 epochs, with scores, ejection fractions and samples, are made up, not trained. The
statistics and the page are timed in alternation, by the clock and in CPU seconds, which a busy machine changes less.
The script prints medians of three rounds after one warm-up. The goals are less than 3 s for both together, and a page
of less than 5 MB.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gridctl.collection.collect import Collected
from gridctl.collection.columns import EPOCH_COLUMNS, FUNCTION_COLUMNS, RUN_COLUMNS
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl.report import ReportRequest, build_report
from gridctl.report.renderers.html import render_page
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.preprocessing.prepared import PreparedSet, SliceRecord
from gridctl_trainer.storage.base import Blob, Stat, Store
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.training.samples.written_samples import write_samples

ROUNDS = 3
SEEDS, EPOCHS, SIDE, PATIENTS = 100, 200, 176, 60

EXPERIMENT = f"""\
name: large
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.1, 0.2, 0.4, 0.6, 0.8]
seeds: {list(range(SEEDS))}
data:
  train: {{dataset: acdc, path: /data/acdc}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: /data/sunnybrook}}}}
  size_px: {SIDE}
training: {{epochs: {EPOCHS}}}
metrics: [soft_dice, bce]
compare: {{model: gamma_net, against: unet, metrics: [validation.soft_dice, sunnybrook.soft_dice, validation.bce]}}
"""


class Imprecise(nn.Module):
    """Finds bright discs, imprecisely."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level

    def forward(self, images: Tensor) -> Tensor:
        smooth = nn.functional.avg_pool2d(images, 7, 1, 3)
        return (smooth - self.level) * 30


def discs(count: int, random: np.random.Generator) -> PreparedSet:
    """Draw noisy images of bright discs, which are as hard to compress as scans."""
    y, x = np.mgrid[:SIDE, :SIDE]
    masks = np.zeros((count, SIDE, SIDE), np.uint8)
    for mask in masks:
        cx, cy = random.uniform(70, 106, 2)
        mask[:] = (x - cx) ** 2 + (y - cy) ** 2 < random.uniform(15, 26) ** 2
    noise = random.normal(0, 0.04, masks.shape)
    ring = ((x - 88) ** 2 + (y - 88) ** 2 < 80**2) * 0.3
    images = np.clip(ring + 0.4 * masks + noise, 0, 1).astype(np.float32)
    records = [SliceRecord(f"patient{i:03d}", "ED", f"patient{i:03d} ED slice 04", 1.0, 1.0, 0.0) for i in range(count)]
    return PreparedSet.whole(images[:, None], masks, records)


def scores(experiment: Experiment, random: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Make saturating curves of scores: models differ by a hundredth, seeds and epochs by chance."""
    epoch = np.arange(1, EPOCHS + 1)
    rows = []
    for run in experiment.runs:
        top = 0.93 - 0.12 * (1 - run.train_ratio) ** 3 + 0.012 * (run.model == "gamma_net") + random.normal(0, 0.008)
        rise = 1 - np.exp(-epoch / random.uniform(12, 25))
        rows.append(np.clip(top * rise + random.normal(0, 0.006, EPOCHS), 0, 1))
    dice = np.array(rows)
    other = np.clip(dice - 0.09 + random.normal(0, 0.01, dice.shape), 0, 1)
    return {
        "validation.soft_dice.left_ventricle": dice,
        "sunnybrook.soft_dice.left_ventricle": other,
        "validation.bce.left_ventricle": 0.5 * (1.02 - dice),
        "sunnybrook.bce.left_ventricle": 0.6 * (1.02 - other),
        "train_loss": 0.6 * (1.02 - dice),
    }


def collected(experiment: Experiment) -> Collected:
    """Make the tables that would be collected from the store of the whole grid."""
    random = np.random.default_rng(20)
    known = scores(experiment, random)
    cells = pd.DataFrame(
        [(r.run_id, r.model, r.train_ratio, r.ablation, r.seed) for r in experiment.runs],
        columns=["run_id", "model", "train_ratio", "ablation", "seed"],
    ).assign(fold=None)
    runs = cells.assign(
        epochs=EPOCHS,
        epochs_done=EPOCHS,
        finished=True,
        attempts=1,
        resumed=False,
        deterministic=True,
        changed="",
        last_host="node",
        plugins="",
        set_digests="",
        set_sizes="",
        left_out="",
        copied_from="",
        parameters=1e6,
        updates=1e4,
        interruptions=0,
        busy_seconds=7300.0,
        exit_code=0.0,
        message="",
        seconds_per_epoch=36.0,
        train_seconds=7200.0,
        device="cuda:0",
        device_name="NVIDIA A100-SXM4-40GB",
        host="node",
        image="registry.example/gridctl-trainer@sha256:" + "0" * 64,
        git_sha="0" * 40,
        versions='{"python": "3.11.9", "torch": "2.13.0"}',
        split_digest=[f"{r.train_ratio} {r.seed}" for r in experiment.runs],
        data_digest="d" * 64,
        weights_sha256="w" * 64,
        log=[RunLayout(r.experiment, r.run_id).attempts + "001-abc.log" for r in experiment.runs],
        last_seen=1.7e9,
        last_written=1.7e9,
        cancelled_at=float("nan"),
    )
    runs = runs.assign(**{name: known[name][:, -1] for name in experiment.measures})
    epochs = cells.loc[cells.index.repeat(EPOCHS)].reset_index(drop=True)
    epochs = epochs.assign(
        epoch=np.tile(np.arange(1, EPOCHS + 1), len(cells)),
        **{name: table.ravel() for name, table in known.items()},
        seconds=36.0,
        attempt=1,
    )
    function = pd.concat([_function(cells, name, random) for name in ("validation", "sunnybrook")], ignore_index=True)
    return Collected(
        runs=runs[[*RUN_COLUMNS, *experiment.measures]].astype(RUN_COLUMNS),
        epochs=epochs[[*EPOCH_COLUMNS, *experiment.measures]].astype(EPOCH_COLUMNS),
        measures=experiment.measures,
        problems=[],
        others=[],
        function=function[list(FUNCTION_COLUMNS)].astype(dict(FUNCTION_COLUMNS)),
    )


def _function(cells: pd.DataFrame, set_name: str, random: np.random.Generator) -> pd.DataFrame:
    rows = cells.loc[cells.index.repeat(PATIENTS)].reset_index(drop=True)
    edv = np.tile(random.uniform(90, 260, PATIENTS), len(cells))
    ef = np.tile(random.uniform(0.15, 0.75, PATIENTS), len(cells))
    spread = 0.03 + 0.05 * (1 - rows["train_ratio"]) + 0.02 * (rows["model"] == "unet")
    found = ef + random.normal(0, 1, len(rows)) * spread - 0.01
    return rows.assign(
        set=set_name,
        patient=np.tile([f"patient{i:03d}" for i in range(PATIENTS)], len(cells)),
        true_edv_ml=edv,
        true_esv_ml=edv * (1 - ef),
        true_ef=ef,
        predicted_edv_ml=edv,
        predicted_esv_ml=edv * (1 - found),
        predicted_ef=found,
        remark="",
    )


class AlikeStore:
    """A store of samples in memory: runs share their images of the external set, and of validation if split alike."""

    url = "/store"

    def __init__(self, experiment: Experiment) -> None:
        """Make the samples of a run when they are asked for."""
        self._runs = {run.run_id: run for run in experiment.runs}
        self._objects: dict[tuple[str, float, int], dict[str, bytes]] = {}

    def _samples(self, run_id: str) -> dict[str, bytes]:
        run = self._runs[run_id]
        key = (run.model, run.train_ratio, run.seed)
        if key not in self._objects:
            of_split = np.random.default_rng([round(100 * run.train_ratio), run.seed])
            sets = {"validation": discs(40, of_split), "sunnybrook": discs(40, np.random.default_rng(3))}
            layout = RunLayout(run.experiment, run_id)
            with tempfile.TemporaryDirectory() as folder:
                store = FolderStore(Path(folder))
                model = Imprecise(0.5 + 0.05 * (run.model == "unet"))
                write_samples(store, layout, run, model, sets, torch.device("cpu"))
                self._objects[key] = {
                    stat.key.removeprefix(layout.prefix): store.get(stat.key).data for stat in store.list(layout.prefix)
                }
        return self._objects[key]

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """List the objects of one run."""
        experiment, run_id, _ = prefix.split("/", 2)
        for name, data in self._samples(run_id).items():
            yield Stat(f"{experiment}/{run_id}/{name}", len(data), "e", 0.0)

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        """Read one object."""
        _, run_id, name = key.split("/", 2)
        return Blob(self._samples(run_id)[name], "e")


def clocks() -> tuple[float, float]:
    """Seconds by the clock, and CPU seconds."""
    return time.perf_counter(), time.process_time()


def timed_report(experiment: Experiment, tables: Collected) -> tuple[dict[str, list[float]], str]:
    """Median seconds by the clock and of CPU for the statistics and for the page, and the page."""
    taken: dict[str, list[tuple[float, float]]] = {"statistics": [], "page": []}
    store = cast(Store, AlikeStore(experiment))
    for round_number in range(ROUNDS + 1):
        started = clocks()
        report = build_report(experiment, tables, ReportRequest(significance=True))
        built = clocks()
        page = render_page(report, experiment, tables, store)
        ended = clocks()
        if round_number:
            taken["statistics"].append((built[0] - started[0], built[1] - started[1]))
            taken["page"].append((ended[0] - built[0], ended[1] - built[1]))
    return {
        name: [statistics.median(kind) for kind in zip(*values, strict=True)] for name, values in taken.items()
    }, page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder to keep the page in")
    keep = parser.parse_args().keep
    experiment = parse_experiment(Document.parse(EXPERIMENT, "large.yaml"))
    tables = collected(experiment)
    medians, page = timed_report(experiment, tables)
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / "report.html").write_text(page, encoding="utf-8")
    medians["together"] = [sum(kind) for kind in zip(*medians.values(), strict=True)]
    for name, (wall, cpu) in medians.items():
        sys.stdout.write(f"{name:<11} {wall:5.2f} s, {cpu:5.2f} s of CPU\n")
    sys.stdout.write(f"{len(experiment.runs)} runs x {EPOCHS} epochs; medians of {ROUNDS}\n")
    sys.stdout.write(f"page        {len(page.encode()) / 1e6:5.2f} MB\n")


if __name__ == "__main__":
    main()
