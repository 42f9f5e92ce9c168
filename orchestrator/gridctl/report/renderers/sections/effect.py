"""Tables of effect sizes with their intervals, and in how many pairs a model wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridctl.analysis.model import ComparisonRow, Overall
from gridctl.analysis.statistics.improvement import MEANINGFUL, Improvement
from gridctl.report.numbers import effect, share
from gridctl.report.renderers.sections.section import Section


def effect_sizes(title: str, place: Sequence[str], family: Sequence[ComparisonRow], notes: Sequence[str]) -> Section:
    """Both of Hedges' g and the share of pairs won, each with its 95% interval.

    Args:
        title: What is compared.
        place: Columns that tell the rows apart.
        family: One comparison by one score.
        notes: What the share of pairs allows to say.
    """
    rows = []
    for row in family:
        wins = share(row.probability_of_improvement)
        if row.improvement_low is not None and row.improvement_high is not None:
            wins += f" [{100 * row.improvement_low:.0f}, {100 * row.improvement_high:.0f}]"
        rows.append(
            [
                *place_cells(row, place),
                _effect(row.hedges_g_av, row.hedges_g_av_low, row.hedges_g_av_high),
                _effect(row.hedges_g_z, row.hedges_g_z_low, row.hedges_g_z_high),
                wins,
            ]
        )
    caption = (
        "with 95% intervals, of these patients: g_av, g_z: Hedges' g over the models' deviation and over that of "
        "differences; wins: share of pairs of runs in which the first scores better, ties a half, Wilson's interval"
    )
    return Section(f"{title}, effect sizes", [*place, "g_av", "g_z", "wins"], rows, caption=caption, notes=notes)


def _effect(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return effect(value)
    return f"{effect(value)} [{effect(low)}, {effect(high)}]"


def place_columns(family: Sequence[ComparisonRow]) -> list[str]:
    """Columns that distinguish the rows of a table; a ratio that all share is in the title."""
    ablated = any(row.ablation != "none" for row in family)
    return [*([] if ablated and _one_ratio(family) else ["ratio"]), *(["ablation"] if ablated else [])]


def place_cells(row: ComparisonRow, columns: Sequence[str]) -> list[str]:
    """Of one row, the cells of those columns."""
    cells = {"ratio": f"{row.train_ratio:g}", "ablation": row.ablation}
    return [cells[column] for column in columns]


def _one_ratio(family: Sequence[ComparisonRow]) -> bool:
    return len({row.train_ratio for row in family}) == 1


def improvement_said(row: Overall) -> Iterator[str]:
    """Whether one model is better in enough pairs to be meaningful, and by what rule: Bouthillier et al. (2021).

    Nothing is said while runs are missing.
    """
    if row.probability_of_improvement is None or row.unfinished:
        return
    assert row.improvement_low is not None
    assert row.improvement_high is not None
    found = Improvement(row.probability_of_improvement, row.improvement_low, row.improvement_high)
    ends = f"{100 * found.ci_low:.0f}% to {100 * found.ci_high:.0f}%"
    said = f"{row.model} scores better than {row.against} in {found.share:.0%} of pairs of runs (95% CI {ends})"
    by = f"by the rule of Bouthillier et al. (lower end above 50%, upper end above {MEANINGFUL:.0%})"
    if found.meaningful:
        rule = f"significant and meaningful {by}"
    elif found.significant:
        rule = f"significant, but not meaningful, {by}"
    else:
        rule = f"not significant {by}"
    yield f"{row.label}, these patients: {said}; {rule}; descriptive, no verdict rests on it"
