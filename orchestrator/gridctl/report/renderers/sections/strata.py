"""Scores by group, vendor and centre of patients, as tables of text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.analysis.model import Report, Stratum
from gridctl.experiment.scores.measures import titled
from gridctl.report.numbers import MISSING, mean_sd
from gridctl.report.renderers.sections.section import Section

_SUBGROUPS: Final = {"group": "pathology"}
"""What subgroups call a property of patients by another name."""


def strata_sections(report: Report) -> Iterator[Section]:
    """A table per score and property of patients, where no table of subgroups has them already.

    Time points stand apart in the scorecard.
    """
    tested = {(row.metric, row.by) for part in report.comparisons for row in part.subgroups}
    tables: dict[tuple[str, str], list[Stratum]] = defaultdict(list)
    for row in report.strata:
        if row.by != "time_point" and (row.metric, _SUBGROUPS.get(row.by, row.by)) not in tested:
            tables[row.metric, row.by].append(row)
    for (metric, by), rows in tables.items():
        yield _table(report, metric, by, rows)


def _table(report: Report, metric: str, by: str, rows: Sequence[Stratum]) -> Section:
    models = list(dict.fromkeys(row.model for row in rows))
    ablated = any(row.ablation != "none" for row in rows)
    at = {(row.train_ratio, row.ablation, row.stratum, row.model): row for row in rows}
    lines = []
    for ratio, ablation in dict.fromkeys((row.train_ratio, row.ablation) for row in rows):
        for stratum in dict.fromkeys(row.stratum for row in rows):
            found = [at.get((ratio, ablation, stratum, model)) for model in models]
            if any(found):
                line = [f"{ratio:g}", *([ablation] if ablated else []), stratum]
                line += [MISSING if row is None else mean_sd(row.mean, row.sd) for row in found]
                lines.append([*line, str(max(row.patients for row in found if row is not None))])
    return Section(
        f"{titled(report.measures[metric])} by {by}",
        ["ratio", *(["ablation"] if ablated else []), by, *models, "n"],
        lines,
        caption="mean (sd between patients) of each run's patients, mean over runs; n: distinct patients; not tested",
        text_columns=("ablation", by),
    )
