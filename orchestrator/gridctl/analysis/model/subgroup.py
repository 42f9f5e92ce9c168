"""Tests of subgroups of patients. Every name here is a key of the JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupTest:
    """One comparison in one cell of the grid, on one subgroup of the patients (or of their images).

    Attributes:
        by: `pathology`, `vendor`, `centre`, `time_point` or `slice_position`.
        subgroup: Name of the subgroup: `DCM`, `ES`, `basal`.
        compared: The score that the comparison is about.
        metric: The score; by slice position, in-plane HD95 at that position instead of the compared score.
        declared: Whether `compare.subgroups` names `by`. Else it is exploratory: an unadjusted interval, no p and no
            verdict.
        claim: Population of `difference`, its interval and `p`: `cohort` or `population`.
        test: As of a comparison; `none` where there are too few patients or seeds.
        n_seeds, patients: Numbers of seeds and distinct patients in the test.
        difference: Mean of model - against.
        ci_low, ci_high: Its 95% interval; None below three patients or seeds.
        t, degrees_of_freedom, p: The test, two-sided; p is None if it is exploratory.
        p_holm: p after Holm over the `family_size` declared subgroup tests of `family`.
        unfinished: Pairs that wait for a run.
        verdict: The verdict in words.
    """

    by: str
    subgroup: str
    compared: str
    metric: str
    label: str
    higher_is_better: bool
    train_ratio: float
    ablation: str
    model: str
    against: str
    declared: bool
    claim: str
    test: str = "none"
    n_seeds: int = 0
    patients: int = 0
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    t: float | None = None
    degrees_of_freedom: float = 0
    p: float | None = None
    unfinished: int
    p_holm: float | None = None
    family: str = ""
    family_size: int = 0
    verdict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupDifference:
    """Whether one comparison in one cell of the grid has the same difference in all subgroups by one property.

    Attributes:
        by: As of `SubgroupTest`.
        compared, label: The score that the comparison is about, and what it is called.
        subgroups: Those that are tested: with three patients and seeds or more.
        declared: Whether `compare.subgroups` names `by`. Else it is exploratory: p is unadjusted, and there is no
            verdict.
        claim: Population of the test: `cohort` or `population`.
        test: `Welch F`: of patients of different subgroups; `two-way`: of the same patients at several time points or
            positions; `paired t`: of these patients, over seeds; `none`.
        n_seeds, patients: Numbers of seeds and distinct patients in the test.
        largest, smallest: Subgroups with the largest and the smallest difference.
        largest_difference, smallest_difference: Mean of model - against in them.
        statistic, degrees_of_freedom, error_degrees_of_freedom, p: F with both, or the largest |t| of each subgroup
            against the others with the latter; p after Bonferroni over these.
        p_holm: p after Holm over the `family_size` declared tests of `family`.
        unfinished: Pairs that wait for a run.
        verdict: In words.
    """

    by: str
    compared: str
    label: str
    subgroups: tuple[str, ...] = ()
    train_ratio: float
    ablation: str
    model: str
    against: str
    declared: bool
    claim: str
    test: str = "none"
    n_seeds: int = 0
    patients: int = 0
    largest: str = ""
    smallest: str = ""
    largest_difference: float | None = None
    smallest_difference: float | None = None
    statistic: float | None = None
    degrees_of_freedom: float = 0.0
    error_degrees_of_freedom: float = 0.0
    p: float | None = None
    unfinished: int
    p_holm: float | None = None
    family: str = ""
    family_size: int = 0
    verdict: str = ""
