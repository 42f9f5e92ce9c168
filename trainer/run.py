"""Begin an attempt at a run, unless it is finished."""

from __future__ import annotations

import logging
import os
import uuid

from trainer.attempt import Attempt
from trainer.contract import exit_codes
from trainer.contract.layout import RunLayout
from trainer.metric_log import next_attempt
from trainer.progress import TrainingProgress
from trainer.spec_source import read_spec
from trainer.stopping import StopSignal

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
    spec, store = read_spec(spec_location, store_url)
    layout = RunLayout(spec.experiment, spec.run_id)
    if store.exists(layout.result):
        _log.info("%s is finished already", spec.run_id)
        return exit_codes.DONE
    if not store.exists(layout.spec):
        store.put(layout.spec, spec.to_json())
    uid = os.environ.get("GRIDCTL_ATTEMPT_UID") or uuid.uuid4().hex[:8]
    attempt = Attempt(spec, store, layout, next_attempt(store, layout, uid), progress, stop)
    with attempt.output.kept():
        return attempt.execute()
