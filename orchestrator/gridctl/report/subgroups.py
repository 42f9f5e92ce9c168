"""Results on declared subgroups as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridctl.analysis.inference.subgroup_wording import (
    is_ahead,
    is_significant_difference,
    is_significant_subgroup,
    too_few,
)
from gridctl.analysis.model import SubgroupDifference, SubgroupTest
from gridctl.analysis.wording import listed, sentence
from gridctl.report.numbers import MISSING, confidence, p_equals, signed
from gridctl.report.scope import Scope, spelled
from gridctl.terminal.console import count

_MOST_LISTED = 4


def subgroup_headlines(rows: Sequence[SubgroupTest], scope: Scope) -> Iterator[str]:
    """The result on the declared subgroups of one comparison by one score, in a sentence; none for exploratory ones.

    Args:
        rows: Its subgroup tests, corrected.
        scope: What the compared score is of.
    """
    declared = [row for row in rows if row.declared]
    if not declared:
        return
    name = f"{scope.label}, subgroups by {listed([_by(by) for by in dict.fromkeys(row.by for row in declared)])}"
    name += f", {declared[0].model} against {declared[0].against}"
    if waiting := sum(bool(row.unfinished) for row in declared):
        yield f"{name}: no answer yet, {waiting} of {count(len(declared), 'test')} wait for runs"
        return
    if all(row.p is None for row in declared):
        yield f"{name}: nothing could be tested: {'; '.join(dict.fromkeys(row.verdict for row in declared))}"
        return
    holm = f" (after Holm over {declared[0].family_size} tests)" if declared[0].family_size > 1 else ""
    found = [row for row in declared if is_significant_subgroup(row)]
    parts = list(_found(found, len(declared))) or ["no difference is shown in any of them"]
    others = [row for row in declared if row not in found and not too_few(row)]
    if found and others:
        parts.append(f"{len(others)} of {len(declared)} tests {'shows' if len(others) == 1 else 'show'} none")
    if small := [row for row in declared if too_few(row)]:
        named = listed(list(dict.fromkeys(f"{spelled(row.subgroup)} ({too_few(row)})" for row in small)))
        parts.append(f"too few to test: {named}")
    yield f"{name}: {'; '.join(parts)}{holm}. Population: {scope.of_subgroups(declared[0].claim)}"


def difference_headlines(rows: Sequence[SubgroupDifference], scope: Scope) -> Iterator[str]:
    """Whether the difference of one comparison by one score is the same in declared subgroups, a sentence each.

    Args:
        rows: Its tests, corrected.
        scope: What the score is of.
    """
    declared = [row for row in rows if row.declared]
    for by in dict.fromkeys(row.by for row in declared):
        own = [row for row in declared if row.by == by]
        name = f"{scope.label}: does the difference between {own[0].model} and {own[0].against} depend on {_by(by)}?"
        tested = [row for row in own if row.p is not None and not row.unfinished]
        if not tested:
            yield f"{name} {sentence('; '.join(dict.fromkeys(row.verdict for row in own)))}"
            continue
        holm = f" (after Holm over {own[0].family_size} tests)" if own[0].family_size > 1 else ""
        found = [row for row in tested if is_significant_difference(row)]
        shown = "; ".join(f"at ratio {_cell(row)} {apart(row)}" for row in found[:_MOST_LISTED])
        more = f" and in {len(found) - _MOST_LISTED} more cells" if len(found) > _MOST_LISTED else ""
        said = f"Yes: {shown}{more}{holm}" if found else f"Not shown{_smallest(tested)}"
        yield f"{name} {said}. Population: {scope.of_claim(own[0].claim, max(row.patients for row in own))}"


def _smallest(rows: Sequence[SubgroupDifference]) -> str:
    """The test that comes nearest, by p before correction: corrected ones are often all 1."""
    row = min(rows, key=lambda row: 1.0 if row.p is None else row.p)
    size = row.family_size
    after = f", {p_equals(row.p_holm)} after Holm over {size} tests" if row.p_holm is not None and size > 1 else ""
    told = f"{_ends(row)} ({p_equals(row.p or 0.0)}{after}, {_n(row)})"
    return f": {told}" if len(rows) == 1 else f" at any ratio: p is smallest at ratio {_cell(row)}, {told}"


def _cell(row: SubgroupDifference) -> str:
    return f"{row.train_ratio:g}" + ("" if row.ablation == "none" else f" ({row.ablation})")


def apart(row: SubgroupDifference) -> str:
    """`from 0.000 in NOR to +0.080 in DCM, p = .003, n = 5 seeds, 12 patients`."""
    equals = MISSING if row.p_holm is None else p_equals(row.p_holm)
    return f"{_ends(row)} ({equals}, {_n(row)})"


def _ends(row: SubgroupDifference) -> str:
    low, high = signed(row.smallest_difference), signed(row.largest_difference)
    return f"from {low} in {spelled(row.smallest)} to {high} in {spelled(row.largest)}"


def _n(row: SubgroupDifference) -> str:
    return f"n = {count(row.n_seeds, 'seed')}, {count(row.patients, 'patient')}"


def _found(rows: Sequence[SubgroupTest], tests: int) -> Iterator[str]:
    """What is significant, of so many tests."""
    by_winner: dict[str, list[SubgroupTest]] = {}
    for row in rows:
        better, worse = (row.model, row.against) if is_ahead(row) else (row.against, row.model)
        by_winner.setdefault(f"{better} is better than {worse}", []).append(row)
    for said, of_winner in by_winner.items():
        shown = [f"{place(row)} {_measured(row)}" for row in of_winner[:_MOST_LISTED]]
        more = len(of_winner) - len(shown)
        others = f" and in the {more} other tests" if len(of_winner) == tests else f" and {more} more"
        yield f"{said} in {listed(shown)}" + (others if more else "")


def place(row: SubgroupTest) -> str:
    """`DCM at ratio 0.2`."""
    ablation = "" if row.ablation == "none" else f", {row.ablation}"
    score = f" ({row.label})" if row.by == "slice_position" else ""
    return f"{spelled(row.subgroup)}{score} at ratio {row.train_ratio:g}{ablation}"


def counted(row: SubgroupTest) -> str:
    """`5 x 12`: seeds and patients."""
    return f"{row.n_seeds} x {row.patients}"


def _measured(row: SubgroupTest) -> str:
    n = f"{count(row.n_seeds, 'seed')}, {count(row.patients, 'patient')}"
    return f"({signed(row.difference)}, {confidence(row.ci_low, row.ci_high)}, n = {n})"


def _by(by: str) -> str:
    return by.replace("_", " ")
