"""Which model has which colour and shape on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridctl.report.renderers.html.charts.plot import series_class


@dataclass(frozen=True, slots=True)
class Model:
    """A model as the page shows it.

    Attributes:
        name: As in the experiment file.
        series: Its number.
    """

    name: str
    series: int

    @property
    def css(self) -> str:
        """Class of its colour."""
        return series_class(self.series)


def models(names: Sequence[str]) -> list[Model]:
    """Every model of an experiment with its colour, in the order of the file."""
    return [Model(name, series) for series, name in enumerate(names)]


def cell_text(train_ratio: float, ablation: str, against_ablation: str = "none") -> str:
    """`30%`, with the ablation if something is left out or changed."""
    ratio = f"{train_ratio * 100:g}%"
    return ratio if ablation == "none" and against_ablation == "none" else f"{ratio}, {ablation}"
