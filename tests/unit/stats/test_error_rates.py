"""Simulates false positives of each test: a few studies always, the whole table on request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.population_error_rates import Design, designs, lower_end, rates

DOCS = Path(__file__).parents[3] / "docs" / "statistics.md"
ALLOWED = 0.055


@pytest.mark.parametrize("ratio", [0.5, 0.8, None])
def test_the_two_way_test_keeps_its_level_where_the_paired_t_does_not(ratio: float | None) -> None:
    found = rates(Design(ratio, 10, 0.01), 300)
    assert lower_end(found["two-way"], 300) <= ALLOWED
    assert found["paired t over seeds"] > 0.09
    assert found["two-way, conservative"] <= found["two-way"] + 0.01


def test_the_lower_end_of_a_rate() -> None:
    assert lower_end(0.0, 100) == 0
    assert lower_end(0.05, 10_000) == pytest.approx(0.0432, abs=5e-4)


def documented() -> dict[tuple[str, int, float], list[str]]:
    pattern = r"^\| (ratio 0\.\d|external set of 45) \| (\d+) \| (0\.0\d) \| (.*) \|$"
    rows = re.findall(pattern, DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    return {(name, int(seeds), float(sd)): cells.split(" | ") for name, seeds, sd, cells in rows}


def test_every_documented_rate_keeps_the_level() -> None:
    found = documented()
    assert len(found) == 36
    for cells in found.values():
        assert lower_end(float(cells[2].rstrip("%")) / 100, 2500) <= ALLOWED


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    "design", list(designs()), ids=lambda design: f"{design.ratio}-{design.seeds}-{design.seed_sd}"
)
def test_no_cell_exceeds_its_level(design: Design) -> None:
    assert lower_end(rates(design, 10_000)["two-way"], 10_000) <= ALLOWED
