"""Tables of subgroups: declared ones with corrected p, exploratory ones with unadjusted intervals and no verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.analysis.inference.stopping import ANYTIME
from gridctl.analysis.inference.subgroup_wording import is_significant_subgroup
from gridctl.analysis.model import Report, SubgroupTest
from gridctl.report.numbers import interval, p_value, signed
from gridctl.report.renderers.sections.section import Section
from gridctl.report.scope import key_of_time_points
from gridctl.report.subgroups import counted
from gridctl.terminal.console import count

MOST_ROWS: Final = 40
"""Most rows of an exploratory table; all of them are in subgroups.csv and in the JSON."""

_WARNED: Final = "a difference in one subgroup and none in another is not a difference between the two"


def subgroup_sections(report: Report, most: int = MOST_ROWS) -> Iterator[Section]:
    """A table of declared and one of exploratory subgroups per comparison and score.

    Args:
        report: The report.
        most: Most rows of an exploratory table.
    """
    for part in report.comparisons:
        tables: dict[tuple[bool, str], list[SubgroupTest]] = defaultdict(list)
        for row in part.subgroups:
            tables[row.declared, _label(report, row)].append(row)
        for declared in (True, False):
            for (is_declared, label), rows in tables.items():
                if is_declared == declared:
                    yield _section(rows, label, declared, len(rows) if declared else most)


def _label(report: Report, row: SubgroupTest) -> str:
    """Name of the score of a table."""
    if row.by != "slice_position":
        return row.label
    measure = report.measures[row.compared]
    return f"in-plane HD95 beside {measure.label}"


def _section(rows: Sequence[SubgroupTest], label: str, declared: bool, most: int) -> Section:
    ablated = any(row.ablation != "none" for row in rows)
    columns = ["subgroup", *(["ablation"] if ablated else []), "ratio", "diff.", "95% CI"]
    columns += [*(["p", "Holm"] if declared else []), "seeds x patients"]
    cells = []
    for row in rows[:most]:
        line = [f"{row.by.replace('_', ' ')} {row.subgroup}", *([row.ablation] if ablated else [])]
        line += [f"{row.train_ratio:g}", signed(row.difference), interval(row.ci_low, row.ci_high)]
        line += [*([p_value(row.p), p_value(row.p_holm)] if declared else []), counted(row)]
        cells.append(line)
    first = rows[0]
    kind = "declared" if declared else "exploratory"
    test = "two-way t over seeds and patients" if first.claim == "population" else "paired t over seeds"
    if any(row.test == ANYTIME for row in rows):
        test = "e-values over seeds, with intervals that hold after every seed"
    corrected = (
        f"p after Holm over the {count(first.family_size, 'declared test')} of subgroups"
        if declared
        else "not declared (compare.subgroups), so intervals are unadjusted and nothing is claimed"
    )
    key = key_of_time_points([row.subgroup for row in rows])
    notes = list(_verdicts(rows)) if declared else list(_few(rows))
    if len(rows) > most:
        notes.append(f"{len(rows) - most} more rows in subgroups.csv (report -o DIR) and in the JSON")
    return Section(
        f"{label}, {first.model} against {first.against}: subgroups, {kind}",
        columns,
        cells,
        frozenset(at for at, row in enumerate(rows[:most]) if is_significant_subgroup(row)),
        "; ".join(filter(None, [f"{test}, within the subgroup", corrected, _WARNED, key])),
        notes,
        text_columns=("subgroup", "ablation"),
    )


def _verdicts(rows: Sequence[SubgroupTest]) -> Iterator[str]:
    cells: dict[str, list[SubgroupTest]] = defaultdict(list)
    for row in rows:
        cells[row.verdict].append(row)
    for verdict, alike in cells.items():
        places: dict[str, list[str]] = defaultdict(list)
        for row in alike:
            ablation = "" if row.ablation == "none" else f" ({row.ablation})"
            places[row.subgroup].append(f"{row.train_ratio:g}{ablation}")
        said = "; ".join(f"{name} at ratio {', '.join(ratios)}" for name, ratios in places.items())
        yield f"{said}: {verdict}"


def _few(rows: Sequence[SubgroupTest]) -> Iterator[str]:
    yield from _verdicts([row for row in rows if "too few" in row.verdict or row.unfinished])
