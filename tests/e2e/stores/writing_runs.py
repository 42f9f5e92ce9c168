"""Writes the logs of some runs as trainers do: each run puts its whole log after each epoch, at its own pace.

python -m tests.e2e.stores.writing_runs STORE DATA FIRST LAST ACKNOWLEDGED EPOCHS
"""

from __future__ import annotations

import sys
from pathlib import Path

from gridctl.experiment import Experiment
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.contract.records.metric_log import AttemptRecord, Record, write_line
from gridctl_trainer.storage.base import open_store
from tests.unit.report.logged import NOW, epoch_record, experiment


def main() -> None:
    url, data, first, last, acknowledged, epochs = sys.argv[1:]
    store = open_store(url)
    runs = grid(Path(data)).runs[int(first) : int(last)]
    logs: dict[str, list[Record]] = {
        run.run_id: [
            AttemptRecord(run_id=run.run_id, attempt=1, uid="abc", started_at=NOW, device="cpu", threads=1, host="here")
        ]
        for run in runs
    }
    for epoch in range(1, int(epochs) + 1):
        for run in runs:
            logs[run.run_id].append(epoch_record(run, epoch, epoch / 1000))
            text = "".join(map(write_line, logs[run.run_id])).encode()
            store.put(RunLayout(run.experiment, run.run_id).attempt(AttemptName(1, "abc")), text)
            (Path(acknowledged) / run.run_id).write_text(str(epoch))


def grid(data: Path) -> Experiment:
    """An experiment with sixty runs."""
    return experiment(data, "ablations: [none, {name: a, set: {data.size_px: 64}}, {name: b, set: {data.size_px: 96}}]")


if __name__ == "__main__":
    main()
