"""Simulations confirm what docs/statistics.md says about intervals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.interval_coverage import SIZES, coverage
from gridctl.analysis.wording import BCA_COVERAGE

DOCS = Path(__file__).parents[3] / "docs" / "statistics.md"
COLUMNS = ("t", "BCa", "Welch", "Wilson", "mean over the grid", "IQM", "improvement over the grid")


def documented() -> dict[tuple[str, int], dict[str, float]]:
    rows = re.findall(r"^\| (normal|skewed) \| (\d+) \| (.*) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 8
    return {
        (shape, int(n)): dict(zip(COLUMNS, (float(cell.rstrip("%")) / 100 for cell in cells.split(" | ")), strict=True))
        for shape, n, cells in rows
    }


def test_the_report_says_of_bca_what_the_table_does() -> None:
    assert {n: round(documented()["normal", n]["BCa"], 2) for n in SIZES} == BCA_COVERAGE


def test_the_documented_t_interval_is_within_its_promise() -> None:
    for n in SIZES:
        assert 0.94 <= documented()["normal", n]["t"] <= 0.96


def test_a_few_simulated_studies_agree_with_the_table() -> None:
    """A tolerance of four standard errors of 300 studies; the long test is stricter."""
    found = coverage("normal", 5, 300, seed=1)
    for name, share in documented()["normal", 5].items():
        assert found[name] == pytest.approx(share, abs=4 * (share * (1 - share) / 300) ** 0.5)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("shape", ["normal", "skewed"])
@pytest.mark.parametrize("n", SIZES)
def test_every_interval_covers_what_the_table_says(shape: str, n: int) -> None:
    found = coverage(shape, n, 20_000)
    for name, share in documented()[shape, n].items():
        assert found[name] == pytest.approx(share, abs=0.008), name
    if shape == "normal":
        assert 0.94 <= found["t"] <= 0.96
