"""The result of a comparison in one sentence: which model, by how much, from how many pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.analysis.model import ComparisonRow, Overall
from gridctl.analysis.wording import (
    LEVEL,
    cell_name,
    is_significant,
    listed,
    not_tested,
    prints_as_zero,
    sides,
    too_few,
    waiting,
    waits,
    whose,
)
from gridctl.report.numbers import confidence, p_equals, signed
from gridctl.report.population import counted, other_reading, spoken_of
from gridctl.report.scope import Scope
from gridctl.terminal.console import count

MOST_CELLS_LISTED: Final = 4
"""A headline that would list more cells gives the range of their differences instead."""


def headlines(
    rows: Sequence[ComparisonRow],
    unit: str,
    scope: Scope,
    *,
    unfinished: int = 0,
    runs: int = 0,
    overall: Overall | None = None,
) -> Iterator[str]:
    """The result of one comparison on one metric, in a sentence or two.

    Args:
        rows: Its cells, corrected.
        unit: `run` or `epoch`; pooled epochs get no headline.
        scope: What the metric is of.
        unfinished: Runs of these models that the grid still waits for.
        runs: Runs of these models in the grid.
        overall: Its test over the whole grid, which comes first if there are several cells.
    """
    if not rows or unit == "epoch":
        return
    first = overall if overall is not None and len(rows) > 1 else None
    lead = "" if first is None or first.unfinished or first.p is None else _overall(first, rows)
    tested = [row for row in rows if _is_tested(row)]
    told = ""
    if tested:
        leads = first if first is not None and lead else tested[0]
        looked = _looked(rows)
        told = f". {spoken_of(leads, scope)}{looked}{other_reading(leads, scope, looked=bool(looked))}"
    for line in _answers(rows, scope.label, lead, unfinished, runs):
        yield line + told


def _looked(rows: Sequence[ComparisonRow]) -> str:
    """Which look this is, if several are allowed; else empty."""
    if any(row.log_e is not None for row in rows):
        return (
            ". The intervals and p above stay valid, each by itself, however often one looks, if the differences of "
            "pairs are independent and normal"
        )
    looks = sorted({row.look for row in rows if row.first_look and row.look})
    if not looks:
        return ""
    return (
        f". Looked at as declared, with {' or '.join(map(str, looks))} pairs; intervals and p above allow for all looks"
    )


def _is_tested(row: ComparisonRow) -> bool:
    return row.difference is not None and not waits(row) and not not_tested(row)


def _overall(row: Overall, rows: Sequence[ComparisonRow]) -> str:
    """The test over all cells in words, as the beginning of a sentence about each of them."""
    size = f" ({signed(row.difference)}, {confidence(row.ci_low, row.ci_high)}{_p(row)}, {counted(row)})"
    holm = f" after Holm over {row.family_size} such tests" if row.family_size > 1 else ""
    everywhere, each = _cells(rows)
    return f"over {everywhere} {row.verdict}{size}{holm}; {each}, "


def _cells(rows: Sequence[ComparisonRow]) -> tuple[str, str]:
    """`all 3 train ratios` and `ratio by ratio`: all cells of a comparison, and each of them."""
    ratios, ablations = {row.train_ratio for row in rows}, {row.ablation for row in rows}
    all_of = "both" if len(rows) == 2 else f"all {len(rows)}"
    if len(ablations) == 1:
        return f"{all_of} train ratios", "ratio by ratio"
    cells = "variants (with and without ablation)" if len(ratios) == 1 else "combinations of train ratio and ablation"
    return f"{all_of} {cells}", "one by one"


def _answers(rows: Sequence[ComparisonRow], metric: str, lead: str, unfinished: int, runs: int) -> Iterator[str]:
    names = f"{metric}, ablations of {rows[0].model}" if _ablations(rows) else metric
    not_done = f"{unfinished} of {count(runs, 'run')} {'is' if unfinished == 1 else 'are'} not finished"
    found: dict[str, list[ComparisonRow]] = {}
    for row in rows:
        if is_significant(row):
            first, second = sides(row)
            ahead = (row.difference or 0) > 0
            better, worse = (first, second) if ahead == row.higher_is_better else (second, first)
            found.setdefault(f"{better} is better than {worse}", []).append(row)
    if not found:
        pair = "" if _ablations(rows) else f", {rows[0].model} against {rows[0].against}"
        if rows[0].first_look and all(waits(row) for row in rows):
            yield f"{names}{pair}: {waiting(rows[0])}"
        elif unfinished and not any(row.look for row in rows):
            yield f"{names}{pair}: {_not_yet(rows, not_done)}"
        else:
            yield f"{names}{pair}: {lead}{_nothing_found(rows)}"
        return
    parts = [f"{said} {_places(places, len(rows))}" for said, places in found.items()]
    same = [row for row in rows if row.equivalent and not is_significant(row)]
    if same:
        parts.append(f"{_within(same, len(rows))}")
    if open_cells := len(rows) - len(same) - sum(map(len, found.values())):
        parts.append(f"{open_cells} of {len(rows)} comparisons {'allows' if open_cells == 1 else 'allow'} no verdict")
    start = f"so far ({not_done}) " if unfinished and not any(row.look for row in rows) else ""
    yield f"{names}: {lead}{start}{'; '.join(parts)}{_holm(rows)}"


def _within(same: Sequence[ComparisonRow], cells: int) -> str:
    """How many cells are equivalent, by what margin."""
    margin = f"within the declared margin of ±{same[0].equivalence_margin:g}"
    return f"{len(same)} of {cells} {'is' if len(same) == 1 else 'are'} equivalent {margin}"


def _ablations(rows: Sequence[ComparisonRow]) -> bool:
    return rows[0].model == rows[0].against


def _holm(rows: Sequence[ComparisonRow]) -> str:
    size = rows[0].family_size
    return f" (after Holm over {size} tests)" if size > 1 else ""


def _not_yet(rows: Sequence[ComparisonRow], waits: str) -> str:
    """What is known while runs are missing: numbers, but no result."""
    known = [row for row in rows if row.difference is not None]
    return f"no answer yet, {waits}" + (f"; so far {_range(known)}" if known else "")


def _nothing_found(rows: Sequence[ComparisonRow]) -> str:
    tested = [row for row in rows if not not_tested(row)]
    if not tested:
        return f"nothing could be tested: {'; '.join(dict.fromkeys(not_tested(row) for row in rows))}"
    if len(rows) == 1:
        return f"{rows[0].verdict.removesuffix(whose(rows[0]))} {_alone(rows[0])}{_holm(rows)}"
    least = "" if len(tested) == len(rows) else f" of the {len(tested)} that could be tested (of {len(rows)})"
    if few := next((row for row in tested if _would_be_significant(row)), None):
        return f"{too_few(few)} are too few to call a difference significant: {_range(tested)}"
    same = [row for row in tested if row.equivalent]
    if len(same) == len(rows):
        margin = f"equivalent within the declared margin of ±{same[0].equivalence_margin:g}"
        return f"all are {margin}{_together(rows)}: {_range(rows)}"
    equivalent = f"; {_within(same, len(rows))}" if same else ""
    return f"no difference{least} is significant{_holm(rows)}: {_range(tested)}{equivalent}"


def _together(rows: Sequence[ComparisonRow]) -> str:
    """` (after Holm over 2 tests; ...)`: what makes all of them one answer."""
    size = rows[0].family_size
    parts = [*([f"after Holm over {size} tests"] if size > 1 else []), *filter(None, [_probably(rows)])]
    return f" ({'; '.join(parts)})" if parts else ""


def _probably(rows: Sequence[ComparisonRow]) -> str:
    """The posterior probability that all of them are within the margin, at the least: by Bonferroni's inequality."""
    outside = [1 - row.rope_within for row in rows if row.rope_within is not None]
    if len(outside) < len(rows):
        return ""
    least = max(0.0, 1 - sum(outside))
    shown = "more than 99%" if least > 0.99 else f"at least {int(100 * least)}%"
    return f"posterior probability of all of them {shown}"


def _would_be_significant(row: ComparisonRow) -> bool:
    """Whether only the number of pairs keeps the difference from being significant."""
    small = row.p_holm is not None and row.p_holm <= LEVEL
    return small and bool(too_few(row)) and row.difference is not None and not prints_as_zero(row.difference)


def _places(rows: Sequence[ComparisonRow], cells: int) -> str:
    if cells == 1:
        return _alone(rows[0])
    if len(rows) > MOST_CELLS_LISTED:
        return f"at {len(rows)} of {cells} cells of the grid: {_range(rows)}"
    named = (f"{row.train_ratio:g}" if _ablations(rows) else cell_name(row) for row in rows)
    return f"at ratio {listed([f'{name} {measured(row)}' for name, row in zip(named, rows, strict=True)])}"


def _alone(row: ComparisonRow) -> str:
    """The only cell: its train ratio, what was measured, and p."""
    place = f"{row.train_ratio:g}" if row.model == row.against else cell_name(row)
    size = f"{signed(row.difference)}, {confidence(row.ci_low, row.ci_high)}{_p(row)}"
    return f"(at ratio {place}: {size}, {counted(row)})"


def _p(row: ComparisonRow | Overall) -> str:
    """`, p = .012`: the corrected p of what is claimed, that of equivalence where the sides are called equivalent."""
    if row.equivalent and row.p_tost_holm is not None and (row.p_holm is None or row.p_holm > LEVEL):
        return f", {p_equals(row.p_tost_holm)} by two one-sided tests"
    if row.p_holm is None or (row.p_holm <= LEVEL and prints_as_zero(row.difference or 0)):
        return ""  # a difference too small to be shown is no finding, whatever its p
    return f", {p_equals(row.p_holm)}"


def measured(row: ComparisonRow) -> str:
    """`(+0.050, 95% CI [0.040, 0.060], n = 5 pairs)`: size, interval and number of pairs."""
    return f"({signed(row.difference)}, {confidence(row.ci_low, row.ci_high)}, {counted(row)})"


def _range(rows: Sequence[ComparisonRow]) -> str:
    differences = sorted(row.difference for row in rows if row.difference is not None)
    samples = {counted(row) for row in rows}
    pairs = sorted(row.n_pairs or min(row.n_model, row.n_against) for row in rows)
    n = samples.pop() if len(samples) == 1 else f"n = {pairs[0]} to {pairs[-1]} pairs"
    if len(differences) == 1:
        return f"difference {signed(differences[0])}, {n}"
    return f"differences {signed(differences[0])} to {signed(differences[-1])}, {n}"
