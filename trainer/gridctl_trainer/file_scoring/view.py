"""Prints the scorecard as tables, one for each structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import CaseScores
from gridctl_trainer.contract.wording import count
from gridctl_trainer.file_scoring.summary import EVERY, Summary, one_empty, summarise

_SIGNED: Final = "absolute_"
"""Prefix of the absolute value of a signed error. Both are shown, while mere measurements are only in files."""


def print_scorecard(records: Sequence[CaseScores], metrics: Mapping[str, MetricInfo], console: Console) -> None:
    """Print mean and standard deviation of every score and error, over cases and over patients.

    Args:
        records: Records of cases and patients.
        metrics: The metrics that were computed, by name.
        console: Console to print on.
    """
    summaries = [item for item in summarise(records, metrics) if _is_shown(item.metric, metrics)]
    empty = one_empty(records)
    for structure in dict.fromkeys(item.structure for item in summaries):
        own = [item for item in summaries if item.structure == structure]
        console.print(f"[bold]{escape(structure.replace('_', ' ') or 'all structures together')}[/]")
        console.print(_table(own, metrics))
        if empty[structure]:
            console.print(
                f"{count(empty[structure], 'case')} with one empty mask: the distance there is the volume's diagonal; "
                "look at the median",
                soft_wrap=True,
            )
        console.print()


def _is_shown(name: str, metrics: Mapping[str, MetricInfo]) -> bool:
    return metrics[name].is_score or f"{_SIGNED}{name}" in metrics


def _table(summaries: Sequence[Summary], metrics: Mapping[str, MetricInfo]) -> Table:
    times = [name for name in dict.fromkeys(item.time_point for item in summaries) if name != EVERY]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("mean ± sd", no_wrap=True)
    for name in (*times, "patients", "median", "n"):
        table.add_column(escape(name), justify="right", no_wrap=True)
    table.add_column("without a value")
    by_metric: dict[str, dict[str, Summary]] = {}
    for item in summaries:
        by_metric.setdefault(item.metric, {})[item.time_point] = item
    for name, found in by_metric.items():
        info, every = metrics[name], found[EVERY]
        table.add_row(
            escape(f"{info.label} ({info.unit})" if info.unit else info.label),
            *(_spread(found[time], info) if time in found else "" for time in times),
            _spread(every, info),
            _number(every.median, info),
            str(len(every.values)),
            escape(", ".join(f"{number} {reason}" for reason, number in sorted(every.undefined.items()))),
        )
    return table


def _spread(summary: Summary, info: MetricInfo) -> str:
    if summary.mean is None:
        return "–"
    return f"{_number(summary.mean, info)} ± {_number(summary.sd, info)}"


def _number(value: float | None, info: MetricInfo) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if info.unit else f"{value:.3f}"
