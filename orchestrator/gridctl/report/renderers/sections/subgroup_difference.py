"""Tables of whether a difference is the same in all subgroups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.analysis.inference.subgroup_wording import is_significant_difference
from gridctl.analysis.model import Report, SubgroupDifference
from gridctl.report.numbers import MISSING, p_value, signed
from gridctl.report.renderers.sections.section import Section
from gridctl.report.scope import key_of_time_points
from gridctl.terminal.console import count

MOST_ROWS: Final = 40
"""Most rows of a table; all of them are in subgroup_differences.csv and in the JSON."""

_WELCH: Final = "Welch F"
_TEST: Final = {
    _WELCH: "Welch's F-test of the subgroups' mean differences per patient, adjusted for what each seed does to all "
    "patients; what a seed does to one subgroup is part of the error",
    "two-way": "two-way t over seeds and patients of each subgroup against the others in the same patients, Bonferroni",
    "paired t": "paired t over seeds of each subgroup against the others, Bonferroni",
}


def subgroup_difference_sections(report: Report) -> Iterator[Section]:
    """A table for each comparison and score: declared tests first, then exploratory ones."""
    for part in report.comparisons:
        tables: dict[str, list[SubgroupDifference]] = defaultdict(list)
        for row in part.subgroup_differences:
            tables[row.label].append(row)
        for rows in tables.values():
            yield _section(sorted(rows, key=lambda row: not row.declared))


def _section(rows: Sequence[SubgroupDifference]) -> Section:
    ablated = any(row.ablation != "none" for row in rows)
    columns = ["by", *(["ablation"] if ablated else []), "ratio", "smallest", "largest"]
    columns += ["p", "Holm", "seeds x patients"]
    cells = []
    for row in rows[:MOST_ROWS]:
        line = [row.by.replace("_", " "), *([row.ablation] if ablated else []), f"{row.train_ratio:g}"]
        line += [_end(row.smallest_difference, row.smallest), _end(row.largest_difference, row.largest)]
        cells.append([*line, p_value(row.p), p_value(row.p_holm), f"{row.n_seeds} x {row.patients}"])
    first = rows[0]
    named = (name for name in dict.fromkeys(row.test for row in rows) if name in _TEST)
    tests = "; ".join(f"{_TEST[name]} ({_degrees_of_freedom(rows, name)})" for name in named)
    declared = next((row.family_size for row in rows if row.declared), 0)
    corrected = f"p after Holm over {count(declared, 'declared test')}" if declared else ""
    parts = ["smallest and largest difference of a subgroup", tests, corrected]
    if any(not row.declared for row in rows):
        parts.append("what is not declared (compare.subgroups) is exploratory: p unadjusted, nothing is claimed")
    parts.append(key_of_time_points([name for row in rows for name in row.subgroups]))
    notes = [f"{name}: {verdict}" for verdict, name in _verdicts([row for row in rows if row.declared])]
    if len(rows) > MOST_ROWS:
        notes.append(f"{len(rows) - MOST_ROWS} more rows in subgroup_differences.csv (report -o DIR) and in the JSON")
    return Section(
        f"{first.label}, {first.model} against {first.against}: is the difference the same in all subgroups?",
        columns,
        cells,
        frozenset(at for at, row in enumerate(rows[:MOST_ROWS]) if is_significant_difference(row)),
        "; ".join(filter(None, parts)),
        notes,
        text_columns=("by", "ablation", "smallest", "largest"),
    )


def _degrees_of_freedom(rows: Sequence[SubgroupDifference], test: str) -> str:
    """`2 and 24.1 to 27.6 degrees of freedom`: those of groups, where F has them, and of the error."""
    own = [row for row in rows if row.test == test]
    errors = sorted(row.error_degrees_of_freedom for row in own)
    ends = " to ".join(dict.fromkeys(f"{value:.1f}".removesuffix(".0") for value in (errors[0], errors[-1])))
    groups = sorted({f"{row.degrees_of_freedom:g}" for row in own})
    return f"{' or '.join(groups)} and {ends} degrees of freedom" if test == _WELCH else f"{ends} degrees of freedom"


def _end(difference: float | None, name: str) -> str:
    return f"{signed(difference)} {name}" if name else MISSING


def _verdicts(rows: Sequence[SubgroupDifference]) -> Iterator[tuple[str, str]]:
    """Each verdict once, with where it holds."""
    places: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        ablation = "" if row.ablation == "none" else f" ({row.ablation})"
        places[row.verdict].append(f"{row.by.replace('_', ' ')} at ratio {row.train_ratio:g}{ablation}")
    for verdict, named in places.items():
        yield verdict, ", ".join(named)
