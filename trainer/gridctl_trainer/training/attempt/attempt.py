"""One process that tries to finish a run, from the newest checkpoint to the result."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import cv2
import torch

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import DataError, Fault, StoreError
from gridctl_trainer.contract.layout import AttemptName, Position, RunLayout, attempt_of
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.attempt_log import AttemptLog, merge, read_attempt
from gridctl_trainer.contract.records.metric_log import AttemptRecord, EndRecord
from gridctl_trainer.contract.records.run_result import PatientFunction, ResultRecord
from gridctl_trainer.contract.records.set_scores import SetScores
from gridctl_trainer.contract.secrets import masked
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.host.signals import StoppedError, StopSignal
from gridctl_trainer.host.source_version import git_sha
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.plugins.used import plugins_of
from gridctl_trainer.storage.base import Store
from gridctl_trainer.storage.write_behind.spooled_store import SpooledStore
from gridctl_trainer.training.attempt.fencing import OvertakingAttempt, find_overtaking_attempt
from gridctl_trainer.training.cases.patient_function import patient_functions
from gridctl_trainer.training.cases.run_scorecard import RunScorecard
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints, weights_sha256
from gridctl_trainer.training.checkpoints.retention import Scores, scores_of
from gridctl_trainer.training.images.sets import RunSets, load_sets
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.images.unused_test_set import unused_test_set
from gridctl_trainer.training.logs.attempt_output import AttemptOutput
from gridctl_trainer.training.logs.metric_log import MetricLog
from gridctl_trainer.training.logs.score_text import epoch_line, scores_text
from gridctl_trainer.training.loop import TrainingLoop
from gridctl_trainer.training.machine.device import choose_device, unused_gpu
from gridctl_trainer.training.machine.environment import device_name, versions
from gridctl_trainer.training.network_check import require_network
from gridctl_trainer.training.preflight.trial import PASSED, try_one_step
from gridctl_trainer.training.progress.display import TrainingProgress
from gridctl_trainer.training.progress.logged import LoggedProgress
from gridctl_trainer.training.samples.written_samples import write_samples
from gridctl_trainer.training.seeding import seed_everything

_WAIT_FOR_DELIVERY_S: Final = 20.0
"""How long training waits for a healthy store to take a checkpoint before it continues."""

_log = logging.getLogger(__name__)


class OvertakenError(Exception):
    """Another attempt has finished the same run, or continues it."""

    def __init__(self, overtaking: OvertakingAttempt) -> None:
        super().__init__(str(overtaking))
        self.overtaking = overtaking


class Attempt:
    """One process that tries to finish a run."""

    def __init__(
        self,
        spec: RunSpec,
        store: Store,
        layout: RunLayout,
        name: AttemptName,
        progress: TrainingProgress,
        stop: StopSignal,
    ) -> None:
        self._spec = spec
        self._store = store
        self._remote = store if isinstance(store, SpooledStore) else None
        self._layout = layout
        self._name = name
        self._stop = stop
        self._metric_log = MetricLog(store, layout.attempt(name))
        self._checkpoints = Checkpoints(store, spec, name)
        self._started_at = datetime.now(UTC)
        self._metrics: Mapping[str, MetricInfo] = {}  # by name; empty until they are loaded
        self._scores: Scores = {}  # of the last epoch
        self.output = AttemptOutput(store, layout.attempt_output(name))
        self._progress: TrainingProgress = LoggedProgress(progress, self.output)

    def execute(self) -> int:
        """Train from the newest checkpoint to the result.

        Returns:
            0 if the run is finished, or 143 if this attempt was stopped or overtaken. A stopped attempt has saved
            everything up to the last step in a checkpoint. What a failing store has not taken is in the spool.

        Raises:
            Fault: Why the attempt ended. It is also in the metric log.
        """
        with self._end_noted():
            try:
                self._execute()
            except StoppedError:
                self._append_end(exit_codes.STOPPED, "stopped by a signal")
                return exit_codes.STOPPED
            except OvertakenError as overtaken:
                _log.warning("%s: this attempt ends", overtaken)
                exit_code = exit_codes.DONE if overtaken.overtaking.finished else exit_codes.STOPPED
                self._append_end(exit_code, str(overtaken))
                return exit_code
        return exit_codes.DONE

    def _execute(self) -> None:
        torch.set_num_threads(self._spec.training.threads)
        cv2.setNumThreads(self._spec.training.threads)
        require_network(self._spec)
        device = choose_device(self._spec.training.device)
        if unused := unused_gpu(device, self._spec.training.device):
            _log.warning("%s", unused)
        _log.info("%s", self._where_it_trains(device))
        seed_everything(self._spec.seed, deterministic=self._spec.training.deterministic)
        self._metrics = {metric.name: metric.info for metric in load_metrics(self._spec.metrics)}
        found = self._checkpoints.newest()
        self._metric_log.append(self._attempt_record(device, found[0].position if found else Position(0)))
        self._settle()  # this record tells a later attempt that what this one leaves in the spool is still wanted
        sets = load_sets(self._spec, self._reading)
        for said in (*sets.said_left_out, unused_test_set(self._spec.data)):
            if said:
                _log.warning("%s", said)
        if found and found[0].data_digest != sets.series_digest:
            raise DataError(
                "the images are not the ones that this run started with",
                where=self._spec.data.train.path,
                fix=f"restore the old files, or delete {self._layout.prefix} from the store to train from scratch",
            )
        if not found and os.environ.get(PASSED) != "1":  # a checkpoint already proves that training works
            self._progress.phase("trying one step", 0, 1)
            try_one_step(self._spec, sets, device, self._stop)
        loop = self._loop(sets, device)
        self._metric_log.append(sets.record(loop.steps_per_epoch, loop.parameters))
        if found:
            loop.load(found[1])
            _log.info("resumed after epoch %d, step %d", *loop.position)
        try:
            scorecard = RunScorecard(self._spec, self._store, sets, device, self._stop, self._progress)
            self._train(loop, sets.series_digest, scorecard)
            write_samples(self._store, self._layout, self._spec, loop.model, sets.scored, device)
            function = patient_functions(scorecard.write(loop.model, self._checkpoints.best_epoch()))
            test = {"test": loop.score("test", ImageTensors.of(sets.test))} if sets.test else {}
            self._settle()
        except StoppedError:
            if self._checkpoints.last_saved != loop.position:
                scores = self._scores if loop.position.step == 0 else {}
                self._checkpoints.save(loop.position, loop.state(), sets.series_digest, scores)
            _log.info("stopped after epoch %d, step %d; a checkpoint is kept", *loop.position)
            raise
        self._write_result(loop, function, test)

    def _where_it_trains(self, device: torch.device) -> str:
        threads = count(self._spec.training.threads, "thread")
        return f"attempt {self._name.number} on {device} ({device_name(device)}), {threads}"

    def _train(self, loop: TrainingLoop, data_digest: str, scorecard: RunScorecard) -> None:
        training = self._spec.training
        if loop.position.step == 0:
            scorecard.after_epoch(loop.position.epoch, loop.model, resumed=True)
        for record in loop.epochs():
            self._metric_log.append(record)
            self._progress.epoch(record, training.epochs)
            _log.info("%s", epoch_line(record, training.epochs, self._metrics))
            self.output.flush()
            self._scores = scores = scores_of(record)
            scorecard.after_epoch(record.epoch, loop.model)
            due = record.epoch % training.checkpoint_every_epochs == 0 or record.epoch == training.epochs
            if due or self._checkpoints.is_best(scores):
                self._checkpoints.save(loop.position, loop.state(), data_digest, scores)
                if self._delivered():
                    self._yield_if_overtaken()

    def _delivered(self) -> bool:
        """Whether the store has everything. A healthy store is waited for, so that a SIGKILL loses little.

        Raises:
            StoreError: The store will never take it, so continuing to train would be pointless.
        """
        if self._remote is None or self._remote.settle(_WAIT_FOR_DELIVERY_S, while_well=True, stop=self._stop):
            return True
        if self._remote.hopeless:
            self._settle()
        return False

    def _settle(self) -> None:
        """Wait until the store has everything, for as long as an outage may last.

        Raises:
            StoreError: The store has not taken everything by then, or never will.
            StoppedError: A stop was requested meanwhile.
        """
        minutes = self._spec.training.store_outage_minutes
        if self._remote is None or self._remote.settle(minutes * 60, stop=self._stop):
            return
        self._stop.check()
        failure = self._remote.failure.problems[0] if self._remote.failure else None
        what = f"the store has not taken {count(self._remote.waiting, 'object')}"
        raise StoreError(
            f"{what}{'' if self._remote.hopeless else f' for {minutes:g} minutes'}: "
            f"{failure.what if failure else 'it is too slow'}",
            where=self._store.url,
            fix=f"they are kept in {self._remote.folder}: fix the store and start the run again on this machine, "
            "which delivers them and continues; elsewhere it continues from the last checkpoint in the store",
        )

    def _yield_if_overtaken(self) -> None:
        """End this attempt if another one has finished the run, or started later and is still running.

        Raises:
            OvertakenError: There is such an attempt.
        """
        with contextlib.suppress(StoreError):
            overtaking = find_overtaking_attempt(self._store, self._layout, self._name, self._started_at)
            if overtaking:
                raise OvertakenError(overtaking)

    def _reading(self, done: int, total: int) -> None:
        self._stop.check()
        self._progress.phase("reading", done, total)

    def _loop(self, sets: RunSets, device: torch.device) -> TrainingLoop:
        return TrainingLoop(
            self._spec,
            build_model(self._spec.network, sets.channels, sets.classes),
            ImageTensors.of(sets.train),
            {name: ImageTensors.of(prepared) for name, prepared in sets.scored.items()},
            device,
            self._stop,
            self._progress,
        )

    def _attempt_record(self, device: torch.device | None, resumed: Position) -> AttemptRecord:
        return AttemptRecord(
            run_id=self._spec.run_id,
            attempt=self._name.number,
            uid=self._name.uid,
            started_at=self._started_at,
            host=platform.node(),
            git_sha=git_sha(),
            image=os.environ.get("GRIDCTL_IMAGE", ""),
            versions=versions(),
            metrics=self._metrics,
            device=str(device) if device else "",
            device_name=device_name(device) if device else "",
            threads=self._spec.training.threads,
            resumed_epoch=resumed.epoch,
            resumed_step=resumed.step,
            plugins=plugins_of(self._spec),
        )

    def _write_result(
        self, loop: TrainingLoop, function: tuple[PatientFunction, ...], test: Mapping[str, SetScores]
    ) -> None:
        self._yield_if_overtaken()
        self._append_end(exit_codes.DONE, "")
        logs = self._attempt_logs()
        epochs = [record for _, record in merge(logs)]
        missing = set(range(1, self._spec.training.epochs + 1)) - {record.epoch for record in epochs}
        if missing:
            raise StoreError(
                f"the metric log lacks epoch {min(missing)}, so the run is not finished",
                where=self._layout.attempts,
                fix=f"restore the log, or delete {self._layout.prefix} from the store to train from scratch",
            )
        result = ResultRecord(
            run_id=self._spec.run_id,
            spec_digest=self._spec.digest,
            epochs=self._spec.training.epochs,
            attempts=len(logs),
            checkpoint=self._layout.checkpoint(self._checkpoints.at_end(loop.position)),
            weights_sha256=weights_sha256(loop.model.state_dict()),
            sets={**epochs[-1].sets, **test},
            function=function,
            train_seconds=sum(record.seconds for record in epochs),
            finished_at=datetime.now(UTC),
        )
        _log.info("finished: %s", scores_text(result.sets, self._metrics))
        self.output.flush()
        self._settle()
        if not self._store.create(self._layout.result, result.to_json()):
            other = ResultRecord.from_json(self._store.get(self._layout.result).data, self._layout.result)
            if other.weights_sha256 != result.weights_sha256:
                _log.warning("another attempt finished the run first, with different weights: its result is kept")

    def _attempt_logs(self) -> list[AttemptLog]:
        keys = [stat.key for stat in self._store.list(self._layout.attempts) if attempt_of(stat.key)]
        return [read_attempt(self._store.get(key).data, key) for key in keys]

    @contextlib.contextmanager
    def _end_noted(self) -> Iterator[None]:
        """Record in the metric log why the attempt failed, if the store still takes it."""
        try:
            yield
        except Fault as fault:
            _log.error("%s", fault)
            with contextlib.suppress(StoreError):
                self._append_end(fault.exit_code, str(fault))
            raise
        except Exception as error:
            _log.exception("a bug ended this attempt")
            with contextlib.suppress(StoreError):
                self._append_end(exit_codes.BUG, masked(f"{type(error).__name__}: {error}"))
            raise

    def _append_end(self, exit_code: int, message: str) -> None:
        if not self._metric_log.begun:  # a log without its first line could not be read
            self._metric_log.append(self._attempt_record(None, Position(0)))
        self._metric_log.append(EndRecord(exit_code=exit_code, message=message, finished_at=datetime.now(UTC)))
