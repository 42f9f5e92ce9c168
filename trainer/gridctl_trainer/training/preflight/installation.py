"""Reports an installation that cannot train in the run's metric log, which needs none of the missing libraries."""

from __future__ import annotations

import contextlib
import os
import platform
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault, SpecError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.metric_log import AttemptRecord, EndRecord
from gridctl_trainer.training.logs.metric_log import MetricLog, next_attempt
from gridctl_trainer.training.spec_source import read_spec


class InstallationError(SpecError):
    """The trainer's libraries cannot be imported. Never retried: the same image would fail again."""


@contextlib.contextmanager
def required() -> Iterator[None]:
    """A context in which the trainer's modules are imported.

    Raises:
        InstallationError: A module, or a library that it needs, is missing.
    """
    try:
        yield
    except (ImportError, OSError) as error:
        name = getattr(error, "name", None) or ""
        if name.partition(".")[0] == "trainer":
            raise
        what = f"cannot import {name}: {error}" if name else f"cannot import the trainer: {error}"
        fix = "pip install 'gridctl[trainer]'; in a pod: name an image that has it as kubernetes.image"
        raise InstallationError(what, fix=fix) from error


def note_in_log(spec_location: str, store_url: str | None, fault: Fault) -> None:
    """Write the metric log of an attempt that could not start, if its store can be reached.

    Args:
        spec_location: Location of the run's specification; nothing is written for `-`, standard input.
        store_url: The store of the run; None for the one that holds the specification.
        fault: Why the attempt could not start.
    """
    if spec_location == "-":
        return
    with contextlib.suppress(Fault, ImportError):
        spec, store = read_spec(spec_location, store_url)
        layout = RunLayout(spec.experiment, spec.run_id)
        name = next_attempt(store, layout, os.environ.get("GRIDCTL_ATTEMPT_UID") or uuid.uuid4().hex[:8])
        log, now = MetricLog(store, layout.attempt(name)), datetime.now(UTC)
        log.append(
            AttemptRecord(
                run_id=spec.run_id,
                attempt=name.number,
                uid=name.uid,
                started_at=now,
                host=platform.node(),
                image=os.environ.get("GRIDCTL_IMAGE", ""),
                device="",
                threads=spec.training.threads,
            )
        )
        log.append(EndRecord(exit_code=exit_codes.BAD_SPEC, message=str(fault), finished_at=now))
