"""Opens the spool for the writes of a run, and delivers spools that earlier attempts left behind."""

from __future__ import annotations

import logging
import os
from typing import Final

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.fields.quantity import parse_quantity
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.storage.base import Store, open_store
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.storage.retry import Retry
from gridctl_trainer.storage.write_behind.spool import Spool, attempt_folder, folder_of, leftovers, spool_root
from gridctl_trainer.storage.write_behind.spooled_store import SpooledStore

_LAST_WORDS_S: Final = 30.0

_log = logging.getLogger(__name__)


def open_spooled(spec: RunSpec, store: Store, name: AttemptName, stop: StopSignal) -> SpooledStore | None:
    """Put a spool in front of an attempt's store; None for a folder, which needs no spool.

    Args:
        spec: The run.
        store: The store of the run.
        name: Name of the attempt.
        stop: Ends waiting when a stop is requested.

    Raises:
        StoreError: The folder of the spool cannot be made.
    """
    if isinstance(store, FolderStore):
        return None
    folder = folder_of(spool_root(), store.url, RunLayout(spec.experiment, spec.run_id)) / attempt_folder(name)
    return _spooled(spec, store, Spool(folder, limit_bytes(spec)), stop)


def deliver_leftovers(spec: RunSpec, store: Store, stop: StopSignal) -> None:
    """Deliver to the store what dead attempts at a run left on this machine.

    If the run was deleted from the store meanwhile, these leftovers are discarded.

    Args:
        spec: The run.
        store: The store of the run.
        stop: Ends waiting when a stop is requested.

    Raises:
        StoreError: The store does not accept the leftovers, which are kept.
        StoppedError: A stop was requested meanwhile.
    """
    if isinstance(store, FolderStore):
        return
    layout = RunLayout(spec.experiment, spec.run_id)
    retry = Retry(spec.training.store_outage_minutes * 60, stop)
    for attempt, spool in leftovers(folder_of(spool_root(), store.url, layout), limit_bytes(spec)):
        if not spool.entries:
            spool.close(keep=False)
            continue
        log = f"{layout.attempts}{attempt}.jsonl"
        if not retry(lambda log=log: store.exists(log)):  # type: ignore[misc]
            _log.info("%s was deleted from the store: its leftovers in %s are discarded", log, spool.folder)
            spool.close(keep=False)
            continue
        _log.info("an earlier attempt left %d objects in %s: delivering them", len(spool.entries), spool.folder)
        spooled = _spooled(spec, store, spool, stop)
        try:
            if not spooled.settle(spec.training.store_outage_minutes * 60, stop=stop):
                stop.check()
                raise spooled.failure or StoreError("it is too slow", where=store.url, fix="try again")
        finally:
            spooled.close()


def leave(spooled: SpooledStore, stop: StopSignal) -> None:
    """Give the store a last chance to accept pending writes, and log where the rest is kept."""
    seconds = stop.grace_left_s() if stop.requested else _LAST_WORDS_S
    if not spooled.settle(seconds, while_well=not stop.requested):
        _log.warning(
            "the store has not taken %d objects, which are kept in %s: the next attempt on this machine delivers them",
            spooled.waiting,
            spooled.folder,
        )
    spooled.close()


def limit_bytes(spec: RunSpec) -> int:
    """The largest size of a spool: `training.spool_mib`, but at most half of a pod's scratch space.

    A pod that fills its scratch space is evicted, which explains less than the error of a full spool. The template of
    the Job passes `kubernetes.scratch` in `GRIDCTL_SCRATCH`.
    """
    wanted = spec.training.spool_mib << 20
    try:
        return min(wanted, int(parse_quantity(os.environ.get("GRIDCTL_SCRATCH", ""))) // 2)
    except ValueError:
        return wanted


def _spooled(spec: RunSpec, store: Store, spool: Spool, stop: StopSignal) -> SpooledStore:
    retry = Retry(spec.training.store_outage_minutes * 60, stop)
    return SpooledStore(store, spool, retry, lambda: open_store(store.url))
