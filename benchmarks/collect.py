"""Times collecting the logs of 1,000 runs of 200 epochs against a plain loop with boto3 (or files), json and pandas.

    python -m benchmarks.collect [--runs 1000] [--epochs 200] [--store s3://BUCKET/PREFIX] [--rounds 3]

Without `--store`, the store is a folder, whose files the plain loop reads. For S3 there is a second peer, obstore with
Arrow's JSON reader, which checks nothing that it reads. The script prints medians of collecting with an empty cache,
again with nothing changed, and again with 1% of the logs changed, and the ratio of each to the plain loop. Each
measurement runs in a separate process, as a command does; starting and importing are not counted. `--latency 20` adds
20 ms to each round trip to the server, half of it each way. The goals for S3 on a quiet machine with two cores are
2.5 s, 1.0 s and 1.3 s, and with 20 ms of latency a first collection at least 8 times faster than the loop.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.json

from benchmarks.delay_proxy import delayed
from gridctl.collection.collect import collect
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.contract.records.metric_log import (
    AttemptRecord,
    DataRecord,
    EndRecord,
    EpochRecord,
    Record,
    SetData,
    write_line,
)
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.records.set_scores import SetScores
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store, open_store

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def experiment(runs: int, epochs: int) -> Experiment:
    """Make an experiment with two models, five ratios, and as many seeds as are needed."""
    text = f"""\
name: many
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.1, 0.3, 0.5, 0.7, 0.9]
seeds: {list(range(1, max(2, runs // 10) + 1))}
data: {{train: {{dataset: acdc, path: a}}, external: {{sunnybrook: {{dataset: sunnybrook, path: s}}}}}}
metrics: [soft_dice, bce]
training: {{epochs: {epochs}}}
compare: {{model: gamma_net, against: unet}}
"""
    return parse_experiment(Document.parse(text, "many.yaml"))


def scores(epoch: int, seed: int) -> SetScores:
    dice = 0.5 + epoch / 1000 + seed % 7 / 100
    return SetScores(images=100, scores={"soft_dice.left_ventricle": dice, "bce.left_ventricle": 1 - dice})


def log(run: RunSpec) -> bytes:
    records: list[Record] = [
        AttemptRecord(
            run_id=run.run_id, attempt=1, uid="abc", started_at=NOW, device="cpu", threads=1, versions={"torch": "2"}
        ),
        DataRecord(
            data_digest="d",
            split_digest=f"{run.train_ratio} {run.seed}",
            sets={"train": SetData(patients=("a",), images=1), "validation": SetData(patients=("b",), images=2)},
            train_steps=1,
        ),
    ]
    for epoch in range(1, run.training.epochs + 1):
        records.append(
            EpochRecord(
                epoch=epoch,
                train_loss=1 / epoch,
                sets={name: scores(epoch, run.seed) for name in ("validation", "sunnybrook")},
                seconds=2.0,
                images_per_second=1.0,
                peak_memory_bytes=1,
                finished_at=NOW,
            )
        )
    records.append(EndRecord(exit_code=0, finished_at=NOW))
    return "".join(map(write_line, records)).encode()


def fill(store: Store, made: Experiment) -> None:
    def put(run: RunSpec) -> None:
        layout = RunLayout(run.experiment, run.run_id)
        result = ResultRecord(
            run_id=run.run_id,
            spec_digest=run.digest,
            epochs=run.training.epochs,
            attempts=1,
            checkpoint="c",
            weights_sha256="w",
            sets={name: scores(run.training.epochs, run.seed) for name in ("validation", "sunnybrook")},
            train_seconds=1,
            finished_at=NOW,
        )
        store.put(layout.attempt(AttemptName(1, "abc")), log(run))
        store.put(layout.result, result.to_json())

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, made.runs))


def plain_loop(url: str) -> pd.DataFrame:
    """Do what a simple script would: list, get each log, parse each line with json.loads, and make one table."""
    rows = []
    if url.startswith("s3://"):
        import boto3

        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        client = boto3.client("s3")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", ()) if item["Key"].endswith(".jsonl")]
        texts = (client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
    else:
        texts = (path.read_bytes() for path in Path(url).rglob("*.jsonl"))
    for text in texts:
        first, *records = map(json.loads, text.splitlines())
        for record in records:
            if record["kind"] == "epoch":
                row = {"run_id": first["run_id"], "epoch": record["epoch"], "train_loss": record["train_loss"]}
                for name, of_set in record["sets"].items():
                    row |= {f"{name}.{key}": value for key, value in of_set["scores"].items()}
                rows.append(row)
    return pd.DataFrame(rows)


def arrow(url: str) -> pa.Table:
    """List and get with obstore, many objects at once, and parse all lines of epochs together with Arrow."""
    import obstore
    from obstore.store import S3Store

    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    store = S3Store(
        bucket,
        endpoint=os.environ["AWS_ENDPOINT_URL_S3"],
        region=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        client_options={"allow_http": True},
    )
    keys = [item["path"] for page in obstore.list(store, prefix) for item in page if item["path"].endswith(".jsonl")]

    async def all_of_them() -> list[bytes]:
        together = asyncio.Semaphore(64)

        async def one(key: str) -> bytes:
            async with together:
                answer = await obstore.get_async(store, key)
                return bytes(await answer.bytes_async())

        return await asyncio.gather(*map(one, keys))

    texts = asyncio.run(all_of_them())
    lines = [line for text in texts for line in text.splitlines(keepends=True) if line.startswith(b'{"kind":"epoch"')]
    return pa.json.read_json(io.BytesIO(b"".join(lines)))


def measure(what: str, url: str, runs: int, epochs: int) -> None:
    """Measure seconds and peak memory in this process, and print them as JSON."""
    made = experiment(runs, epochs)
    store = open_store(url)
    began, busy = time.perf_counter(), time.process_time()
    peer = {"plain loop": plain_loop, "obstore+arrow": arrow}.get(what)
    found = peer(url) if peer else collect(store, made.runs).epochs
    taken = {"seconds": time.perf_counter() - began, "processor": time.process_time() - busy}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({**taken, "peak_mib": peak, "rows": len(found)}))


def in_process(what: str, arguments: argparse.Namespace, url: str, cache: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.collect", "--measure", what, "--store", url]
    command += ["--runs", str(arguments.runs), "--epochs", str(arguments.epochs)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.store, arguments.runs, arguments.epochs)
        return
    made = experiment(arguments.runs, arguments.epochs)
    measured: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        url = arguments.store or f"{folder}/store"
        store = open_store(url)
        fill(store, made)
        if arguments.latency:
            slow = stack.enter_context(delayed(os.environ["AWS_ENDPOINT_URL_S3"], arguments.latency / 2000))
            os.environ["AWS_ENDPOINT_URL_S3"] = slow
        for round_number in range(arguments.rounds):
            cache = Path(folder) / f"cache{round_number}"
            peers = ("plain loop", "obstore+arrow") if url.startswith("s3://") else ("plain loop",)
            for what in (*peers, "first", "again", "1% changed"):
                if what == "1% changed":
                    for run in made.runs[::100]:
                        store.put(RunLayout(run.experiment, run.run_id).attempt(AttemptName(1, "abc")), log(run))
                measured.setdefault(what, []).append(in_process(what, arguments, url, cache))
    rows = {item["rows"] for of_kind in measured.values() for item in of_kind}
    sys.stdout.write(f"{len(made.runs)} runs, rows of epochs: {rows}\n")
    plain = statistics.median(item["seconds"] for item in measured["plain loop"])
    for what, of_kind in measured.items():
        medians = {name: statistics.median(item[name] for item in of_kind) for name in of_kind[0]}
        sys.stdout.write(
            f"{what:<13} median {medians['seconds']:6.2f} s  {medians['seconds'] / plain:5.2f}x  "
            f"processor {medians['processor']:6.2f} s  peak {medians['peak_mib']:5.0f} MiB\n"
        )


if __name__ == "__main__":
    main()
