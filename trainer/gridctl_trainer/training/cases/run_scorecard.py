"""The scorecard of one run: when cases are scored, and the object in the store that holds the scores."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import nn

from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.case_scores import (
    CaseScores,
    CasesHeader,
    cases_to_bytes,
    read_cases,
)
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.storage.base import Store
from gridctl_trainer.training.cases.scoring import CaseScorer, Checkpoint
from gridctl_trainer.training.device_faults import step_faults
from gridctl_trainer.training.evaluation import NonFiniteScoreError
from gridctl_trainer.training.images.sets import TEST, VALIDATION, RunSets, scoring_batch_size
from gridctl_trainer.training.progress.display import TrainingProgress
from gridctl_trainer.training.seeding import chance_kept

SCORING: Final = "scoring cases of"

_log = logging.getLogger(__name__)


class RunScorecard:
    """Scores the cases of one run and keeps the records in its store.

    The object is rewritten each time with the records of all epochs so far, so that it is always complete. An attempt
    that resumes the run continues from the object that it finds.
    """

    def __init__(
        self,
        spec: RunSpec,
        store: Store,
        sets: RunSets,
        device: torch.device,
        stop: StopSignal,
        progress: TrainingProgress,
    ) -> None:
        self._spec = spec
        self._store = store
        self._key = RunLayout(spec.experiment, spec.run_id).cases
        self._sets = sets
        self._device = device
        self._stop = stop
        self._progress = progress
        metrics = load_metrics(spec.metrics)
        self._scorer = CaseScorer(metrics, spec.scoring.clean_up, device)
        infos = {metric.name: metric.info for metric in metrics if metric.info.level != "slice"}
        self._header = CasesHeader(run_id=spec.run_id, spec_digest=spec.digest, metrics=infos)
        self._between: list[CaseScores] | None = None  # of epochs before the last; None until they have been read

    def after_epoch(self, epoch: int, model: nn.Module, *, resumed: bool = False) -> None:
        """Score the cases after an epoch before the last, if the experiment asks for it.

        Args:
            epoch: The epoch that has just ended.
            model: The model with the weights after that epoch.
            resumed: Whether an earlier attempt trained the epoch, and may already have scored it.

        Raises:
            StoppedError: A stop was requested.
            Fault: The model's output is not finite, a metric fails, or the store fails.
        """
        every = self._spec.scoring.every_epochs
        if every is None or epoch == 0 or epoch % every or epoch == self._spec.training.epochs:
            return
        if resumed and any(case.epoch == epoch for case in self._earlier(epoch)):
            return
        self._between = [*self._earlier(epoch - 1), *self._score(self._sets.scored, model, "epoch", epoch)]
        self._put(self._between)

    def write(self, model: nn.Module, best: tuple[int, Mapping[str, Any]] | None) -> tuple[CaseScores, ...]:
        """Score the last epoch on every set and the best epoch on all but the test set, and write the records.

        Args:
            model: The model with the weights after the last epoch.
            best: The best epoch and the weights after it; None if they are not kept.

        Returns:
            The cases of the last epoch.

        Raises:
            StoppedError: A stop was requested.
            Fault: The model's output is not finite, a metric fails, or the store fails.
        """
        epochs, sets = self._spec.training.epochs, self._sets
        test = {TEST: sets.test} if sets.test is not None else {}
        final = self._score({**sets.scored, **test}, model, "final", epochs)
        of_best: list[CaseScores] = []
        if best is not None and best[0] == epochs:
            of_best = [case.model_copy(update={"checkpoint": "best"}) for case in final if case.set != TEST]
        elif best is not None:
            other = build_model(self._spec.network, sets.channels, sets.classes).to(self._device)
            other.load_state_dict(best[1])
            of_best = self._score(sets.scored, other, "best", best[0])
        self._put([*self._earlier(epochs), *of_best, *final])
        return tuple(final)

    def _score(
        self, sets: Mapping[str, PreparedSet], model: nn.Module, checkpoint: Checkpoint, epoch: int
    ) -> list[CaseScores]:
        found: list[CaseScores] = []
        with chance_kept():
            for name, prepared in sets.items():

                def between_batches(done: int, total: int, name: str = name) -> None:
                    self._stop.check()
                    self._progress.phase(f"{SCORING} {name}", done, total)

                phase = "validating" if name == VALIDATION else f"scoring {name}"
                batch_size = scoring_batch_size(self._spec, name)
                try:
                    with step_faults(self._spec, self._device, phase, epoch):
                        found += self._scorer.score(
                            name, prepared, model, checkpoint, epoch, batch_size, between_batches
                        )
                except NonFiniteScoreError as error:
                    problem = error.problems[0]
                    what = f"{SCORING} {name} by the weights after epoch {epoch}: {problem.what}"
                    raise NonFiniteScoreError(what, where=self._spec.run_id, fix=problem.fix) from None
        return found

    def _earlier(self, epoch: int) -> list[CaseScores]:
        """The records of epochs up to this one that were scored during training, also by earlier attempts."""
        if self._between is None:
            self._between = self._stored() if self._spec.scoring.every_epochs else []
        return [case for case in self._between if case.epoch is not None and case.epoch <= epoch]

    def _stored(self) -> list[CaseScores]:
        try:
            header, cases = read_cases(self._store.get(self._key).data, self._key)
            found = [case for case in cases if case.checkpoint == "epoch"]
        except NotFoundError:
            return []
        except StoreError as error:
            if error.passing:
                raise
            _log.warning("%s: the cases of earlier epochs are lost", str(error).splitlines()[0])
            return []
        return found if header.spec_digest == self._header.spec_digest else []

    def _put(self, cases: list[CaseScores]) -> None:
        self._store.put(self._key, cases_to_bytes(self._header, cases))
