"""The training loop: epochs of optimizer steps, scores after each epoch, and a state that can be saved and loaded."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import torch
from torch import Tensor, nn

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.layout import Position
from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.records.set_scores import SetScores
from gridctl_trainer.contract.spec import RunSpec, structures_of
from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.plugins.dataset import unlabelled
from gridctl_trainer.training.device_faults import step_faults
from gridctl_trainer.training.evaluation import NonFiniteScoreError, evaluate
from gridctl_trainer.training.images.augmentation import Augmentation
from gridctl_trainer.training.images.sets import VALIDATION, classes_of, scoring_batch_size
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.machine.environment import peak_memory_bytes
from gridctl_trainer.training.network_check import require_logits
from gridctl_trainer.training.objective import Objective
from gridctl_trainer.training.optimization.optimizer import build_optimizer
from gridctl_trainer.training.optimization.schedule import LearningRate
from gridctl_trainer.training.progress.display import TrainingProgress
from gridctl_trainer.training.seeding import epoch_order, restore_rng_state, rng_state

_log = logging.getLogger(__name__)


class NonFiniteLossError(Fault):
    """The loss or its gradient is NaN or infinite. The last checkpoint is from before this."""


class TrainingLoop:
    """The training of one model.

    Between any two steps, `state` holds all that the rest of the run depends on. A loop that continues from it, by
    `load`, ends with the same scores and weights, bit for bit on a CPU.
    """

    def __init__(
        self,
        spec: RunSpec,
        model: nn.Module,
        train: ImageTensors,
        scored: Mapping[str, ImageTensors],
        device: torch.device,
        stop: StopSignal,
        progress: TrainingProgress,
    ) -> None:
        self._spec = spec
        self._device = device
        self._train_images, self._scored = train, scored
        self._metrics = load_metrics(spec.metrics, "slice")
        self._augmentation = Augmentation(spec.data.augmentation, spec.seed)
        self._stop = stop
        self._progress = progress
        self.model = model.to(device)
        self._objective = Objective(spec.training.loss, structures_of(spec.data))
        self._optimizer = build_optimizer(self.model.parameters(), spec.training)
        self._rate = LearningRate(self._optimizer, spec.training, self.steps_per_epoch)
        self._classes = classes_of(spec.data.target)
        self._unlabelled = unlabelled(spec.data, also_by_path=True)
        self.position = Position(0)
        self._loss_sum = 0.0  # of this epoch so far, with the images and skipped steps below
        self._images = 0
        self._skipped = 0
        self._rng: dict[str, Any] | None = None  # during scoring, the state with which training continues

    @property
    def steps_per_epoch(self) -> int:
        """Number of optimizer steps in one epoch. The last minibatch may be smaller."""
        return math.ceil(len(self._train_images) / self._spec.training.batch_size)

    @property
    def parameters(self) -> int:
        """Number of learned parameters of the model."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def epochs(self) -> Iterator[EpochRecord]:
        """Train from the current position to the end.

        Yields:
            The record of each epoch, after it has been scored.

        Raises:
            StoppedError: A stop was requested. `state` is then the state between two steps.
            NonFiniteLossError: The loss or its gradient is NaN or infinite and `training.on_nonfinite` is `stop`, or
                all steps of an epoch were skipped.
            NonFiniteScoreError: The model's output is NaN or infinite while it is scored.
            OutOfMemoryError: The device does not have the memory for a minibatch.
        """
        while self.position.epoch < self._spec.training.epochs:
            yield self._epoch(self.position.epoch + 1)

    def state(self) -> Mapping[str, Any]:
        """All that the rest of the run depends on."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            **self._rate.state(),
            "rng": self._rng or rng_state(),
            "epoch": self.position.epoch,
            "step": self.position.step,
            "loss_sum": self._loss_sum,
            "images": self._images,
            "skipped_steps": self._skipped,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._rate.load(state)
        self.position = Position(state["epoch"], state["step"])
        self._loss_sum, self._images = state["loss_sum"], state["images"]
        self._skipped = state["skipped_steps"]
        restore_rng_state(state["rng"])

    def _epoch(self, epoch: int) -> EpochRecord:
        started = time.monotonic()
        first = self.position.step
        with step_faults(self._spec, self._device, "training", epoch):
            self._train(epoch)
        train_seconds = time.monotonic() - started
        trained = len(self._train_images) - min(first * self._spec.training.batch_size, len(self._train_images))
        self._rng = rng_state()
        scores = {name: self.score(name, tensors) for name, tensors in self._scored.items() if self._validates(epoch)}
        restore_rng_state(self._rng)  # random numbers drawn by a metric or model here must not affect training
        self._rng = None
        train_loss, skipped = self._loss_sum / self._images, self._skipped
        self.position, self._loss_sum, self._images, self._skipped = Position(epoch), 0.0, 0, 0
        return EpochRecord(
            epoch=epoch,
            train_loss=train_loss,
            skipped_steps=skipped,
            learning_rate=self._rate.last,
            sets=scores,
            seconds=time.monotonic() - started,
            images_per_second=trained / train_seconds if train_seconds > 0 else 0.0,
            peak_memory_bytes=peak_memory_bytes(self._device),
            finished_at=datetime.now(UTC),
        )

    def _validates(self, epoch: int) -> bool:
        return epoch % self._spec.training.validate_every_epochs == 0 or epoch == self._spec.training.epochs

    def _train(self, epoch: int) -> None:
        train, batch_size = self._train_images, self._spec.training.batch_size
        order = torch.from_numpy(epoch_order(len(train), self._spec.seed, epoch))
        self.model.train()
        for step in range(self.position.step, self.steps_per_epoch):
            self._stop.check()
            self._progress.step(epoch, self._spec.training.epochs, step, self.steps_per_epoch)
            chosen = order[step * batch_size : (step + 1) * batch_size]
            images, masks = self._augmentation(*train.batch(chosen), epoch, chosen)
            outlined = train.outlined_on(chosen)
            known = None if outlined is None else outlined.to(self._device)
            self._step(images.to(self._device), masks.to(self._device), known, epoch, step)
            self._rate.step()
            self.position = Position(epoch - 1, step + 1)
        if not self._images:
            raise self._not_finite(f"no batch of epoch {epoch} gave a finite loss and gradient")
        self._progress.step(epoch, self._spec.training.epochs, self.steps_per_epoch, self.steps_per_epoch)

    def _step(self, images: Tensor, masks: Tensor, outlined: Tensor | None, epoch: int, step: int) -> None:
        """Take one optimizer step if its loss and gradient are finite."""
        skip = self._spec.training.on_nonfinite == "skip"
        statistics = [buffer.clone() for buffer in self.model.buffers()] if skip else []
        self._optimizer.zero_grad(set_to_none=True)
        logits = require_logits(self.model(images), images, self._classes, self._spec.network.architecture)
        loss = self._objective(logits, masks, outlined)
        value = loss.item()
        wrong = "" if math.isfinite(value) else f"the loss is {value}"
        if not wrong:
            loss.backward()  # type: ignore[no-untyped-call]
            largest = self._clipped()
            wrong = "" if math.isfinite(largest) else f"the loss is {value:.4g}, but its gradient contains {largest}"
        if not wrong:
            self._optimizer.step()
            self._loss_sum += value * len(images)
            self._images += len(images)
            return
        wrong += f" at epoch {epoch}, batch {step + 1} of {self.steps_per_epoch}"
        if not skip:
            raise self._not_finite(wrong)
        if not self._skipped:
            _log.warning("%s: this step is skipped, and so are others like it in this epoch", wrong)
        self._skipped += 1
        for buffer, before in zip(self.model.buffers(), statistics, strict=True):
            buffer.copy_(before)

    def _clipped(self) -> float:
        """Clip the gradient if it is too long.

        Returns:
            Its largest number, or its length if that is not finite.
        """
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        largest = nn.utils.get_total_norm(gradients, norm_type=math.inf).item()
        most = self._spec.training.gradient_clip_norm
        if most is None or not math.isfinite(largest):
            return largest
        length = nn.utils.clip_grad_norm_(self.model.parameters(), most).item()
        return largest if math.isfinite(length) else length

    def _not_finite(self, what: str) -> NonFiniteLossError:
        skip = "" if self._spec.training.on_nonfinite == "skip" else ", or set training.on_nonfinite: skip"
        fix = f"lower training.learning_rate{skip}; the last checkpoint is from before this"
        return NonFiniteLossError(what, where=self._spec.run_id, fix=fix)

    def score(self, name: str, tensors: ImageTensors) -> SetScores:
        """Score a set with the current weights.

        Args:
            name: Name of the set.
            tensors: The set.

        Raises:
            StoppedError: A stop was requested.
            NonFiniteScoreError: The model's output is NaN or infinite.
            MetricError: A metric fails.
            OutOfMemoryError: The device does not have the memory for a minibatch.
        """
        phase = "validating" if name == VALIDATION else f"scoring {name}"
        batch_size = scoring_batch_size(self._spec, name)

        def between_batches(done: int, total: int) -> None:
            self._stop.check()
            self._progress.phase(phase, done, total)

        try:
            with step_faults(self._spec, self._device, phase, self.position.epoch + 1):
                return evaluate(
                    self.model,
                    tensors,
                    batch_size,
                    self._device,
                    between_batches,
                    metrics=self._metrics,
                    structures=structures_of(self._spec.data),
                    labelled=[item for item in structures_of(self._spec.data) if (name, item) not in self._unlabelled],
                )
        except NonFiniteScoreError as error:
            problem = error.problems[0]
            what = f"{phase} after the steps of epoch {self.position.epoch + 1}: {problem.what}"
            raise NonFiniteScoreError(what, where=self._spec.run_id, fix=problem.fix) from None
