"""The content of a report, before it is rendered. Every name here is a key of the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gridctl.analysis.model.comparison import Comparison, ComparisonRow, Overall, PairScore
from gridctl.analysis.model.predictions import PredictionsRow
from gridctl.analysis.model.ranking import ModelRank, ProfilePoint
from gridctl.analysis.model.scorecard import PublishedRow, ScorecardRow, Stratum
from gridctl.analysis.model.study import StudyCell, StudyItem, StudyPoint, StudySection
from gridctl.analysis.model.subgroup import SubgroupDifference, SubgroupTest
from gridctl.analysis.model.training import TrainedModel
from gridctl.analysis.model.trend import Interaction, TrendPoint, TrendTest
from gridctl.analysis.model.tuning import TunedModel
from gridctl.analysis.provenance_record import Provenance, ProvenanceValue
from gridctl.experiment.scores.measures import Measures

__all__ = [
    "Aggregate",
    "Comparison",
    "ComparisonRow",
    "Family",
    "Interaction",
    "ModelRank",
    "Overall",
    "PairScore",
    "PredictionsRow",
    "ProfilePoint",
    "Provenance",
    "ProvenanceValue",
    "PublishedRow",
    "Report",
    "ScorecardRow",
    "Stratum",
    "StudyCell",
    "StudyItem",
    "StudyPoint",
    "StudySection",
    "SubgroupDifference",
    "SubgroupTest",
    "Summary",
    "TrainedModel",
    "TrendPoint",
    "TrendTest",
    "TunedModel",
]


@dataclass(frozen=True, slots=True)
class Summary:
    """One model's scores in one cell of the grid.

    Attributes:
        n: Number of observations: runs, or epochs of all runs.
        mean, sd: Over them; None where there are none, or fewer than two.
        unfinished: Runs of this cell that are not in it yet.
        ci_low, ci_high: 95% interval of the mean, Student's t over runs; None below two runs, and
            where epochs are pooled.
    """

    metric: str
    train_ratio: float
    ablation: str
    model: str
    n: int
    mean: float | None
    sd: float | None
    unfinished: int
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One model's scores over the whole grid.

    Attributes:
        cells, n: Cells (train ratio, ablation) with a score, and scores in them.
        iqm: Interquartile mean of all scores.
        ci_low, ci_high: Its 95% interval, the jackknife's over seeds; None below two seeds.
        mean: Of the same scores.
    """

    metric: str
    model: str
    cells: int
    n: int
    iqm: float | None
    ci_low: float | None
    ci_high: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Family:
    """Tests that are corrected together.

    Attributes:
        name: As in `ComparisonRow.family`.
        m: Tests declared in it, whether they can be made yet or not.
        declared: By what: `metric`, `comparison` or `experiment` of `compare.family`; or `subgroups`, of which each is
            a test in each cell; or `subgroup_differences`, whether they differ.
        level: Of the corrected p that is called significant.
        secondary: Whether its tests are of secondary scores.
    """

    name: str
    m: int
    declared: str
    level: float
    secondary: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of an experiment.

    Attributes:
        unit: `run` or `epoch`: what is one observation.
        score: How a run's epochs become one score; empty where every epoch counts.
        summaries: One row per metric, cell and model.
        comparisons: None asked for: empty.
        warnings: What a reader must know before believing a number.
        headlines: The results in sentences, one per comparison and metric.
        aggregates: One row per metric and model, over the whole grid; empty where epochs are pooled.
        families: Which tests are corrected together.
        measures: What is known of each score, by name: its label, range, unit and direction.
        studies: One section for each study of which the experiment `reproduces` tables and figures.
        provenance: What the report was made with.
        scorecard: Scores of cases by model, cell, set, structure and time point; empty where no run has any.
        published: Published scores of the same data set.
        unpublished: By set, why published scores of the data set of its name are left out.
        strata: Scores of cases by group, vendor, centre and time point of patients.
        trained: What was trained: one row per model and cell.
        tuned: What each model chose among the ablations, and at what cost; empty where nothing is tuned.
        predictions: Models, or masks, against masks that `gridctl score` scored; empty where none are named.
        ranks: Three and more models ranked by each compared score; of two the comparison says all.
        profiles: Performance profile of each model by each compared score.
    """

    experiment: str
    unit: str
    score: str
    summaries: Sequence[Summary]
    comparisons: Sequence[Comparison]
    warnings: Sequence[str]
    headlines: Sequence[str] = ()
    aggregates: Sequence[Aggregate] = ()
    families: Sequence[Family] = ()
    measures: Measures = field(default_factory=dict)
    studies: Sequence[StudySection] = ()
    provenance: Provenance = field(default_factory=Provenance)
    scorecard: Sequence[ScorecardRow] = ()
    published: Sequence[PublishedRow] = ()
    unpublished: Mapping[str, str] = field(default_factory=dict)
    strata: Sequence[Stratum] = ()
    trained: Sequence[TrainedModel] = ()
    tuned: Sequence[TunedModel] = ()
    predictions: Sequence[PredictionsRow] = ()
    ranks: Sequence[ModelRank] = ()
    profiles: Sequence[ProfilePoint] = ()
