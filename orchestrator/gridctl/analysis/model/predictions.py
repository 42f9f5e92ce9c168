"""What a report says of a model against masks that cannot be retrained. Every name here is a key of the JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PredictionsRow:
    """One test over patients: trained networks against one set of predictions, on one score.

    Names that rows of comparisons have too mean the same, over patients instead of pairs of runs.

    Attributes:
        set: Of whose patients the score is.
        train_ratio: Of the model's runs; None where `model` is a set of predictions as well.
        model: A model of the experiment, or a set of predictions.
        against: A set of predictions.
        networks: Runs of the model whose scores are averaged within each patient; 1 for a set of predictions.
        patients: With a score on both sides: what is tested over.
        patients_left_out, left_out_because: Patients without a score on one of the sides, and why.
        model_mean, model_sd, against_mean, against_sd: Over patients.
        difference, ci_low, ci_high: Mean over patients of model - against, and its 95% interval.
        test: `paired t`, over patients; `none` where there is none.
        claim: `networks`: these trained networks, for patients like these.
        p_holm, p_bh: p after Holm, and after Benjamini and Hochberg, over the `family_size` tests of `family`.
        unfinished: Runs of the model in this cell that are waited for.
        runs_left_out: Finished runs of this cell without scores of cases.
        population: For whom it holds and what it does not cover, in words.
        verdict: In words.
    """

    metric: str
    label: str
    higher_is_better: bool
    set: str
    train_ratio: float | None
    ablation: str
    model: str
    against: str
    networks: int
    patients: int = 0
    patients_left_out: int = 0
    left_out_because: str = ""
    model_mean: float | None = None
    model_sd: float | None = None
    against_mean: float | None = None
    against_sd: float | None = None
    difference: float | None = None
    test: str = "none"
    claim: str = "networks"
    ci_low: float | None = None
    ci_high: float | None = None
    t: float | None = None
    degrees_of_freedom: float = 0
    p: float | None = None
    p_holm: float | None = None
    p_bh: float | None = None
    family: str = ""
    family_size: int = 0
    hedges_g_z: float | None = None
    hedges_g_z_low: float | None = None
    hedges_g_z_high: float | None = None
    bca_low: float | None = None
    bca_high: float | None = None
    wilcoxon_w: float | None = None
    p_wilcoxon: float | None = None
    p_permutation: float | None = None
    probability_of_improvement: float | None = None
    improvement_low: float | None = None
    improvement_high: float | None = None
    unfinished: int = 0
    runs_left_out: int = 0
    secondary: bool = False
    population: str = ""
    verdict: str = ""
