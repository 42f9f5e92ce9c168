"""How a report formats numbers."""

from __future__ import annotations

from typing import Final

from gridctl.analysis.wording import LEVEL

MISSING: Final = "–"


def mean_sd(mean: float | None, sd: float | None) -> str:
    """`0.882 (0.021)`, as papers print a mean and its deviation."""
    if mean is None:
        return MISSING
    return f"{mean:.3f} ({sd:.3f})" if sd is not None else f"{mean:.3f}"


def signed(value: float | None) -> str:
    """A difference: three decimals with their sign, and never a negative zero."""
    if value is None:
        return MISSING
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    """`[−0.010, 0.024]`."""
    return MISSING if low is None or high is None else f"[{_plain(low)}, {_plain(high)}]"


def confidence(low: float | None, high: float | None) -> str:
    """The same with its level: `95% CI [−0.010, 0.024]`; an end near 0 has up to five decimals, to show its side."""
    if low is None or high is None:
        return f"95% CI {MISSING}"
    return f"95% CI [{_to_its_side(low)}, {_to_its_side(high)}]"


def p_equals(value: float) -> str:
    """`p = .012`, or `p < .001`."""
    said = p_value(value)
    return f"p < {said[1:]}" if said.startswith("<") else f"p = {said}"


def p_value(value: float | None) -> str:
    """Three decimals, `<.001` below; no leading zero, for p is at most 1.

    More decimals if rounding to three would move it across 0.05: `.0502`, not `.050`.
    """
    if value is None:
        return MISSING
    if value < 0.001:
        return "<.001"
    texts = (f"{value:.{decimals}f}" for decimals in range(3, 8))
    text = next((text for text in texts if (float(text) <= LEVEL) == (value <= LEVEL)), f"{value:.7f}")
    return text.removeprefix("0")


def effect(value: float | None) -> str:
    """A standardised difference: two decimals with their sign."""
    if value is None:
        return MISSING
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def share(value: float | None) -> str:
    """A share of pairs, in percent; `>99%` and `<1%` where rounding would make it all or none."""
    if value is None:
        return MISSING
    if 0 < value < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= value < 1 else f"{value:.0%}"


def _to_its_side(value: float) -> str:
    texts = (f"{value:.{decimals}f}" for decimals in range(3, 6))
    return next((text.replace("-", "−") for text in texts if float(text) != 0), "0.000")


def _plain(value: float) -> str:
    text = f"{value:.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "−")
