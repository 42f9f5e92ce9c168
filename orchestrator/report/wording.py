"""What a test allows one to say, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from orchestrator.report.result import ComparisonRow
from orchestrator.stats.floor import pairs_for_exact, smallest_exact_p

LEVEL: Final = 0.05

EPOCH_WARNING: Final = (
    "unit epoch: epochs of one run are not independent, so these p values and intervals are far too small; "
    "this repeats the thesis's pooling and is not to be believed"
)

BCA_COVERAGE: Final = {5: 0.83, 10: 0.90, 20: 0.93, 50: 0.94}
"""Share of 95% BCa intervals that hold the true mean of so many normal differences: docs/statistics.md."""

METRIC_NAMES: Final = {
    "validation_dice": "validation Dice",
    "generalisation_dice": "generalisation Dice",
    "validation_bce": "validation cross-entropy",
    "generalisation_bce": "generalisation cross-entropy",
}


def sides(row: ComparisonRow) -> tuple[str, str]:
    """What the two sides of a row are called: models, or ablations of one model."""
    if row.model == row.against:
        return row.ablation, row.against_ablation
    return row.model, row.against


def verdict(row: ComparisonRow, unit: str) -> str:
    """What may be said of one comparison, its corrected p known."""
    first, second = sides(row)
    if row.difference is None:
        return "no complete pair yet"
    if row.test == "welch":
        return f"no pair is complete, so runs were tested unpaired (Welch): {_told(row, unit, first, second)}"
    if row.n_pairs == 1:
        return "one pair is no test: add seeds"
    if row.p is None or row.p_holm is None:
        subject = "both ablations" if row.model == row.against else "both models"
        if row.difference == 0:
            return f"{subject} score exactly the same, so there is nothing to test"
        return "all pairs differ by exactly the same, so there is no spread to test against"
    return _told(row, unit, first, second) + _equivalence(row)


def _told(row: ComparisonRow, unit: str, first: str, second: str) -> str:
    assert row.difference is not None
    assert row.p is not None
    assert row.p_holm is not None
    ahead = (row.difference > 0) == is_higher_better(row.metric)
    better, worse = (first, second) if ahead else (second, first)
    if row.difference == 0:
        return "neither is ahead"
    if unit == "epoch":
        return f"{better} is ahead; pooled epochs cannot say whether by more than chance"
    if row.p_holm <= LEVEL:
        return f"{better} is better than {worse}"
    if row.p <= LEVEL:
        return f"{better} is ahead, but not after correction for the number of tests"
    return f"{better} is ahead, but no more than chance allows"


def _equivalence(row: ComparisonRow) -> str:
    if row.equivalent is None or row.equivalence_margin is None:
        return ""
    if row.equivalent:
        return f"; the difference is within ±{row.equivalence_margin:g}: too small to matter"
    if row.p_holm is not None and row.p_holm <= LEVEL:
        return ""
    return f"; nor is it shown to be within ±{row.equivalence_margin:g}"


def floor(n: int, tests: int) -> str:
    """What so few pairs can never show by an exact test; empty where that hinders nothing.

    Args:
        n: Pairs.
        tests: Corrected together.
    """
    smallest = smallest_exact_p(n)
    if n < 2 or smallest <= LEVEL / max(1, tests):
        return ""
    alone, together = pairs_for_exact(LEVEL), pairs_for_exact(LEVEL, tests)
    cannot = f"n = {n}: an exact test cannot go below p = {smallest:.3g}"
    if smallest <= LEVEL:
        return f"{cannot}, too much after Holm over {tests} tests; {together} seeds would do"
    more = f", {together} after Holm over {tests} tests" if together > alone else ""
    return f"{cannot}; {alone} seeds would reach {LEVEL}{more}"


def headlines(rows: Sequence[ComparisonRow], unit: str) -> Iterator[str]:
    """The answer of one comparison on one metric, in a sentence or two."""
    if not rows or unit == "epoch":
        return
    metric = METRIC_NAMES[rows[0].metric]
    ablations = rows[0].model == rows[0].against
    subject = f"{metric}, {rows[0].model}" if ablations else metric
    if len(rows) == 1:
        yield f"{subject}: {rows[0].verdict}"
        return
    found: dict[str, list[str]] = {}
    open_cells = 0
    for row in rows:
        if row.p_holm is None or row.p_holm > LEVEL or row.difference is None:
            open_cells += 1
            continue
        first, second = sides(row)
        ahead = (row.difference > 0) == is_higher_better(row.metric)
        said = f"{first} is better than {second}" if ahead else f"{second} is better than {first}"
        found.setdefault(said, []).append(f"{row.train_ratio:g}" if ablations else cell_name(row))
    parts = [f"{said} at ratio {_listed(places)}" for said, places in found.items()]
    if open_cells:
        parts.append(
            f"{open_cells} of {len(rows)} comparisons allow no verdict" if found else "no difference is significant"
        )
    yield f"{subject}: {'; '.join(parts)} (after Holm over {rows[0].family_size} tests)"


def cell_name(row: ComparisonRow) -> str:
    """`0.3`, `0.3, no_clahe`: a cell in a list of cells."""
    return f"{row.train_ratio:g}" + ("" if row.ablation == "none" else f" ({row.ablation})")


def _listed(places: Sequence[str]) -> str:
    return places[0] if len(places) == 1 else f"{', '.join(places[:-1])} and {places[-1]}"


def bca_coverage(n: int) -> str:
    """How far a BCa interval of so few pairs is to be believed; empty where it is."""
    size = max((size for size in BCA_COVERAGE if size <= n), default=min(BCA_COVERAGE))
    held = BCA_COVERAGE[size]
    if held >= 0.94:
        return ""
    return (
        f"of {size} pairs a 95% BCa interval holds the truth in {held:.0%} of simulated normal studies, "
        "a t interval in 95%"
    )


def is_higher_better(metric: str) -> bool:
    """Whether a larger value of the metric is the better one."""
    return not metric.endswith("_bce")
