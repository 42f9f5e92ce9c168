"""Figures 5.1 to 5.3 of the thesis, from our runs, as PNG and PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from gridctl.analysis.model import StudyItem, StudyPoint, StudySection
from gridctl.studies.li2020.points import standing_for
from gridctl_trainer.host.atomic_file import replacing

Style = tuple[str, str, str]
"""Colour, marker, line."""

_STYLES: Final[Mapping[str, Style]] = {"gamma_net": ("#b2182b", "o", "-"), "unet": ("#2166ac", "s", "--")}
"""Colour, marker and line of the printed architectures: alike in print without colour."""

_OTHERS: Final[Sequence[Style]] = (("#1b7837", "^", "-."), ("#762a83", "D", ":"), ("#b35806", "v", "--"))
"""Styles of models that the thesis does not have, used in turn."""

_DPI: Final = 200


def write_figures(section: StudySection, folder: Path) -> Iterator[Path]:
    """Draw every figure that has a finished run.

    Args:
        section: Its items with points are drawn.
        folder: Exists.

    Yields:
        Each file written.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    for item in section.items:
        if not item.points:
            continue
        metrics = list(dict.fromkeys(point.metric for point in item.points))
        rows = 2 if len(metrics) > 2 else 1
        columns = -(-len(metrics) // rows)
        size = (5.2 * columns, 3.6 * rows)
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
        styles = _styles(item.points)
        for axis in axes.flat[len(metrics) :]:
            axis.set_axis_off()
        for axis, metric in zip(axes.flat, metrics, strict=False):
            _draw(axis, item, metric, styles)
        figure.suptitle(f"{item.item}: {item.title}")
        figure.supxlabel("mean over runs of this experiment, with its 95% t interval", fontsize="x-small", color="0.4")
        for suffix in ("png", "pdf"):
            path = folder / f"{item.item.replace(' ', '-')}.{suffix}"
            stamp = {"Software": None} if suffix == "png" else {"CreationDate": None, "Producer": None, "Creator": None}
            with replacing(path) as file:
                figure.savefig(file, format=suffix, dpi=_DPI, metadata=stamp)
            yield path
        plt.close(figure)


def _styles(points: Sequence[StudyPoint]) -> Mapping[str, Style]:
    """Of each model: those of the print for the models that stand for its architectures, others for the others."""
    styles = {model: _STYLES[architecture] for architecture, model in standing_for(points).items()}
    others = cycle(_OTHERS)
    for point in points:
        if point.model not in styles:
            styles[point.model] = next(others)
    return styles


def _draw(axis: Any, item: StudyItem, metric: str, styles: Mapping[str, Style]) -> None:
    by_epoch = item.x_axis == "epoch"
    points = [point for point in item.points if point.metric == metric]
    for model in dict.fromkeys(point.model for point in points):
        of_model = sorted((point for point in points if point.model == model), key=lambda point: point.x)
        colour, marker, line = styles[model]
        x = [point.x for point in of_model]
        mean = [point.mean for point in of_model]
        low = [point.mean if point.ci_low is None else point.ci_low for point in of_model]
        high = [point.mean if point.ci_high is None else point.ci_high for point in of_model]
        axis.plot(x, mean, linestyle=line, marker=None if by_epoch else marker, color=colour, label=model)
        axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    axis.set_xlabel("epoch" if by_epoch else "share of patients trained on")
    axis.set_ylabel(points[0].label)
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)
