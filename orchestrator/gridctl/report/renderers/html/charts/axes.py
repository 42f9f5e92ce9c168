"""Linear scales and the round numbers written along them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values of an axis to positions in a picture.

    Attributes:
        low, high: Ends of the axis, low < high.
        start, end: Positions of these in the picture.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers along the axis: steps of 1, 2 or 5 times a power of ten.

        Args:
            about: Approximate number of ticks.
        """
        raw = (self.high - self.low) / max(about, 1)
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if raw <= factor * power * (1 + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [0.0 if index == 0 else index * step for index in range(first, last + 1)]


def span(values: Iterable[float], *, margin: float = 0.06, least: float = 0.02) -> tuple[float, float]:
    """Ends of an axis that shows all values with some room.

    Args:
        values: What is drawn; the ends are 0 and 1 if there is nothing.
        margin: Room at each end, as a share of the range of the values.
        least: Smallest range of the axis.
    """
    shown = list(values)
    if not shown:
        return 0.0, 1.0
    low, high = min(shown), max(shown)
    room = max((high - low) * margin, (least - (high - low)) / 2)
    return low - room, high + room


def tick_text(value: float, step: float) -> str:
    """A tick's number with the decimals its step needs, and a true minus sign."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:.{decimals}f}".replace("-", "−")
