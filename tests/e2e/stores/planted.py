"""Writes experiments into a store as trainers leave them, and objects that no trainer would leave."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

EPOCHS = 3
NOW = "2026-01-02T03:04:05Z"
YAML = """\
name: tiny
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.5]
seeds: [{seeds}]
data:
  train: {{dataset: acdc, path: {data}}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: {data}}}}}
  size_px: 32
training: {{epochs: 3}}
compare: {{model: gamma_net, against: unet}}
"""

Json = dict[str, Any]
METRICS = {
    "soft_dice": {"label": "soft Dice", "higher_is_better": True, "low": 0, "high": 1},
    "bce": {"label": "BCE", "higher_is_better": False, "low": 0},
}
LOG, RESULT, SAMPLES = "attempts/001-abc.jsonl", "result.json", "samples/index.json"


def objects(file: Path) -> dict[str, bytes]:
    """Every object of a finished experiment by key, with the ids and digests that `gridctl render` gives."""
    command = [sys.executable, "-m", "gridctl", "render", str(file), "--set", "kubernetes.image=x:1"]
    done = subprocess.run([*command, "--store", "s3://b/p"], capture_output=True, text=True, check=True)
    found = {"tiny/experiment.yaml": file.read_bytes()}
    named = re.findall(r'/([\w-]+)/spec.json", "gridctl/spec-digest": "(\w{64})"', done.stdout)
    for run_id, digest in dict.fromkeys(named):
        found[f"tiny/{run_id}/{LOG}"] = log(run_id)
        found[f"tiny/{run_id}/{RESULT}"] = json.dumps(result(run_id, digest)).encode()
        found[f"tiny/{run_id}/{SAMPLES}"] = json.dumps(samples(run_id)).encode()
    return found


def scores(dice: float) -> Json:
    of = {"soft_dice.left_ventricle": dice, "bce.left_ventricle": 0.25}
    return {"images": 2, "scores": of, "per_batch": {key: [value] for key, value in of.items()}}


def lines(run_id: str) -> list[Json]:
    offset = 0.25 if "gamma" in run_id else 0.0
    seed = int(re.findall(r"-s(\d+)-", run_id)[0])
    dice = [round(0.3 + offset + seed % 50 / 500 + epoch / 50, 6) for epoch in range(1, EPOCHS + 1)]
    return [
        {"kind": "attempt", "schema_version": 2, "run_id": run_id, "attempt": 1, "uid": "abc", "started_at": NOW}
        | {"device": "cpu", "threads": 1, "versions": {"torch": "2"}, "metrics": METRICS},
        {"kind": "data", "data_digest": "d", "split_digest": "s", "train_steps": 1}
        | {"sets": {"train": {"patients": ["a"], "images": 1}, "validation": {"patients": ["b"], "images": 2}}},
        *(
            {"kind": "epoch", "epoch": epoch, "train_loss": 1.5}
            | {
                "sets": {name: scores(dice[epoch - 1]) for name in ("validation", "sunnybrook")},
                "seconds": 2.0,
                "images_per_second": 1.0,
            }
            | {"peak_memory_bytes": 1, "finished_at": NOW}
            for epoch in range(1, EPOCHS + 1)
        ),
        {"kind": "end", "exit_code": 0, "message": "", "finished_at": NOW},
    ]


def log(run_id: str, change: Callable[[list[Json]], None] = lambda _: None) -> bytes:
    records = lines(run_id)
    change(records)
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def result(run_id: str, digest: str) -> Json:
    last = lines(run_id)[-2]
    return {
        "schema_version": 2,
        "run_id": run_id,
        "spec_digest": digest,
        "epochs": EPOCHS,
        "attempts": 1,
        "checkpoint": "c",
        "weights_sha256": "w",
        "sets": last["sets"],
        "train_seconds": 6.0,
        "finished_at": NOW,
    }


def samples(run_id: str) -> Json:
    return {"schema_version": 2, "run_id": run_id, "size_px": 8, "timesteps": 1, "slices": []}


def _in_log(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old.encode() in data, old
        return data.replace(old.encode(), new.encode(), 1)

    return change


NESTED = b"[" * 100_000

DAMAGE: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "epoch 10^8": (LOG, _in_log('"epoch": 3', '"epoch": 100000000')),
    "epoch 10^30": (LOG, _in_log('"epoch": 3', f'"epoch": {10**30}')),
    "epoch of 5000 digits": (LOG, _in_log('"epoch": 3', f'"epoch": {"9" * 5000}')),
    "epoch true": (LOG, _in_log('"epoch": 1', '"epoch": true')),
    "epoch as text": (LOG, _in_log('"epoch": 1', '"epoch": "1"')),
    "epoch twice": (LOG, _in_log('"epoch": 3', '"epoch": 2')),
    "epoch gone": (LOG, lambda data: b"".join(line for line in data.splitlines(True) if b'"epoch": 2' not in line)),
    "attempt 10^30": (LOG, _in_log('"attempt": 1', f'"attempt": {10**30}')),
    "another attempt": (LOG, _in_log('"attempt": 1', '"attempt": 2')),
    "another run": (LOG, _in_log('"run_id": "tiny', '"run_id": "tony')),
    "exit code 1e400": (LOG, _in_log('"exit_code": 0', '"exit_code": 1e400')),
    "exit code 10^30": (LOG, _in_log('"exit_code": 0', f'"exit_code": {10**30}')),
    "no zone": (LOG, _in_log(NOW, NOW[:-1])),
    "year 1": (LOG, _in_log(NOW, "0001-01-01T00:00:00+14:00")),
    "year 9999": (LOG, _in_log(NOW, "9999-12-31T23:59:59-14:00")),
    "seconds 1e308": (LOG, _in_log('"seconds": 2.0', '"seconds": 1e308')),
    "seconds NaN": (LOG, _in_log('"seconds": 2.0', '"seconds": NaN')),
    "loss 1e308": (LOG, _in_log('"train_loss": 1.5', '"train_loss": 1e308')),
    "Dice 2": (LOG, _in_log('"scores": {"soft_dice.left_ventricle": 0.', '"scores": {"soft_dice.left_ventricle": 2.')),
    "key twice": (LOG, _in_log('"seconds": 2.0', '"seconds": 1.0, "seconds" :2.0')),
    "nested log": (LOG, lambda data: data + b'{"kind": ' + NESTED + b"\n"),
    "log with a byte order mark": (LOG, lambda data: b"\xef\xbb\xbf" + data),
    "log in Latin-1": (LOG, _in_log('"message": ""', '"message": "caf\u00e9"')),
    "log of zeros": (LOG, lambda data: bytes(len(data))),
    "no result": (RESULT, lambda _: b""),
    "nested result": (RESULT, lambda _: NESTED),
    "result with nested schema_version": (RESULT, _in_log('"schema_version": 2', f'"schema_version": {"[" * 9000}')),
    "result of 10^30 epochs": (RESULT, _in_log('"epochs": 3', f'"epochs": {10**30}')),
    "result with a key twice": (RESULT, _in_log('"epochs": 3', '"epochs": 4, "epochs": 3')),
    "result with text for a number": (RESULT, _in_log('"epochs": 3', '"epochs": "3"')),
    "result not UTF-8": (RESULT, lambda data: data.replace(b'"c"', b'"\xff"')),
    "result with a byte order mark": (RESULT, lambda data: b"\xef\xbb\xbf" + data),
    "result of 1e308 seconds": (RESULT, _in_log('"train_seconds": 6.0', '"train_seconds": 1e308')),
    "result without a zone": (RESULT, _in_log(NOW, NOW[:-1])),
}
"""Damages one object of one run."""


def _latin(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: change(data).decode().encode("latin-1")


DAMAGE = {**DAMAGE, "log in Latin-1": (LOG, _latin(DAMAGE["log in Latin-1"][1]))}


def symlink_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def link_to_a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def empty_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def full_folder(path: Path) -> None:
    empty_folder(path)
    (path / "x").write_text("x")


def huge(path: Path) -> None:
    os.truncate(path, 1 << 40)


FILE_DAMAGE: Mapping[str, tuple[str, Callable[[Path], None]]] = {
    f"{action.__name__} {kind}": (kind, action)
    for kind in (LOG, RESULT)
    for action in (symlink_loop, dangling_link, link_to_a_device, pipe, empty_folder, full_folder, huge)
}
"""Things in place of an object that only a file system can hold."""
