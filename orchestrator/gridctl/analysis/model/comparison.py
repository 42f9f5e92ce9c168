"""What a report says about two models, or about a model's ablations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridctl.analysis.model.subgroup import SubgroupDifference, SubgroupTest
from gridctl.analysis.model.trend import Interaction, TrendTest
from gridctl.analysis.pairing.pairs import DroppedPair, UnlikePair


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One test: a model against another, or an ablation against none, in one cell, on one score.

    Attributes:
        metric: The score, `validation.soft_dice.left_ventricle`.
        label: Its name in text: `validation soft Dice`.
        higher_is_better: Whether a larger value of it is the better one.
        ablation, against_ablation: Those of `model` and of `against`: the same where models are
            compared; where an ablation is, the models are the same and the second is `none`.
        n_pairs: Number of tested pairs of runs, or of their epochs. 0 if `test` is `welch`.
        n_model, n_against: Number of scores of each; both n_pairs if pairs exist.
        model_mean, model_sd, against_mean, against_sd: Over the tested scores.
        difference: Mean of model - against.
        test: Of the declared claim: `paired t`; `two-way`, over seeds and patients; `e-value`, looked at after every
            seed; `welch` where no pair exists, so that the runs are tested unpaired; `none`.
        ci_low, ci_high: Its 95% interval, from that test.
        t, degrees_of_freedom, p: That test, two-sided; p for as many looks as are declared.
        p_holm, p_bh: p after Holm, and after Benjamini and Hochberg, over the `family_size` tests
            of `family`; those that cannot be made yet count as p = 1.
        hedges_g_av, hedges_g_z: The difference over the models' deviation, and over that of the
            differences; with `_low` and `_high`, their 95% intervals.
        dropped: How many pairs are left out.
        unfinished, differing: How many of them wait for a run, and how many have runs that differ in split or images.
        verdict: In words.
        bca_low, bca_high: 95% BCa bootstrap interval of the mean difference.
        wilcoxon_w, p_wilcoxon: Signed-rank test, exact (ties and all) up to `EXACT_PAIRS` pairs.
        p_permutation: Sign-flip permutation test of the mean difference.
        permutations: Number of sign patterns counted; all 2^n if `permutation_exact`.
        p_floor: The smallest p the exact test can give with so many pairs.
        floor: The same in words; empty if it is not an obstacle.
        equivalence_margin: Declared difference that does not matter; None where none is.
        p_tost: Two one-sided tests that the difference is within it, the larger p.
        p_tost_holm: The same after Holm over the family's tests of equivalence.
        equivalent: Whether p_tost_holm is at most 0.05, of enough pairs; None without a margin.
        rope_below, rope_within, rope_above: Posterior probabilities that the difference is below, within and above the
            margin, from the claim's standard error and degrees of freedom with a flat prior; None without a margin,
            and where the answer may be looked at more than once.
        probability_of_improvement: Share of pairs in which `model` is the better one, ties a half.
        improvement_low, improvement_high: Its 95% interval, Wilson's.
        patients: Distinct patients behind the scores, where a score is a mean over patients; else 0.
        patients_left_out: Distinct patients who are left out of some pair, for both models.
        left_out_because: The reasons, in words.
        claim: For whom `difference`, its interval, `p` and the verdict speak: `cohort`, these patients; or
            `population`, patients like these.
        cohort_difference, cohort_low, cohort_high, cohort_p: These patients: the paired t-test over seeds.
        population_difference, population_low, population_high, population_t, population_df, population_p: Patients
            like these: the two-way test over seeds and patients; None without scores of patients.
        population_sd_seed, population_sd_patient, population_sd_residual: Standard deviations of a single difference in
            that test: between seeds, between patients, and of what is left; None where they cannot be told apart.
        n_seeds: Seeds of that test; 0 without scores of patients.
        look: Pairs of the declared look that was tested, or those so far of `stopping: anytime`; None if it is `fixed`.
        first_look: Pairs that the first declared look takes; 0 where none is declared.
        log_e: Natural logarithm of the e-value of `stopping: anytime`; else None.
        model_updates, against_updates: Optimizer steps per run, mean over runs; None where no log says.
        trained_differently: Other differences in how both were trained, in words; empty if there are none.
        secondary: Whether the score is a secondary one, tested in a family of its own and never in the headline.
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
    p_tost_holm: float | None = None
    equivalent: bool | None = None
    rope_below: float | None = None
    rope_within: float | None = None
    rope_above: float | None = None
    probability_of_improvement: float | None = None
    improvement_low: float | None = None
    improvement_high: float | None = None
    hedges_g_av_low: float | None = None
    hedges_g_av_high: float | None = None
    hedges_g_z_low: float | None = None
    hedges_g_z_high: float | None = None
    patients: int = 0
    patients_left_out: int = 0
    left_out_because: str = ""
    claim: str = "cohort"
    cohort_difference: float | None = None
    cohort_low: float | None = None
    cohort_high: float | None = None
    cohort_p: float | None = None
    population_difference: float | None = None
    population_low: float | None = None
    population_high: float | None = None
    population_t: float | None = None
    population_df: float | None = None
    population_p: float | None = None
    population_sd_seed: float | None = None
    population_sd_patient: float | None = None
    population_sd_residual: float | None = None
    n_seeds: int = 0
    look: int | None = None
    first_look: int = 0
    log_e: float | None = None
    model_updates: float | None = None
    against_updates: float | None = None
    trained_differently: str = ""
    secondary: bool = False


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
    """One comparison over the whole grid, on one metric. Cells of one seed share patients: a seed is one observation.

    Attributes:
        cells, n_pairs: Cells with a complete pair, and pairs in them.
        n_seeds: Seeds with a pair in every cell.
        patients: Patients scored in every cell by some seed; 0 without scores of patients.
        claim: For whom `difference`, its interval, `p` and the verdict speak: `cohort`, these patients; or
            `population`, patients like these.
        difference: Mean over cells of model - against, mean over those seeds; None without one.
        ci_low, ci_high: Its 95% interval.
        t, degrees_of_freedom, p: The test, two-sided: Student's t over seeds, or two-way over seeds and patients; p for
            as many looks as are declared.
        cohort_difference, cohort_low, cohort_high, cohort_p: These patients: Student's t over seeds.
        population_difference, population_low, population_high, population_t, population_df, population_p: Patients
            like these, of those who were scored in every cell; None without scores of patients.
        population_sd_seed, population_sd_patient, population_sd_residual: As of a `ComparisonRow`, of means over cells.
        p_holm: After Holm over the `family_size` overall tests of `family`.
        equivalence_margin: Declared difference that does not matter; None where none is.
        p_tost, p_tost_holm: Two one-sided tests that the difference is within it, the larger p; and after Holm over
            the family's.
        equivalent: Whether the difference is shown to lie within the margin: by p_tost_holm, or, of `stopping:
            anytime`, by a confidence sequence of level 0.05 over `family_size`; None without a margin.
        unfinished: Pairs that wait for a run.
        verdict: In words.
        iqm_difference: Interquartile mean of the model's scores minus that of the other's.
        iqm_low, iqm_high: Its 95% interval, the jackknife's over seeds.
        probability_of_improvement: Share of pairs in which `model` is the better one, ties a half,
            mean over cells.
        improvement_low, improvement_high: Its 95% interval, Wilson's, of as many observations as there are seeds.
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
    label: str = ""
    higher_is_better: bool = True
    n_seeds: int = 0
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    t: float | None = None
    degrees_of_freedom: float = 0
    p: float | None = None
    p_holm: float | None = None
    family: str = ""
    family_size: int = 0
    unfinished: int = 0
    verdict: str = ""
    claim: str = "cohort"
    patients: int = 0
    cohort_difference: float | None = None
    cohort_low: float | None = None
    cohort_high: float | None = None
    cohort_p: float | None = None
    population_difference: float | None = None
    population_low: float | None = None
    population_high: float | None = None
    population_t: float | None = None
    population_df: float | None = None
    population_p: float | None = None
    population_sd_seed: float | None = None
    population_sd_patient: float | None = None
    population_sd_residual: float | None = None
    equivalence_margin: float | None = None
    p_tost: float | None = None
    p_tost_holm: float | None = None
    equivalent: bool | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that one `compare` of an experiment asks, or a model's ablations against none.

    Attributes:
        rows: By metric, then train ratio and ablation in the order of the grid.
        dropped, unlike: Pairs left out, and pairs that differ in more than the model.
        kind: `models`, or `ablations`: then `model` and `against` are one model's name.
        pairs: Scores of every tested pair; empty where epochs are pooled.
        overall: One row per metric; empty for ablations and where epochs are pooled.
        trends: One row per metric where there are several train ratios; empty for ablations and pooled epochs.
        interactions: One row per metric and ablation; likewise.
        subgroups: Tests on subgroups of patients; empty for ablations, pooled epochs and scores without patients.
        subgroup_differences: Whether the difference is the same in all of them; likewise.
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
    trends: Sequence[TrendTest] = ()
    interactions: Sequence[Interaction] = ()
    subgroups: Sequence[SubgroupTest] = ()
    subgroup_differences: Sequence[SubgroupDifference] = ()
