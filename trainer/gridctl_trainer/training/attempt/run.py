"""Starts an attempt at a run, unless the run is finished."""

from __future__ import annotations

import contextlib
import logging
import os
import uuid
from collections.abc import Iterator
from typing import Final

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import NotFoundError, RefusedObjectError, StoreError, StoreRefusedError
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec, TrainingSpec
from gridctl_trainer.host.signals import StoppedError, StopSignal
from gridctl_trainer.plugins.class_path import extend_import_path
from gridctl_trainer.storage.base import Store
from gridctl_trainer.storage.probe import probe
from gridctl_trainer.storage.retry import Retry
from gridctl_trainer.storage.write_behind.run_spool import deliver_leftovers, leave, open_spooled
from gridctl_trainer.training.attempt.attempt import Attempt
from gridctl_trainer.training.logs.metric_log import next_attempt
from gridctl_trainer.training.progress.display import TrainingProgress
from gridctl_trainer.training.spec_source import read_spec

_DOUBTFUL_S: Final = 120.0
"""How long to wait for a store that never answered and whose settings are probably wrong. Waiting holds a GPU."""

_log = logging.getLogger(__name__)


def run(spec_location: str, store_url: str | None, progress: TrainingProgress, stop: StopSignal) -> int:
    """Try to finish a run.

    Args:
        spec_location: The file of the specification, or its URL in a store; `-` for standard input.
        store_url: The store in which everything is kept; None for the store that holds the specification.
        progress: Receives the progress.
        stop: Asks the attempt to save a checkpoint and end.

    Returns:
        One of the contract's exit codes.

    Raises:
        Fault: Why the attempt ended. It is already in the metric log if that could be written.
    """
    try:
        retry = Retry(TrainingSpec().store_outage_minutes * 60, stop, _DOUBTFUL_S)
        with _permanent_refusals_said(store_url or spec_location):
            spec, store = retry(lambda: read_spec(spec_location, store_url))
            extend_import_path(spec.plugin_path)
            name = _begin(spec, store, stop)
        if name is None:
            return exit_codes.DONE
    except StoppedError:
        return exit_codes.STOPPED
    layout = RunLayout(spec.experiment, spec.run_id)
    spooled = open_spooled(spec, store, name, stop)
    attempt = Attempt(spec, spooled or store, layout, name, progress, stop)
    try:
        with attempt.output.kept():
            return attempt.execute()
    finally:
        if spooled:
            leave(spooled, stop)


@contextlib.contextmanager
def _permanent_refusals_said(place: str) -> Iterator[None]:
    """Convert a permanent refusal by a server to an error that is never retried.

    The server would refuse the next attempt as well, which would hold a GPU for nothing. Errors of a folder come from a
    file system and may be temporary.

    Raises:
        StoreRefusedError: The server refused permanently.
    """
    try:
        yield
    except StoreError as error:
        if error.passing or type(error) not in (StoreError, RefusedObjectError) or not place.startswith("s3://"):
            raise
        raise StoreRefusedError(error.problems) from error


def _begin(spec: RunSpec, store: Store, stop: StopSignal) -> AttemptName | None:
    """Prepare the store for an attempt.

    Returns:
        The name of the attempt that starts now; None if the run is finished.

    Raises:
        StoreError: The store failed for longer than an outage may last, or holds a damaged result.
        StoppedError: A stop was requested meanwhile.
    """
    layout = RunLayout(spec.experiment, spec.run_id)
    retry = Retry(spec.training.store_outage_minutes * 60, stop)
    deliver_leftovers(spec, store, stop)
    if retry(lambda: _is_finished(spec, store)):
        _log.info("%s is finished already", spec.run_id)
        return None
    retry(lambda: probe(store, spec.experiment))
    if not retry(lambda: store.exists(layout.spec)):
        retry(lambda: store.put(layout.spec, spec.to_json()))
    uid = os.environ.get("GRIDCTL_ATTEMPT_UID") or uuid.uuid4().hex[:8]
    return retry(lambda: next_attempt(store, layout, uid))


def _is_finished(spec: RunSpec, store: Store) -> bool:
    """Whether the store has the run's result. A damaged result does not count, but also cannot be replaced.

    Raises:
        StoreError: The result is damaged, or the store failed.
    """
    key = RunLayout(spec.experiment, spec.run_id).result
    try:
        data = store.get(key).data
    except NotFoundError:
        return False
    ResultRecord.of_run(spec, data, f"{store.url}/{key}")
    return True
