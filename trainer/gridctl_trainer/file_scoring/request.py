"""Checks what `gridctl-trainer score` was asked to do, before any image is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.spec import DEFAULT_METRICS
from gridctl_trainer.datasets.registry import CaseSource, find_sources
from gridctl_trainer.file_scoring.label_names import LabelNames, label_names, labels_beside, parse_labels
from gridctl_trainer.file_scoring.mask_files import CaseNames, find_masks
from gridctl_trainer.file_scoring.predicted_by import PredictedBy
from gridctl_trainer.file_scoring.scoring import Scoring
from gridctl_trainer.file_scoring.truth_cases import TrueCase, cases_of_dataset, cases_of_files
from gridctl_trainer.metrics.loading import Metric, load_metrics
from gridctl_trainer.plugins.dataset import DATASETS
from gridctl_trainer.plugins.metric import METRICS

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What the user asked to be scored.

    Attributes:
        predictions: Folder or file of the predictions.
        truth: Folder or file of the truth.
        dataset: Data set whose layout the truth has; None for label maps.
        labels: Labels as written; None if not given.
        truth_labels: Labels of the truth as written; None if not given.
        pattern: Pattern of patients and time points in names; None if not given.
        metrics: Names of the metrics; empty for all metrics of cases and patients.
    """

    predictions: Path
    truth: Path
    dataset: str | None = None
    labels: str | None = None
    truth_labels: str | None = None
    pattern: str | None = None
    metrics: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is ready to be scored.

    Attributes:
        scoring: The scoring, still without results.
        patients: Cases of each patient.
        total: Number of patients.
    """

    scoring: Scoring
    patients: Iterator[Sequence[TrueCase]]
    total: int


def prepare(wanted: ScoreRequest, note: Note) -> Prepared:
    """Find the files and the meaning of their labels.

    Args:
        wanted: What the user asked for.
        note: Called with a note about anything that is skipped.

    Raises:
        SpecError: A path does not exist, labels have no names, or the two sides have nothing in common.
        DataError: A folder cannot be read.
        PluginError: The data set or a metric is unknown.
    """
    metrics = chosen_metrics(wanted.metrics)
    naming, predicted_by = CaseNames(wanted.pattern), PredictedBy.beside(wanted.predictions)
    predictions = find_masks(wanted.predictions, "PREDICTIONS", note)
    given = parse_labels(wanted.labels, "--labels") if wanted.labels else None
    own = given or labels_beside(wanted.predictions)
    if wanted.dataset is not None:
        descriptor = DATASETS.find(wanted.dataset)
        if own is None and descriptor.labels:
            own = label_names([(name, [number]) for number, name in descriptor.labels.items()], wanted.dataset)
        labels = _named(own)
        of_set = dict.fromkeys((*descriptor.labels.values(), *descriptor.structures))
        scoring = Scoring(metrics, _shared(labels, tuple(of_set), note), labels, predictions, predicted_by=predicted_by)
        sources = _sources(wanted.dataset, wanted.truth)
        total = len({source.patient for source in sources})
        return Prepared(scoring, cases_of_dataset(sources, scoring.wrong), total)
    truths = find_masks(wanted.truth, "TRUTH", note)
    of_truth = parse_labels(wanted.truth_labels, "--truth-labels") if wanted.truth_labels else given
    of_truth = of_truth or labels_beside(wanted.truth) or own
    labels = _named(own or of_truth)
    if wanted.predictions.is_file() and wanted.truth.is_file():  # two files belong together whatever their names
        predictions = dict(zip(truths, predictions.values(), strict=True))
    _require_some(predictions, truths, wanted)
    shared = _shared(labels, tuple(_named(of_truth).structures), note)
    scoring = Scoring(metrics, shared, labels, predictions, predicted_by=predicted_by)
    option = "--truth-labels" if wanted.truth_labels else "--labels"
    patients = list(cases_of_files(truths, _named(of_truth), option, naming, scoring.wrong))
    if not naming.given and all(case.time_point == "" for cases in patients for case in cases) and len(truths) > 1:
        note(
            "each file counts as one patient, without ejection fractions: no name ends in _ED or _ES. Patients and "
            r"time points are named with --pattern '(?P<patient>...)_(?P<time_point>...)'"
        )
    return Prepared(scoring, iter(patients), len(patients))


def _sources(dataset: str, root: Path) -> list[CaseSource]:
    """Find the cases of a data set with default options.

    Raises:
        SpecError: The data set has options that must be given.
        DataError: The data set does not exist or cannot be read.
    """
    try:
        return find_sources(dataset, root)
    except SpecError as fault:
        raise SpecError(
            f"the data set '{dataset}' cannot be read without options: {fault.problems[0].what}",
            where="--dataset",
            fix="give the folder of its label maps as TRUTH, such as labelsTr, without --dataset",
        ) from None


def chosen_metrics(names: Sequence[str]) -> tuple[Metric, ...]:
    """Load the metrics that were asked for, or all metrics of cases and patients.

    Raises:
        PluginError: A metric is unknown.
        SpecError: A metric scores slices.
    """
    found = load_metrics(names or _in_order(METRICS.names()))
    of_slices = [metric.name for metric in found if metric.info.level == "slice"]
    if names and of_slices:
        raise SpecError(
            f"{of_slices[0]} needs a model's output for each slice, but these are masks",
            where="--metric",
            fix="name a metric of cases or patients, such as dice",
        )
    return tuple(metric for metric in found if metric.info.level != "slice")


def _in_order(names: Sequence[str]) -> list[str]:
    """Put metrics that runs compute by default first, in the order of runs."""
    return [
        *(name for name in DEFAULT_METRICS if name in names),
        *(name for name in names if name not in DEFAULT_METRICS),
    ]


def _named(labels: LabelNames | None) -> LabelNames:
    if labels is None:
        raise SpecError(
            "it is not known what the numbers of the label maps stand for",
            where="--labels",
            fix="name them: --labels 1=right_ventricle,2=myocardium,3=left_ventricle; or put nnU-Net's dataset.json "
            "beside them",
        )
    return labels


def _shared(labels: LabelNames, of_truth: Sequence[str], note: Note) -> tuple[str, ...]:
    """The structures that both sides have.

    Raises:
        SpecError: There are none.
    """
    shared = tuple(name for name in labels.structures if name in of_truth)
    if not shared:
        raise SpecError(
            f"no structure is on both sides: predictions have {', '.join(labels.structures)}, the truth has "
            f"{', '.join(of_truth)}",
            where="--labels",
            fix="give both the same names, with --labels and --truth-labels",
        )
    if alone := [name for name in labels.structures if name not in shared]:
        note(f"not in the truth, and not scored: {', '.join(alone)}")
    return shared


def _require_some(predictions: dict[str, Path], truths: dict[str, Path], wanted: ScoreRequest) -> None:
    if not predictions.keys() & truths.keys():
        raise SpecError(
            f"no case is on both sides: predictions are {_some(predictions)}, the truth is {_some(truths)}",
            where=wanted.predictions,
            fix="name them alike, but for endings such as _gt; where TRUTH is ACDC as published, give --dataset acdc",
        )


def _some(files: dict[str, Path]) -> str:
    names = sorted(files)
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
