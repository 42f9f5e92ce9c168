"""Puts experiments with runs into a store as trainers leave them, without training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import set_scores

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EPOCHS = 4

Dice = Callable[[RunSpec, int], float]
"""Validation soft Dice of a run after an epoch."""


def experiment(data: Path, text: str = "") -> Experiment:
    """Make a 2 x 2 x 5 grid with more keys from `text`. Runs score what `log_run` writes, unless it has `metrics`."""
    data.mkdir(exist_ok=True)
    if not any(line.startswith("metrics:") for line in text.splitlines()):
        text += "\nmetrics: [soft_dice, bce]"
    whole = f"""\
name: tiny
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.2, 0.5]
seeds: [1, 2, 3, 4, 5]
data:
  train: {{dataset: acdc, path: {data}}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: {data}}}}}
  size_px: 32
training: {{epochs: {EPOCHS}}}
compare: {{model: gamma_net, against: unet}}
{text}
"""
    return parse_experiment(Document.parse(whole, "tiny.yaml"))


def epoch_record(run: RunSpec, epoch: int, dice: float) -> EpochRecord:
    sets = {"validation": set_scores(dice)}
    if run.data.external:
        sets["sunnybrook"] = set_scores(dice / 2, 1.0)
    return EpochRecord(
        epoch=epoch,
        train_loss=1 / epoch,
        sets=sets,
        seconds=2.0,
        images_per_second=1.0,
        peak_memory_bytes=1,
        finished_at=NOW,
    )


def log_run(
    store: FolderStore,
    run: RunSpec,
    dice: Dice,
    *,
    epochs: int = EPOCHS,
    first_epoch: int = 1,
    attempt: int = 1,
    finished: bool = True,
    failed: str = "",
    data_digest: str = "d",
    train_steps: int = 1,
    parameters: int | None = None,
    **attempt_fields: Any,
) -> None:
    """Write the log of one attempt, and the result if the run is finished; `failed` is the message of its end."""
    layout = RunLayout(run.experiment, run.run_id)
    said: Mapping[str, Any] = {"device": "cpu", "threads": 1, "versions": {"torch": "2"}, "started_at": NOW}
    records: list[Record] = [
        AttemptRecord(
            run_id=run.run_id,
            attempt=attempt,
            uid="abc",
            **{"resumed_epoch": first_epoch - 1, **said, **attempt_fields},
        ),
        DataRecord(
            data_digest=data_digest,
            split_digest=f"{run.train_ratio} {run.seed}",
            sets={"train": SetData(patients=("a",), images=1), "validation": SetData(patients=("b",), images=2)},
            train_steps=train_steps,
            parameters=parameters,
        ),
    ]
    records += [epoch_record(run, epoch, dice(run, epoch)) for epoch in range(first_epoch, epochs + 1)]
    if finished or failed:
        records.append(EndRecord(exit_code=1 if failed else 0, message=failed, finished_at=NOW))
    text = "".join(write_line(record) for record in records)
    store.put(layout.attempt(AttemptName(attempt, "abc")), text.encode())
    if finished:
        last = epoch_record(run, epochs, dice(run, epochs))
        result = ResultRecord(
            run_id=run.run_id,
            spec_digest=run.digest,
            epochs=run.training.epochs,
            attempts=attempt,
            checkpoint="c",
            weights_sha256="w",
            sets=last.sets,
            train_seconds=1,
            finished_at=NOW,
        )
        store.put(layout.result, result.to_json())


def dice_of(gain: float) -> Dice:
    """Scores with γ-Net ahead by `gain` at every epoch, which differ between seeds, ratios and epochs."""

    def dice(run: RunSpec, epoch: int) -> float:
        wobble = ((run.seed * 7 + epoch * 3) % 5) / 100 + (run.seed % 3) / 200 * (run.model == "unet")
        return 0.5 + wobble + epoch / 50 + (gain if run.model == "gamma_net" else 0)

    return dice
