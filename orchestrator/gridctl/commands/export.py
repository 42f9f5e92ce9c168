"""`gridctl export`: the collected tables as a file for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gridctl.collection.collect import Collected
from gridctl.commands.collecting import collect_with_bar
from gridctl.commands.lookup.experiments import Found
from gridctl.commands.progress.states import standings_now
from gridctl.errors import InputError, Problem
from gridctl.runs.standing import standing_without_backend
from gridctl_trainer.host.atomic_file import replacing


def export_table(found: Found, table: str, path: Path) -> tuple[int, Sequence[Problem]]:
    """Write one row per epoch, per run, per patient of a run, or per score of a case.

    Args:
        found: The experiment.
        table: `epochs`, `runs`, `function` or `cases`; columns as `EPOCH_COLUMNS`, `RUN_COLUMNS`,
            `FUNCTION_COLUMNS` and `CASE_COLUMNS`; of runs also `state` and `reason`, as `gridctl status` gives them.
        path: `.parquet`, or `.csv`. Replaced atomically.

    Returns:
        Rows written, and what could not be read.

    Raises:
        InputError: Another kind of file, or it cannot be written.
        StoreError: The store cannot be reached.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise InputError(f"cannot tell the format of '{path}'", where="--output", fix="end it in .parquet or .csv")
    collected = collect_with_bar(found.store, found.experiment.runs, cases=table == "cases")
    tables = {
        "epochs": collected.epochs,
        "runs": collected.runs,
        "function": collected.function,
        "cases": collected.cases,
    }
    frame = tables[table]
    if table == "runs":
        frame = frame.assign(**_standings(found, collected))
    frame = frame.assign(experiment=found.experiment.name)
    frame = frame[["experiment", *(column for column in frame.columns if column != "experiment")]]
    try:
        with replacing(path) as file:
            if path.suffix == ".csv":
                file.write(frame.to_csv(index=False).encode())
            else:
                frame.to_parquet(file, index=False)
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", where=path, fix="give another --output FILE") from None
    return len(frame), collected.problems


def _standings(found: Found, collected: Collected) -> dict[str, list[str]]:
    """State and reason of every run; from the store alone if the backend cannot be asked."""
    known, _ = standings_now(found, collected)
    rows: list[dict[str, Any]] = collected.runs.to_dict("records")  # type: ignore[assignment]
    standings = [known[row["run_id"]] if known else standing_without_backend(row) for row in rows]
    return {"state": [each.state.value for each in standings], "reason": [each.reason for each in standings]}
