"""What a report says, before it is drawn. Every name here is a key of the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gridctl.analysis.pairs import DroppedPair, UnlikePair
from gridctl.analysis.provenance_record import Provenance, ProvenanceValue
from gridctl.analysis.scorecard_model import PublishedRow, ScorecardRow, Stratum
from gridctl.analysis.study_model import StudyCell, StudyItem, StudyPoint, StudySection
from gridctl.analysis.trained_model import TrainedModel
from gridctl.experiment.measures import Measures

__all__ = [
    "Aggregate",
    "Comparison",
    "ComparisonRow",
    "Family",
    "Overall",
    "PairScore",
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
    "Summary",
    "TrainedModel",
]


@dataclass(frozen=True, slots=True)
class Summary:
    """One model's scores in one cell of the grid.

    Attributes:
        n: Observations: runs, or epochs of all runs.
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
        ci_low, ci_high: Its 95% interval: percentiles of a bootstrap that draws runs within cells.
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
class ComparisonRow:
    """One test: a model against another, or an ablation against none, in one cell, on one score.

    Attributes:
        metric: The score, `validation.soft_dice.left_ventricle`.
        label: What it is called in text: `validation soft Dice`.
        higher_is_better: Whether a larger value of it is the better one.
        ablation, against_ablation: Of `model` and of `against`: the same where models are
            compared; where an ablation is, the models are the same and the second is `none`.
        n_pairs: Pairs tested: of runs, or of their epochs. 0 where `test` is `welch`.
        n_model, n_against: Scores of each; both n_pairs where pairs exist.
        model_mean, model_sd, against_mean, against_sd: Over the tested scores.
        difference: Mean of model - against.
        test: `paired t`; `welch` where no pair exists, so that the runs are tested unpaired;
            `none`.
        ci_low, ci_high: Its 95% interval, from that test.
        t, degrees_of_freedom, p: That test, two-sided.
        p_holm, p_bh: p after Holm, and after Benjamini and Hochberg, over the `family_size` tests
            of `family`; those that cannot be made yet count as p = 1.
        hedges_g_av, hedges_g_z: The difference over the models' deviation, and over that of the
            differences.
        dropped: Pairs left out.
        unfinished, differing: How many of them wait for a run, and have halves that differ in split or images.
        verdict: In words.
        bca_low, bca_high: 95% BCa bootstrap interval of the mean difference.
        wilcoxon_w, p_wilcoxon: Signed-rank test, exact (ties and all) up to `EXACT_PAIRS` pairs.
        p_permutation: Sign-flip permutation test of the mean difference.
        permutations: Sign patterns it looked at; all 2^n where `permutation_exact`.
        p_floor: The smallest p the exact test can give with so many pairs.
        floor: The same in words; empty where it hinders nothing.
        equivalence_margin: Declared difference that does not matter; None where none is.
        p_tost: Two one-sided tests that the difference is within it, the larger p.
        equivalent: Whether p_tost is at most 0.05; None without a margin.
        probability_of_improvement: Share of pairs in which `model` is the better one, ties a half.
        improvement_low, improvement_high: Its 95% interval, Wilson's.
        patients: Distinct patients behind the scores, where a score is a mean over patients; else 0.
        patients_left_out: Distinct patients who are left out of some pair, for both models.
        left_out_because: Why, in words.
        model_updates, against_updates: Optimizer steps of a run, mean over runs; None where no log says.
        trained_differently: In what else the training of both differs, in words; empty where it does not.
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
    degrees_of_freedom: float
    p: float | None
    p_holm: float | None
    family_size: int
    hedges_g_av: float | None
    hedges_g_z: float | None
    dropped: int
    verdict: str
    label: str = ""
    higher_is_better: bool = True
    against_ablation: str = "none"
    n_model: int = 0
    n_against: int = 0
    unfinished: int = 0
    differing: int = 0
    test: str = "none"
    family: str = ""
    p_bh: float | None = None
    bca_low: float | None = None
    bca_high: float | None = None
    wilcoxon_w: float | None = None
    p_wilcoxon: float | None = None
    p_permutation: float | None = None
    permutations: int = 0
    permutation_exact: bool = True
    p_floor: float | None = None
    floor: str = ""
    equivalence_margin: float | None = None
    p_tost: float | None = None
    equivalent: bool | None = None
    probability_of_improvement: float | None = None
    improvement_low: float | None = None
    improvement_high: float | None = None
    patients: int = 0
    patients_left_out: int = 0
    left_out_because: str = ""
    model_updates: float | None = None
    against_updates: float | None = None
    trained_differently: str = ""


@dataclass(frozen=True, slots=True)
class PairScore:
    """The scores of one tested pair: what a paired-difference plot draws.

    Attributes:
        model_run, against_run: Run ids.
        unlike: Fields in which the halves differ though they should not; see `alike`.
        patients, patients_left_out: How many patients both scores are means over, and how many have no score in one
            of the two runs and are left out of both; 0 where scores are not means over patients.
    """

    metric: str
    train_ratio: float
    ablation: str
    against_ablation: str
    seed: int
    model_run: str
    against_run: str
    model_score: float
    against_score: float
    difference: float
    unlike: tuple[str, ...] = ()
    fold: int | None = None
    patients: int = 0
    patients_left_out: int = 0


@dataclass(frozen=True, slots=True)
class Overall:
    """One comparison over the whole grid, on one metric. Intervals: bootstrap of pairs within cells.

    Attributes:
        cells, n_pairs: Cells with a complete pair, and pairs in them.
        iqm_difference: Interquartile mean of the model's scores minus that of the other's.
        iqm_low, iqm_high: Its 95% interval.
        probability_of_improvement: Share of pairs in which `model` is the better one, ties a half,
            mean over cells.
        improvement_low, improvement_high: Its 95% interval.
    """

    metric: str
    model: str
    against: str
    cells: int
    n_pairs: int
    iqm_difference: float | None
    iqm_low: float | None
    iqm_high: float | None
    probability_of_improvement: float | None
    improvement_low: float | None
    improvement_high: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that one `compare` of an experiment asks, or a model's ablations against none.

    Attributes:
        rows: By metric, then train ratio and ablation in the order of the grid.
        dropped, unlike: Pairs left out, and pairs that differ in more than the model.
        kind: `models`, or `ablations`: then `model` and `against` are one model's name.
        pairs: Scores of every tested pair; empty where epochs are pooled.
        overall: One row per metric; empty for ablations and where epochs are pooled.
        floors: What no number of small differences could reach, in words; each once.
    """

    model: str
    against: str
    score: str
    rows: Sequence[ComparisonRow]
    dropped: Sequence[DroppedPair]
    unlike: Sequence[UnlikePair]
    kind: str = "models"
    pairs: Sequence[PairScore] = ()
    overall: Sequence[Overall] = ()
    floors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """Tests that are corrected together.

    Attributes:
        name: As in `ComparisonRow.family`.
        m: Tests declared in it, whether they can be made yet or not.
        declared: By what: `metric`, `comparison` or `experiment` of `compare.family`.
        level: Of the corrected p that is called significant.
    """

    name: str
    m: int
    declared: str
    level: float


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of an experiment.

    Attributes:
        unit: `run` or `epoch`: what is one observation.
        score: How a run's epochs become one score; empty where every epoch counts.
        summaries: One row per metric, cell and model.
        comparisons: None asked for: empty.
        warnings: What a reader must know before believing a number.
        headlines: The answer in sentences, one a comparison and metric.
        aggregates: One row per metric and model, over the whole grid; empty where epochs are pooled.
        families: Which tests are corrected together.
        measures: What is known of each score, by name: its label, range, unit and direction.
        studies: Each study of which the experiment `reproduces` printed tables and figures.
        provenance: What all of it was made with.
        scorecard: Scores of cases by model, cell, set, structure and time point; empty where no run has any.
        published: Published scores of the same data set.
        strata: Scores of cases by group, vendor, centre and time point of patients.
        trained: What was trained: a row per model and cell.
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
    strata: Sequence[Stratum] = ()
    trained: Sequence[TrainedModel] = ()
