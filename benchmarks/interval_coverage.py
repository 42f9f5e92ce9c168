"""Simulates how often each interval of a report covers the true value.

    python benchmarks/interval_coverage.py [--draws 20000]

Differences are drawn from a normal or an exponential distribution (skewness 2), as if a study of n pairs were repeated.
A 95% interval should cover the true value in 95% of repetitions. For intervals over the grid, there are four cells of n
pairs each, and half of the variance is an effect of the seed on all of them, as in a grid whose cells share seeds and
patients. The script prints the table of docs/statistics.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gridctl.analysis.statistics.bca import bca_mean
from gridctl.analysis.statistics.improvement import probability_of_improvement, wins
from gridctl.analysis.statistics.over_grid import improvement_over_grid, iqm, mean_over_grid
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.welch import welch

SIZES: Final = (5, 10, 20, 50)
CELLS: Final = 4
Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]
SHAPES: Final[Mapping[str, Draw]] = {
    "normal": lambda generator, shape: generator.normal(0, 1, shape),
    "skewed": lambda generator, shape: generator.exponential(1, shape) - 1,
}
# For each shape, the true share above 0 of one draw, and of the sum of a seed's and a cell's draw.
SHARES: Final = {"normal": 0.5, "skewed": float(np.exp(-1))}
GRID_SHARES: Final = {"normal": 0.5, "skewed": float(3 * np.exp(-2))}


def true_iqm(shape: str) -> float:
    """Mean of the middle half of a difference's distribution: the sum of a seed's and a cell's draw over sqrt(2)."""
    if shape == "normal":
        return 0.0
    low, high = stats.gamma.ppf([0.25, 0.75], 2)  # the sum of two exponentials
    return float((4 * (stats.gamma.cdf(high, 3) - stats.gamma.cdf(low, 3)) - 2) / np.sqrt(2))


def grid(shape: str, n: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw the differences of a grid, (seeds, cells), with unit variance, half of which is due to seeds."""
    draw = SHAPES[shape]
    return (draw(generator, (n, 1)) + draw(generator, (n, CELLS))) / np.sqrt(2)


def covers_over_grid(shape: str, n: int, generator: np.random.Generator) -> dict[str, bool]:
    """Whether each interval over the grid covers the true value in one study."""
    table = grid(shape, n, generator)
    mean, middle = mean_over_grid(table), iqm(table)
    ahead = improvement_over_grid(wins(table.ravel(), np.zeros(table.size)).reshape(table.shape))
    return {
        "mean over the grid": mean is not None and _holds((mean.ci_low, mean.ci_high), 0),
        "IQM": middle is not None and _holds((middle.ci_low, middle.ci_high), true_iqm(shape)),
        "improvement over the grid": ahead is not None and _holds((ahead.ci_low, ahead.ci_high), GRID_SHARES[shape]),
    }


def coverage(shape: str, n: int, draws: int, seed: int = 0) -> dict[str, float]:
    """Share of `draws` repetitions in which each interval covers the true value."""
    generator = np.random.default_rng([seed, n])
    draw = SHAPES[shape]
    hits = dict.fromkeys(("t", "BCa", "Welch", "Wilson", "mean over the grid", "IQM", "improvement over the grid"), 0)
    zeros = np.zeros(n)
    for _ in range(draws):
        d = draw(generator, (n,))
        test = paired_t(d, zeros)
        hits["t"] += _holds((test.ci_low, test.ci_high), 0)
        hits["BCa"] += _holds(bca_mean(d), 0)
        unpaired = welch(d, draw(generator, (n,)))
        hits["Welch"] += unpaired is not None and _holds((unpaired.ci_low, unpaired.ci_high), 0)
        won = probability_of_improvement(d, zeros)
        hits["Wilson"] += won is not None and _holds((won.ci_low, won.ci_high), SHARES[shape])
        for name, held in covers_over_grid(shape, n, generator).items():
            hits[name] += held
    return {name: number / draws for name, number in hits.items()}


def _holds(interval: tuple[float | None, float | None] | None, truth: float) -> bool:
    if interval is None or interval[0] is None or interval[1] is None:
        return False
    return interval[0] <= truth <= interval[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=20_000)
    draws = parser.parse_args().draws
    heading = False
    for shape in SHAPES:
        for n in SIZES:
            covered = coverage(shape, n, draws)
            if not heading:
                sys.stdout.write("| differences | n | " + " | ".join(covered) + " |\n")
                sys.stdout.write("| --- | ---: |" + " ---: |" * len(covered) + "\n")
                heading = True
            shares = " | ".join(f"{share:.1%}" for share in covered.values())
            sys.stdout.write(f"| {shape} | {n} | {shares} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
