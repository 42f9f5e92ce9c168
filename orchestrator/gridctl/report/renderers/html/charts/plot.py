"""One picture with two axes, as marks that a template writes as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from gridctl.report.renderers.html.charts.axes import Scale, tick_text

SERIES: Final = 6
"""Colours and shapes of models; a seventh model looks like the first."""

MARKS_DRAWN: Final = 3000
"""Limit for the pictures of one section together; further cells are left out and named."""

RADII: Final = (2.4, 2.6, 3, 3.6, 4, 4.5, 4.6)
"""Radii of marks in px."""

_CORNERS: Final = (0, 4, 3, 5, 4, 6)
"""Corners of each series' mark; 0 is a circle, the second 4 stands on a corner."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A path of the picture, or one of the shapes that all pictures share.

    Attributes:
        path: SVG path data; empty for a shape.
        css: Its classes.
        tip: Its tooltip; empty for none.
        shape: Name of one of `shapes()`, drawn around a point.
        x, y: That point in px.
    """

    path: str
    css: str
    tip: str = ""
    shape: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled position on an axis."""

    place: float
    text: str


@dataclass(slots=True)
class Plot:
    """A picture to which lines, areas and marks are added.

    Attributes:
        title: Above it.
        said: The same in words, for screen readers.
        x, y: Scales of its axes; positions are in px of the picture.
        x_label, y_label: Beside the axes.
        x_sides: What the lower and the higher values mean, shown at the ends of the axis instead of `x_label`.
        x_ticks, y_ticks: None for round numbers.
        width, height: Of the picture in px.
    """

    title: str
    said: str
    x: Scale
    y: Scale
    width: int
    height: int
    x_label: str = ""
    x_sides: tuple[str, str] | None = None
    y_label: str = ""
    x_ticks: Sequence[Tick] | None = None
    y_ticks: Sequence[Tick] | None = None
    marks: list[Mark] = field(default_factory=list)

    def line(self, points: Iterable[tuple[float, float]], css: str, tip: str = "") -> None:
        """Add a line through points, in values of the axes."""
        path = "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)
        if path:
            self.marks.append(Mark(f"M{path}", f"line {css}", tip))

    def area(self, low: Sequence[tuple[float, float]], high: Sequence[tuple[float, float]], css: str) -> None:
        """Add the area between two lines."""
        if low and high:
            corners = [*low, *reversed(high)]
            path = "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in corners)
            self.marks.append(Mark(f"M{path}Z", f"area {css}"))

    def dot(
        self,
        x: float,
        y: float,
        series: int,
        css: str,
        tip: str = "",
        *,
        radius: float = 4,
        aside: tuple[float, float] = (0, 0),
    ) -> None:
        """Add a mark in the series' shape; `aside` moves it in px."""
        name, classes = _shape_name(series, radius), f"dot {series_class(series)} {css}".strip()
        self.marks.append(Mark("", classes, tip, name, self.x(x) + aside[0], self.y(y) + aside[1]))

    def arrow(self, x: float, y: float, series: int, tip: str) -> None:
        """Add an arrowhead to a vertical line that continues beyond this end of the axis."""
        at, end = self.x(x), self.y(y)
        inward = 7 if end < (self.y.start + self.y.end) / 2 else -7
        path = f"M{at - 4:.1f} {end + inward:.1f}L{at:.1f} {end:.1f}L{at + 4:.1f} {end + inward:.1f}"
        self.marks.append(Mark(path, f"line arrow {series_class(series)}", tip))

    def alike(self) -> list[tuple[str, list[Mark]]]:
        """Marks in their order: those beside each other that have the same classes form a group."""
        groups = groupby(self.marks, key=lambda mark: (mark.css, bool(mark.shape)))
        return [(css, list(marks)) for (css, _), marks in groups]

    def horizontal_ticks(self) -> Sequence[Tick]:
        """Ticks of the x axis."""
        return self.x_ticks if self.x_ticks is not None else _round(self.x)

    def vertical_ticks(self) -> Sequence[Tick]:
        """Ticks of the y axis."""
        return self.y_ticks if self.y_ticks is not None else _round(self.y)


def shared_words(tips: Sequence[str]) -> tuple[str, list[str]]:
    """What all tooltips of a group say, with `{}` for each word in which they differ; and these words of each.

    Tooltips with another number of words are left whole: then the first is empty. `tips.js` puts them together.
    """
    rows = [tip.split(" ") for tip in tips]
    if len(rows) < 2 or len({len(row) for row in rows}) > 1 or any("{}" in tip for tip in tips):
        return "", list(tips)
    columns = [words if len(set(words)) > 1 else () for words in zip(*rows, strict=True)]
    if not any(columns) or all(columns):
        return "", list(tips)
    said = " ".join("{}" if words else rows[0][place] for place, words in enumerate(columns))
    return said, [" ".join(words) for words in zip(*(words for words in columns if words), strict=True)]


def series_class(series: int) -> str:
    """The CSS class that colours everything of a model."""
    return f"s{series % SERIES}"


def shapes() -> dict[str, str]:
    """SVG paths of all marks around the origin, by name; and of those in legends, in a box of 12 px."""
    every = {_shape_name(series, radius): _shape(series, 0, 0, radius) for series in range(SERIES) for radius in RADII}
    return every | {f"key-{series_class(series)}": _shape(series, 6, 6, 4.5) for series in range(SERIES)}


def _shape_name(series: int, radius: float) -> str:
    if radius not in RADII:
        raise ValueError(f"no mark of radius {radius}")
    return f"m{series % SERIES}{RADII.index(radius)}"


def px(value: float) -> str:
    """A position to a tenth of a px."""
    return f"{value:.1f}".removesuffix(".0")


def apart(ticks: Sequence[Tick], least: float = 30) -> list[Tick]:
    """Ticks without those whose label would touch the one before."""
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or tick.place - kept[-1].place >= least:
            kept.append(tick)
    return kept


def _round(scale: Scale) -> list[Tick]:
    values = scale.ticks(max(2, round(abs(scale.end - scale.start) / 55)))
    step = values[1] - values[0] if len(values) > 1 else 1.0
    return [Tick(scale(value), tick_text(value, step)) for value in values]


def _shape(series: int, x: float, y: float, radius: float) -> str:
    index = series % SERIES
    corners = _CORNERS[index]
    if not corners:
        return (
            f"M{x - radius:.1f} {y:.1f}a{radius} {radius} 0 1 0 {2 * radius} 0a{radius} {radius} 0 1 0 {-2 * radius} 0"
        )
    turned = math.pi / corners if corners == 4 and index < 4 else 0.0
    reach = radius * (1.3 if corners == 3 else 1.15)
    places = [
        (
            x + reach * math.sin(turned + 2 * math.pi * k / corners),
            y - reach * math.cos(turned + 2 * math.pi * k / corners),
        )
        for k in range(corners)
    ]
    return "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in places) + "Z"
