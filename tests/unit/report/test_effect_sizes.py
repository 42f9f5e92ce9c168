"""Reports give effect sizes with intervals, and say in how many pairs a model must win to matter."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from gridctl.analysis.model import Overall
from gridctl.report import render
from gridctl.report.renderers.sections.effect import improvement_said
from tests.unit.report.situations import ONE_RATIO, SLICES, Situation, ahead, reported

RULE = "by the rule of Bouthillier et al. (lower end above 50%, upper end above 75%)"


def won(share: float, low: float, high: float) -> str:
    row = Overall(
        metric="m",
        model="a",
        against="b",
        cells=1,
        n_pairs=9,
        iqm_difference=None,
        iqm_low=None,
        iqm_high=None,
        probability_of_improvement=share,
        improvement_low=low,
        improvement_high=high,
    )
    (said,) = improvement_said(row)
    return said


@pytest.mark.parametrize(
    ("share", "low", "high", "said"),
    [
        (0.9, 0.6, 0.98, "significant and meaningful"),
        (0.6, 0.52, 0.7, "significant, but not meaningful,"),
        (0.6, 0.51, 0.75, "significant, but not meaningful,"),
        (0.7, 0.5, 0.9, "not significant"),
        (0.4, 0.2, 0.6, "not significant"),
    ],
)
def test_significant_is_the_lower_end_above_a_half_and_meaningful_the_upper_end_above_three_quarters(
    share: float, low: float, high: float, said: str
) -> None:
    """The rule of Bouthillier et al. (2021), section 5."""
    assert won(share, low, high).endswith(f"; {said} {RULE}; descriptive, no verdict rests on it")


def test_with_one_train_ratio_effect_sizes_and_wins_are_said_too(tmp_path: Path) -> None:
    report = reported(Situation(ahead(0.1), (SLICES, ONE_RATIO)), tmp_path)
    row = report.comparisons[0].rows[0]
    console = Console(file=io.StringIO(), width=80)
    render(report, "table", console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "effect sizes" in shown
    assert f"[{row.hedges_g_av_low:+.2f}, {row.hedges_g_av_high:+.2f}]" in shown
    assert f"[{row.hedges_g_z_low:+.2f}, {row.hedges_g_z_high:+.2f}]" in shown
    assert "scores better than unet in 100% of pairs of runs (95% CI 57% to 100%); significant and" in " ".join(
        shown.split()
    )
    assert max(map(len, shown.splitlines())) <= 80


def test_nothing_is_said_of_pairs_won_while_runs_are_missing(tmp_path: Path) -> None:
    report = reported(Situation(ahead(0.1), (SLICES,), there=lambda run: run.seed < 5), tmp_path)
    (row,) = report.comparisons[0].overall
    assert row.probability_of_improvement == 1
    assert row.unfinished
    assert not list(improvement_said(row))
