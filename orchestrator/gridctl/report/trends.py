"""Trends and interactions as sentences and rows of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gridctl.analysis.model import Interaction, TrendTest
from gridctl.report.numbers import MISSING, confidence, interval, p_equals, p_value, signed
from gridctl.report.scope import Scope
from gridctl.terminal.console import count


def trend_headlines(rows: Iterable[TrendTest], scope: Scope) -> Iterator[str]:
    """The result of each trend that was declared, in a sentence or two."""
    for row in rows:
        if not row.declared:
            continue
        line = f"{scope.label}, trend of {row.model} against {row.against}: {row.verdict}"
        if row.p is not None and not row.unfinished:
            seeds = count(row.n_seeds, "seed")
            n = f"{seeds}, {count(row.patients, 'patient')}" if row.claim == "population" else seeds
            holm = f", after Holm over {row.family_size} trends" if row.family_size > 1 else ""
            p = "" if row.p_holm is None else f", {p_equals(row.p_holm)}"
            line += f" ({signed(row.per_halving)} per halving, {confidence(row.ci_low, row.ci_high)}{p}, n = {n}{holm})"
            line += f". Population: {scope.of_claim(row.claim, row.patients)}"
        yield line


TREND_COLUMNS = ("compared", "per halving", "95% CI", "p", "Holm", "Page", "n")


def trend_cells(row: TrendTest) -> Iterator[list[str]]:
    """A trend's rows of a table: the declared claim's reading, and the other one where there is one."""
    name = f"{row.model} - {row.against}"
    cells = [signed(row.cohort_per_halving), interval(row.cohort_low, row.cohort_high), p_value(row.cohort_p)]
    holm = p_value(row.p_holm)
    of_cohort = row.claim == "cohort"
    yield [f"{name}, these patients", *cells, holm if of_cohort else MISSING, p_value(row.p_page), str(row.n_seeds)]
    if row.population_per_halving is not None:
        cells = [signed(row.population_per_halving), interval(row.population_low, row.population_high)]
        p = [p_value(row.population_p), MISSING if of_cohort else holm, MISSING]
        yield [f"{name}, patients like these", *cells, *p, f"{row.n_seeds} x {row.patients}"]


INTERACTION_COLUMNS = ("ablation", "change of lead", "95% CI", "p", "Holm", "n")


def interaction_cells(row: Interaction) -> list[str]:
    """An interaction's row of a table."""
    cells = [signed(row.difference), interval(row.ci_low, row.ci_high), p_value(row.p), p_value(row.p_holm)]
    return [row.ablation, *cells, str(row.n_seeds)]
