"""Scores every case and patient of a set by every metric, for one checkpoint."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from gridctl_trainer.contract.records.case_scores import PATIENT, CaseScores
from gridctl_trainer.contract.spec.scoring import CleanUp
from gridctl_trainer.metrics.loading import Metric
from gridctl_trainer.metrics.scorecard import Scores, score_case, score_patient
from gridctl_trainer.metrics.volumes import CaseVolume
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.training.cases.assembly import SegmentedSlice, volumes_of, why_no_volume
from gridctl_trainer.training.cases.segmentation import segment_slices

Checkpoint = Literal["final", "best", "epoch"]


@dataclass(frozen=True, slots=True)
class CaseScorer:
    """Scores sets of images, case by case.

    Attributes:
        metrics: The metrics to compute.
        clean_up: What is done to a prediction before it is scored.
        device: The device that the models are on.
    """

    metrics: Sequence[Metric]
    clean_up: CleanUp
    device: torch.device

    def score(
        self,
        name: str,
        prepared: PreparedSet,
        model: nn.Module,
        checkpoint: Checkpoint,
        epoch: int,
        batch_size: int,
        between_batches: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Iterator[CaseScores]:
        """Score the cases of a set, in its order of patients.

        Args:
            name: Name of the set.
            prepared: The set.
            model: The model with the weights of the checkpoint.
            checkpoint: Which checkpoint it is.
            epoch: The epoch after which the weights were saved.
            batch_size: Images per minibatch.
            between_batches: Called with the number of minibatches done and the total. It may raise to stop.

        Yields:
            The scores of each structure of each case, then of each structure of the patient.

        Raises:
            NonFiniteScoreError: The model's output for a minibatch is NaN or infinite.
            MetricError: A metric fails.
        """
        segmented = segment_slices(model, prepared, batch_size, self.device, between_batches)
        for patient, group in itertools.groupby(segmented, key=lambda found: found[1].patient):
            slices = [
                SegmentedSlice(record, labels, prepared.all_scanned.read(row, record.shape))
                for row, record, labels in group
            ]
            first = slices[0].record
            common = CaseScores(
                checkpoint=checkpoint,
                epoch=epoch,
                set=name,
                patient=patient,
                group=first.group,
                vendor=first.vendor,
                centre=first.centre,
            )
            yield from self._of_patient(common, slices, prepared.target)

    def _of_patient(
        self, common: CaseScores, slices: Sequence[SegmentedSlice], target: Sequence[str]
    ) -> Iterator[CaseScores]:
        volumes: dict[str, Mapping[str, CaseVolume]] = {}
        for time_point in sorted({one.record.phase for one in slices}):
            of_time = [one for one in slices if one.record.phase == time_point]
            case = common.model_copy(update={"time_point": time_point})
            if reason := why_no_volume(of_time):
                yield from self._without_volume(case, reason, target)
                continue
            volumes[time_point] = found = volumes_of(of_time, target, self.clean_up)
            scored = score_case(self.metrics, found)
            for structure in dict.fromkeys((*found, *scored)):
                yield _case(case, structure, scored.get(structure, Scores({}, {})), found.get(structure))
        for structure, scores in score_patient(self.metrics, volumes).items():
            yield _written(common, scores, time_point=PATIENT, structure=structure)

    def _without_volume(self, case: CaseScores, reason: str, target: Sequence[str]) -> Iterator[CaseScores]:
        wanted = [metric for metric in self.metrics if metric.info.level == "case"]
        for structure in dict.fromkeys(name for metric in wanted for name in metric.info.structures_of(list(target))):
            undefined = {
                metric.name: reason for metric in wanted if structure in metric.info.structures_of(list(target))
            }
            yield _written(case, Scores({}, undefined), structure=structure)


def _case(case: CaseScores, structure: str, scores: Scores, volume: CaseVolume | None) -> CaseScores:
    if volume is None:  # a score of all structures together
        return _written(case, scores, structure=structure)
    return _written(
        case,
        scores,
        structure=structure,
        slices=len(volume.slices),
        spacing_mm=volume.spacing_mm,
        true_positive=volume.true_positive,
        false_positive=volume.false_positive,
        false_negative=volume.false_negative,
    )


def _written(case: CaseScores, scores: Scores, **fields: object) -> CaseScores:
    return CaseScores.model_validate(
        {**case.model_dump(), **fields, "scores": scores.scores, "undefined": scores.undefined}
    )
