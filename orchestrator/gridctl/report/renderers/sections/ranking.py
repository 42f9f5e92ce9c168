"""Tables of ranks, and of performance profiles at a few round scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.analysis.model import ModelRank, ProfilePoint, Report
from gridctl.experiment.scores.measures import titled
from gridctl.report.numbers import MISSING
from gridctl.report.rankings import FEW_UNITS, drawn
from gridctl.report.renderers.sections.section import Section
from gridctl.terminal.console import count

_THRESHOLDS_SHOWN: Final = 4


def ranking_sections(report: Report) -> Iterator[Section]:
    """One table of ranks per score if there are three or more models, then one of profiles."""
    ranks: dict[str, list[ModelRank]] = defaultdict(list)
    for row in report.ranks:
        ranks[row.metric].append(row)
    for metric, rows in ranks.items():
        yield ranks_of(report, metric, rows)
    points: dict[str, list[ProfilePoint]] = defaultdict(list)
    for point in report.profiles:
        points[point.metric].append(point)
    for metric, of_metric in points.items():
        yield _profiles(report, metric, of_metric)


def ranks_of(report: Report, metric: str, rows: Sequence[ModelRank]) -> Section:
    """Models in the order of their ranks."""
    digits = 3 if report.measures[metric].high == 1 else 1
    cells = [
        [
            row.model,
            f"{row.rank:g}",
            f"{row.mean:.{digits}f}",
            MISSING if row.mean_rank is None else f"{row.mean_rank:.2f}",
            MISSING if row.rank_low is None else f"{row.rank_low:g} to {row.rank_high:g}",
            MISSING if row.first is None else f"{row.first:.0%}",
        ]
        for row in rows
    ]
    first = rows[0]
    on = f"{count(first.n_seeds, 'seed')}" + (f" and {count(first.patients, 'patient')}" if first.patients else "")
    bootstrap = (
        f"mean rank, 95% of ranks and first: over {first.resamples} bootstrap samples of {drawn(first)}"
        if first.resamples
        else f"{drawn(first)}, too few for a bootstrap"
    )
    caption = (
        f"rank by the mean over {count(first.cells, 'cell')} of what all models share ({on}); {bootstrap}; no test"
    )
    columns = ["model", "rank", "mean", "mean rank", "95% of ranks", "first"]
    title = f"{titled(report.measures[metric])}: ranks of {first.models} models"
    return Section(title, columns, cells, caption=caption, text_columns=("model",))


def _profiles(report: Report, metric: str, points: Sequence[ProfilePoint]) -> Section:
    measure = report.measures[metric]
    by_model: dict[str, list[ProfilePoint]] = defaultdict(list)
    for point in points:
        by_model[point.model].append(point)
    of_first = next(iter(by_model.values()))
    step = max(1, len(of_first) // (_THRESHOLDS_SHOWN + 1))
    places = list(range(step, len(of_first), step))[:_THRESHOLDS_SHOWN] or [0]
    sign = ">" if measure.higher_is_better else "<"
    digits = 3 if measure.high == 1 else 1
    columns = ["model", *(f"{sign} {of_first[at].threshold:.{digits}f}" for at in places)]
    rows = [[name, *(_share(of_model[at]) for at in places)] for name, of_model in by_model.items()]
    return Section(
        f"{titled(measure)}: performance profiles",
        columns,
        rows,
        caption=profile_caption(points[0], bands=points[0].low is not None),
        text_columns=("model",),
    )


def profile_caption(point: ProfilePoint, *, bands: bool) -> str:
    """How to read a profile.

    Args:
        point: One of its points.
        bands: Whether it has intervals.
    """
    of = "patients, each by the mean over seeds," if point.claim == "population" else "runs"
    unit = count(point.n, "patient" if point.claim == "population" else "seed")
    said = f"share of {of} with a score better than each threshold, mean over cells"
    if not bands:
        return f"{said}; {unit}, too few for a band"
    few = ", too narrow for so few" if point.n < FEW_UNITS else ""
    return f"{said}; pointwise 95% bootstrap intervals over {unit}{few}"


def _share(point: ProfilePoint) -> str:
    if point.low is None or point.high is None:
        return f"{point.share:.0%}"
    return f"{point.share:.0%} [{100 * point.low:.0f}, {100 * point.high:.0f}]"
