"""What a report says, before it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.report.pairs import DroppedPair, UnlikePair


@dataclass(frozen=True, slots=True)
class Summary:
    """One model's scores in one cell of the grid.

    Attributes:
        n: Observations: runs, or epochs of all runs.
        mean, sd: Over them; None where there are none, or fewer than two.
        unfinished: Runs of this cell that are not in it yet.
    """

    metric: str
    train_ratio: float
    ablation: str
    model: str
    n: int
    mean: float | None
    sd: float | None
    unfinished: int


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One test: a model against another, on one metric, at one train ratio and ablation.

    Attributes:
        n_pairs: Pairs tested: of runs, or of their epochs.
        model_mean, model_sd, against_mean, against_sd: Over the tested pairs.
        difference: Mean of model - against.
        ci_low, ci_high: Its 95% interval, from the paired t.
        t, degrees_of_freedom, p: The paired t-test, two-sided.
        p_holm: p after Holm, over the `family_size` tests of this comparison and metric.
        hedges_g_av, hedges_g_z: The difference over the models' deviation, and over that of the
            differences.
        dropped: Pairs left out.
        verdict: In words.
    """

    metric: str
    train_ratio: float
    ablation: str
    model: str
    against: str
    n_pairs: int
    model_mean: float | None
    model_sd: float | None
    against_mean: float | None
    against_sd: float | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    t: float | None
    degrees_of_freedom: int
    p: float | None
    p_holm: float | None
    family_size: int
    hedges_g_av: float | None
    hedges_g_z: float | None
    dropped: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that one `compare` of an experiment asks.

    Attributes:
        rows: By metric, then train ratio and ablation in the order of the grid.
        dropped, unlike: Pairs left out, and pairs that differ in more than the model.
    """

    model: str
    against: str
    score: str
    rows: Sequence[ComparisonRow]
    dropped: Sequence[DroppedPair]
    unlike: Sequence[UnlikePair]


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of an experiment.

    Attributes:
        unit: `run` or `epoch`: what is one observation.
        score: How a run's epochs become one score; empty where every epoch counts.
        summaries: A row a metric, cell and model.
        comparisons: None asked for: empty.
        warnings: What a reader must know before believing a number.
    """

    experiment: str
    unit: str
    score: str
    summaries: Sequence[Summary]
    comparisons: Sequence[Comparison]
    warnings: Sequence[str]
