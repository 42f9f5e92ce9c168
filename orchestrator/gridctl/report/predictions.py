"""The answer of a comparison with masks in sentences, and what must be known of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gridctl.analysis.model.predictions import PredictionsRow
from gridctl.analysis.predictions.wording import is_significant, population, said
from gridctl.analysis.request import ReportRequest
from gridctl.analysis.wording import listed
from gridctl.experiment import Experiment
from gridctl.report.headline import MOST_CELLS_LISTED
from gridctl.report.numbers import confidence, p_equals, signed
from gridctl.report.scope import Scope
from gridctl.terminal.console import count


def prediction_headlines(rows: Sequence[PredictionsRow], scopes: Mapping[str, Scope]) -> Iterator[str]:
    """A sentence for each comparison and primary score, with whom it holds for.

    Args:
        rows: All of a report, corrected.
        scopes: What each score is of.
    """
    parts: dict[tuple[str, str, str], list[PredictionsRow]] = defaultdict(list)
    for row in rows:
        if not row.secondary:
            parts[row.model, row.against, row.metric].append(row)
    for (model, against, metric), own in parts.items():
        scope = scopes[metric]
        yield f"{scope.label}, {model} against the masks of {against}: {_answer(own)}{_population(own, scope)}"


def _answer(rows: Sequence[PredictionsRow]) -> str:
    holm = f" (after Holm over {rows[0].family_size} tests)" if rows[0].family_size > 1 else ""
    if len(rows) == 1:
        return f"{said(rows[0])}{_measured(rows[0], alone=True)}{holm}"
    found = [row for row in rows if is_significant(row)]
    if len(rows) <= MOST_CELLS_LISTED:
        return "; ".join(f"at ratio {places} {words}" for words, places in _by_answer(rows)) + holm
    ends = sorted(row.difference for row in rows if row.difference is not None)
    span = f", differences {signed(ends[0])} to {signed(ends[-1])}" if ends else ""
    if not found:
        return f"no difference is shown in any of {len(rows)} cells of the grid{span}{holm}"
    told = defaultdict(list)
    for row in found:
        told[said(row)].append(place(row))
    parts = [f"at ratio {listed(places)} {words}" for words, places in told.items()]
    return f"{'; '.join(parts)} ({len(found)} of {len(rows)} cells of the grid{span}){holm}"


def _by_answer(rows: Sequence[PredictionsRow]) -> Iterator[tuple[str, str]]:
    """Each answer once, with the cells it is about and what was measured in each."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[said(row)].append(f"{place(row)}{_measured(row)}")
    for words, places in found.items():
        yield words, listed(places)


def _measured(row: PredictionsRow, *, alone: bool = False) -> str:
    """`(+0.030, 95% CI [0.010, 0.050], n = 45 patients)`; of those left out, how many."""
    if row.difference is None:
        return ""
    left_out = f", {row.patients_left_out} left out" if row.patients_left_out else ""
    within = "" if row.ci_low is None else f", {confidence(row.ci_low, row.ci_high)}"
    so_far = "so far " if row.unfinished else ""
    at = f"at ratio {place(row)}: " if alone and row.train_ratio is not None else ""
    p = "" if row.p_holm is None or row.unfinished or not alone else f", {p_equals(row.p_holm)}"
    return f" ({at}{so_far}{signed(row.difference)}{within}{p}, n = {count(row.patients, 'patient')}{left_out})"


def _population(rows: Sequence[PredictionsRow], scope: Scope) -> str:
    tested = [row for row in rows if row.p is not None and not row.unfinished]
    if not tested:
        return ""
    whom = population(tested[0], f"patients like those of {scope.scored}")
    return f". Exploratory: not declared by the experiment. Population: {whom}"


def place(row: PredictionsRow) -> str:
    """`0.3`, `0.3 (no_clahe)`: the cell of the model's runs; empty for masks."""
    if row.train_ratio is None:
        return ""
    return f"{row.train_ratio:g}" + ("" if row.ablation == "none" else f" ({row.ablation})")


def prediction_warnings(
    rows: Sequence[PredictionsRow], request: ReportRequest, experiment: Experiment
) -> Iterator[str]:
    """Comparisons that stand in no file: they may have been chosen after a look at the answer."""
    pairs = list(dict.fromkeys(f"{row.model} against the masks of {row.against}" for row in rows))
    if pairs:
        verb = "is" if len(pairs) == 1 else "are"
        yield (
            f"{listed(pairs)} {verb} asked for here (--against) and not declared by the experiment: exploratory, "
            "unless a plan from before the first look names it"
        )
    if rows and any(item.stopping != "fixed" for item in experiment.compare):
        yield "comparisons with masks are tested once, with all runs there are: declared looks are not theirs"
