"""Simulations of one cohort that all seeds split confirm what docs/statistics.md says about intervals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.design_coverage import SEEDS, SETS, coverage

DOCS = Path(__file__).parents[3] / "docs" / "statistics.md"
COLUMNS = [(of, seeds) for of in SETS for seeds in SEEDS]
HOLD = ("t", "two-way (new)", "mean over the grid", "the same, two-way (new)", "slope", "slope, two-way (new)")


def documented() -> dict[str, list[float | None]]:
    text = DOCS.read_text(encoding="utf-8").split("### The same for one cohort")[1].split("python -m")[0]
    rows = re.findall(r"^\| ([^|]+) \| ((?:[\d.]+%|-)(?: \| (?:[\d.]+%|-))*) \|$", text, re.MULTILINE)
    return {
        name: [None if share == "-" else float(share.rstrip("%")) / 100 for share in shares.split(" | ")]
        for name, shares in rows
    }


def agrees(of: str, seeds: int, studies: int, seed: int) -> None:
    """Within four standard errors of as many studies, and of the 1,000 that are documented."""
    found, said = coverage(of, seeds, studies, seed), documented()
    assert list(found) == list(said)
    for name, share in found.items():
        if (promised := said[name][COLUMNS.index((of, seeds))]) is not None:
            width = max(promised * (1 - promised), 0.01) * (1 / studies + 1 / 1000)
            assert share == pytest.approx(promised, abs=4 * width**0.5), name


def test_what_should_hold_does() -> None:
    for name in HOLD:
        assert all(share is not None and 0.925 <= share <= 0.97 for share in documented()[name]), name


def test_a_few_simulated_studies_agree_with_the_table() -> None:
    agrees("external set", 5, 60, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("of", "seeds"), COLUMNS)
def test_every_interval_covers_what_the_table_says(of: str, seeds: int) -> None:
    agrees(of, seeds, 5000, seed=2)
