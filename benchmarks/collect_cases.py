"""Times collecting the scorecards of 1,000 runs against a plain loop with gzip, json and pandas.

    python -m benchmarks.collect_cases [--runs 1000] [--rounds 3] [--store s3://BUCKET/PREFIX]

Each run has 100 cases and 10 metrics. Without `--store`, the store is a folder. The script prints medians of collecting
with an empty cache and again with a full one, and their ratios to the plain loop, which checks nothing that it reads.
Each measurement runs in a separate process; starting and importing are not counted. Logs of two epochs are collected
as well.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from benchmarks.collect import experiment, fill
from gridctl.collection.collect import collect
from gridctl.experiment import Experiment
from gridctl_trainer.contract.layout import RunLayout, run_of
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import CaseScores, CasesHeader, cases_to_bytes
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store, open_store

CASES, EPOCHS = 100, 2
METRICS = [f"metric_{number}" for number in range(10)]


def scorecard(run: RunSpec) -> bytes:
    infos = {name: MetricInfo(label=name, higher_is_better=True) for name in METRICS}
    header = CasesHeader(run_id=run.run_id, spec_digest=run.digest, metrics=infos)
    cases = (
        CaseScores(
            checkpoint="final",
            epoch=EPOCHS,
            set="validation",
            patient=f"patient{number // 2:03d}",
            time_point="ED" if number % 2 else "ES",
            structure="left_ventricle",
            slices=10,
            spacing_mm=(1.5, 1.5, 10.0),
            true_positive=1000 + number,
            false_positive=100,
            false_negative=100,
            scores={name: (number * 37 + of * 11 + run.seed) % 1000 / 1000 for of, name in enumerate(METRICS)},
        )
        for number in range(CASES)
    )
    return cases_to_bytes(header, cases)


def fill_cases(store: Store, made: Experiment) -> None:
    fill(store, made)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda run: store.put(RunLayout(run.experiment, run.run_id).cases, scorecard(run)), made.runs))


def plain_loop(store: Store) -> pd.DataFrame:
    rows = []
    for stat in store.list():
        if stat.key.endswith("cases.jsonl.gz"):
            of_run = run_of(stat.key)
            for line in gzip.decompress(store.get(stat.key).data).splitlines()[1:]:
                case = json.loads(line)
                named = {"run_id": of_run.run_id if of_run else "", "patient": case["patient"], "set": case["set"]}
                rows += [{**named, "metric": name, "value": value} for name, value in case["scores"].items()]
    return pd.DataFrame(rows)


def measure(what: str, url: str, runs: int) -> None:
    made = experiment(runs, EPOCHS)
    store = open_store(url)
    began, busy = time.perf_counter(), time.process_time()
    found = plain_loop(store) if what == "plain loop" else collect(store, made.runs, cases=True).cases
    taken = {"seconds": time.perf_counter() - began, "processor": time.process_time() - busy}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({**taken, "peak_mib": peak, "rows": len(found)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.store, arguments.runs)
        return
    measured: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.store or f"{folder}/store"
        fill_cases(open_store(url), experiment(arguments.runs, EPOCHS))
        for round_number in range(arguments.rounds):
            environment = {**os.environ, "XDG_CACHE_HOME": str(Path(folder, f"cache{round_number}"))}
            for what in ("plain loop", "first", "again"):
                command = [sys.executable, "-m", "benchmarks.collect_cases", "--measure", what, "--store", url]
                command += ["--runs", str(arguments.runs)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
                measured.setdefault(what, []).append(json.loads(done.stdout))
    plain = statistics.median(item["seconds"] for item in measured["plain loop"])
    for what, found in measured.items():
        medians = {name: statistics.median(item[name] for item in found) for name in found[0]}
        sys.stdout.write(
            f"{what:<11} {medians['rows']:,.0f} rows  median {medians['seconds']:6.2f} s  "
            f"{medians['seconds'] / plain:5.2f}x  processor {medians['processor']:6.2f} s  "
            f"peak {medians['peak_mib']:5.0f} MiB\n"
        )


if __name__ == "__main__":
    main()
