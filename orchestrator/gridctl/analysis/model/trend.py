"""Trends and interactions of a report, before they are rendered. Every name here is a key of the JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A lead at one train ratio: the mean difference there, or the fitted line; of what is scored at every ratio.

    Attributes:
        lead: In the direction that is better.
        low, high: Its pointwise 95% interval, by the declared claim; None below two seeds, or patients.
    """

    train_ratio: float
    lead: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class TrendTest:
    """How the lead of a model (its difference, in the direction that is better) changes as the data shrink.

    Attributes:
        ablation: The ablation in which it is tested: `none` if that is in the grid.
        declared: `grows` or `shrinks`, as the experiment declares; empty: it is shown, but not part of the result.
        unfinished: Pairs that wait for a run.
        n_seeds, patients: Seeds with a pair at every train ratio; patients scored at every one.
        claim: Population of `per_halving`, its interval, `p` and the verdict: `cohort` or `population`.
        per_halving: Mean change of the lead with every halving of the data.
        ci_low, ci_high: Its 95% interval.
        t, degrees_of_freedom, p: The test, two-sided: of the seeds' slopes, or two-way of the patients' slopes.
        cohort_per_halving, cohort_low, cohort_high, cohort_p: These patients: one slope per seed.
        population_per_halving, population_low, population_high, population_p: Patients like these: one slope per
            patient and seed; None without scores of patients.
        page_l, p_page, page_exact: Page's test in the declared direction (else that the lead grows), one-sided; whether
            its p is exact.
        p_holm: p after Holm over the `family_size` trends that are corrected together.
        verdict: In words.
        points: Mean lead at each train ratio, rising; empty where nothing is scored at every ratio.
        line: Fitted lead and its band from the smallest ratio to the largest, evenly over the logarithm.
    """

    metric: str
    label: str
    model: str
    against: str
    ablation: str
    declared: str
    unfinished: int
    n_seeds: int
    per_halving: float | None
    ci_low: float | None
    ci_high: float | None
    t: float | None
    degrees_of_freedom: float
    p: float | None
    page_l: float | None
    p_page: float | None
    page_exact: bool
    claim: str = "cohort"
    patients: int = 0
    cohort_per_halving: float | None = None
    cohort_low: float | None = None
    cohort_high: float | None = None
    cohort_p: float | None = None
    population_per_halving: float | None = None
    population_low: float | None = None
    population_high: float | None = None
    population_p: float | None = None
    p_holm: float | None = None
    family_size: int = 0
    verdict: str = ""
    points: tuple[TrendPoint, ...] = ()
    line: tuple[TrendPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Interaction:
    """Whether an ablation changes the lead of a model; mean over train ratios.

    Attributes:
        n_seeds: Seeds with a pair at every train ratio under both.
        difference: Lead under the ablation minus that without it.
        ci_low, ci_high: Its 95% interval.
        t, degrees_of_freedom, p: Paired t over seeds, two-sided: it is about these patients.
        p_holm: After Holm over the `family_size` ablations.
        unfinished: Pairs that wait for a run.
        verdict: In words.
    """

    metric: str
    label: str
    model: str
    against: str
    ablation: str
    n_seeds: int
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    t: float | None
    degrees_of_freedom: float
    p: float | None
    unfinished: int = 0
    p_holm: float | None = None
    family_size: int = 0
    verdict: str = ""
