"""Tooltips of one group say once what all of them say, and are whole again when they are put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridctl.report.renderers.html.charts.plot import shared_words


def put_together(words: str, own: str) -> str:
    """As `tips.js` does."""
    if not words:
        return own
    parts = iter(own.split(" "))
    return " ".join(next(parts) if word == "{}" else word for word in words.split(" "))


def test_what_all_say_is_said_once() -> None:
    tips = ["patient001 (DCM): gamma_net 0.803, unet 0.841", "patient002 (DCM): gamma_net 0.882, unet 0.906"]
    assert shared_words(tips) == (
        "{} (DCM): gamma_net {} unet {}",
        ["patient001 0.803, 0.841", "patient002 0.882, 0.906"],
    )


@given(tips=st.lists(st.text(alphabet="ab {}1", max_size=12), min_size=1, max_size=5))
def test_no_tooltip_changes(tips: list[str]) -> None:
    words, own = shared_words(tips)
    assert [put_together(words, each) for each in own] == tips
