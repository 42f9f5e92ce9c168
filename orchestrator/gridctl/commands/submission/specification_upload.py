"""Uploads the specifications of a submission while runs whose specification is stored already start."""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from gridctl.commands.submission.reuse_epochs import begin_from
from gridctl.commands.submission.submit import Prepared
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store, bulk_writer, delete_all


class SpecificationUpload:
    """Puts the experiment and then the specifications of the runs to start into the store. A context manager.

    Earlier cancellations of these runs are removed. The first failure ends it; submitting again completes it.

    Args:
        prepared: What is submitted.
        reuse_epochs: Whether runs get the checkpoints that they could go on from.
    """

    def __init__(self, prepared: Prepared, *, reuse_epochs: bool = False) -> None:
        self._prepared = prepared
        self._store = prepared.store
        self._reuse = prepared.reuse if reuse_epochs else {}
        self._put = bulk_writer(prepared.store)
        self._pool = ThreadPoolExecutor(prepared.experiment.uploads_at_once)
        self._written: dict[str, Future[None]] = {}

    def __enter__(self) -> Self:
        """Put the experiment file, and remove earlier cancellations.

        Raises:
            StoreError: The store failed.
        """
        experiment, runs = self._prepared.experiment, self._prepared.plan.to_do
        text = experiment.document.to_yaml().encode()
        key = layout.experiment_yaml(experiment.name)
        if not _holds(self._store, key, text):
            self._store.put(key, text)
        to_do = {run.run_id for run in runs}
        rows = self._prepared.collected.rows
        cancelled = [row["run_id"] for row in rows if not math.isnan(row["cancelled_at"]) and row["run_id"] in to_do]
        notes = [layout.RunLayout(experiment.name, run_id).cancelled for run_id in cancelled]
        # before a new cancellation could be about any of them
        delete_all(self._store, notes, experiment.uploads_at_once)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _traceback: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)

    def begin(self) -> None:
        """Begin with the specifications, whose threads slow down any other until they are written."""
        there = {stat.key for stat in self._prepared.collected.listed}  # instead of one request per run
        self._written = {run.run_id: self._pool.submit(self._write, run, there) for run in self._prepared.plan.to_do}

    def wait_for(self, run_id: str) -> None:
        """Wait until a run can be started, once `begin` was called. Thread-safe.

        Raises:
            StoreError: The store failed.
        """
        try:
            self._written[run_id].result()
        except StoreError:
            self.stop()
            raise

    def finish(self) -> None:
        """Wait until every run can be started.

        Raises:
            StoreError: The store failed.
        """
        for run_id in self._written:
            self.wait_for(run_id)

    def stop(self) -> None:
        """Start no further uploads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _write(self, run: RunSpec, there: set[str]) -> None:
        key, content = layout.RunLayout(run.experiment, run.run_id).spec, run.to_json()
        if key not in there or not _holds(self._store, key, content):
            self._put(key, content)
        if run.run_id in self._reuse:
            begin_from(self._store, run, self._reuse[run.run_id])


def _holds(store: Store, key: str, data: bytes) -> bool:
    try:
        return store.get(key).data == data
    except NotFoundError:
        return False
    except StoreError as error:
        if error.passing:
            raise
        return False  # it cannot be read, and is replaced
