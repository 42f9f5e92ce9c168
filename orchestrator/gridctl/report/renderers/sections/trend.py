"""Tables of trends over the train ratio, and of the effects of ablations on a lead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gridctl.analysis.inference.trend_wording import is_significant_trend
from gridctl.analysis.model import Interaction, Report, TrendTest
from gridctl.experiment.scores.measures import titled
from gridctl.report.renderers.sections.section import Section
from gridctl.report.trends import INTERACTION_COLUMNS, TREND_COLUMNS, interaction_cells, trend_cells


def trend_sections(report: Report) -> Iterator[Section]:
    """One table of trends per metric, then one of interactions per comparison and metric."""
    by_metric: dict[str, list[TrendTest]] = defaultdict(list)
    for part in report.comparisons:
        for row in part.trends:
            by_metric[row.metric].append(row)
    for metric, rows in by_metric.items():
        yield _trends(report, metric, rows)
    changed: dict[tuple[str, str, str], list[Interaction]] = defaultdict(list)
    for part in report.comparisons:
        for test in part.interactions:
            changed[test.metric, test.model, test.against].append(test)
    for (metric, model, against), tests in changed.items():
        yield _interactions(report, metric, f"{model} against {against}", tests)


def _trends(report: Report, metric: str, rows: list[TrendTest]) -> Section:
    cells = [line for row in rows for line in trend_cells(row)]
    sure = frozenset(
        at
        for at, row in enumerate(row for row in rows for _ in trend_cells(row))
        if row.declared and is_significant_trend(row)
    )
    exact = all(row.page_exact for row in rows)
    caption = (
        "change of the lead with every halving of the data; these patients: t over one slope per seed; patients like "
        "these: two-way t over each patient's slope, of those scored at every ratio; Page: one-sided, "
        f"{'exact' if exact else 'normal approximation'}, takes ratios for exchangeable"
    )
    undeclared = (
        [] if all(row.declared for row in rows) else ["not declared (compare.trend), so not part of the answer"]
    )
    notes = [*(row.verdict for row in rows), *undeclared]
    title = f"{titled(report.measures[metric])}: trend over the train ratio"
    return Section(title, list(TREND_COLUMNS), cells, sure, caption, notes, text_columns=("compared",))


def _interactions(report: Report, metric: str, compared: str, tests: list[Interaction]) -> Section:
    caption = (
        "lead under the ablation minus that without it, mean over train ratios; paired t over seeds: these patients"
    )
    title = f"{titled(report.measures[metric])}, {compared}: does an ablation change the lead?"
    cells = [interaction_cells(row) for row in tests]
    notes = list(dict.fromkeys(row.verdict for row in tests))
    return Section(title, list(INTERACTION_COLUMNS), cells, frozenset(), caption, notes)
