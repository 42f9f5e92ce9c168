"""Figures 5.1 to 5.3 of the thesis, from our runs, as PNG and PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from gridctl.report.model import FigurePoint, Report, ThesisItem
from gridctl.report.wording import METRIC_NAMES
from gridctl_trainer.host.atomic_file import replacing

_STYLES: Final = {"gamma_net": ("#b2182b", "o", "-"), "unet": ("#2166ac", "s", "--")}
"""Colour, marker and line: alike in print without colour."""

_DPI: Final = 200


def write_figures(report: Report, folder: Path) -> Iterator[Path]:
    """Draw every figure that has a finished run.

    Args:
        report: Its `thesis` items with points are drawn.
        folder: Exists.

    Yields:
        Each file written.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    for item in report.thesis:
        if not item.points:
            continue
        metrics = list(dict.fromkeys(point.metric for point in item.points))
        rows = 2 if len(metrics) > 2 else 1
        columns = -(-len(metrics) // rows)
        size = (5.2 * columns, 3.6 * rows)
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
        for axis, metric in zip(axes.flat, metrics, strict=True):
            _draw(axis, item, metric, [point for point in item.points if point.metric == metric])
        figure.suptitle(f"{item.item}: {item.title}")
        figure.supxlabel("mean over runs of this experiment, with its 95% t interval", fontsize="x-small", color="0.4")
        for suffix in ("png", "pdf"):
            path = folder / f"{item.item.replace(' ', '-')}.{suffix}"
            stamp = {"Software": None} if suffix == "png" else {"CreationDate": None, "Producer": None, "Creator": None}
            with replacing(path) as file:
                figure.savefig(file, format=suffix, dpi=_DPI, metadata=stamp)
            yield path
        plt.close(figure)


def _draw(axis: Any, item: ThesisItem, metric: str, points: Sequence[FigurePoint]) -> None:
    by_epoch = item.item == "figure 5.3"
    for model in dict.fromkeys(point.model for point in points):
        of_model = sorted((point for point in points if point.model == model), key=lambda point: point.x)
        colour, marker, line = _STYLES[of_model[0].architecture]
        x = [point.x for point in of_model]
        mean = [point.mean for point in of_model]
        low = [point.mean if point.ci_low is None else point.ci_low for point in of_model]
        high = [point.mean if point.ci_high is None else point.ci_high for point in of_model]
        axis.plot(x, mean, line, marker=None if by_epoch else marker, color=colour, label=model)
        axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    axis.set_xlabel("epoch" if by_epoch else "share of patients trained on")
    axis.set_ylabel(METRIC_NAMES[metric])
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)
