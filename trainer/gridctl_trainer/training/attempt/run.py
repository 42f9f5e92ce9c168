"""Begin an attempt at a run, unless it is finished."""

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
"""How long a store that never answered is waited for if its settings are likely wrong: a GPU is held meanwhile."""

_log = logging.getLogger(__name__)


def run(spec_location: str, store_url: str | None, progress: TrainingProgress, stop: StopSignal) -> int:
    """Try to finish a run.

    Args:
        spec_location: File, or URL in a store, of the specification; `-` for standard input.
        store_url: Where to keep everything; by default the store that the specification lies in.
        progress: Is told how far it is.
        stop: Asks the attempt to checkpoint and end.

    Returns:
        An exit code of the contract.

    Raises:
        Fault: What ended the attempt; it is in the metric log already where that could be written.
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
    """A server that refuses for good will refuse the next attempt as well, which would hold a GPU to hear it.

    A folder's errors are those of a file system, and may pass.

    Raises:
        StoreRefusedError: So it is.
    """
    try:
        yield
    except StoreError as error:
        if error.passing or type(error) not in (StoreError, RefusedObjectError) or not place.startswith("s3://"):
            raise
        raise StoreRefusedError(error.problems) from error


def _begin(spec: RunSpec, store: Store, stop: StopSignal) -> AttemptName | None:
    """The name of the attempt that begins now; None if the run is finished.

    Raises:
        StoreError: The store failed for longer than a passing outage may last, or holds a damaged result.
        StoppedError: A stop was asked for meanwhile.
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
    """Whether the run's result is there. One that is damaged must not pass for it, and no other can be written.

    Raises:
        StoreError: It is damaged, or the store failed.
    """
    key = RunLayout(spec.experiment, spec.run_id).result
    try:
        data = store.get(key).data
    except NotFoundError:
        return False
    ResultRecord.of_run(spec, data, f"{store.url}/{key}")
    return True
