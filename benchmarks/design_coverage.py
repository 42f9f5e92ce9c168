"""Simulates how often each interval of a report covers the truth when all seeds split one cohort.

    python -m benchmarks.design_coverage [--studies 1000]

100 patients are split anew by every seed, with nested training sets at the ratios 0.1, 0.2, 0.4 and 0.8; who is not
trained on is scored. An external set of 45 patients is scored by every run. Paired differences are as in
`population_error_rates`: patient sd 0.05, seed sd 0.03 (alike at all ratios), residual sd 0.05, and effects of training
patients of sd 0.1 that sum to 0. One model scores each patient by his difficulty (sd 0.1), the seed (0.02) and a
residual (0.03); the other adds the difference.

The truth of an interval of these patients is that of 500 more seeds of the same cohort, or the mean over its
patients where that is known exactly; the truth of an interval of patients like these is 0. Intervals of one cell are
those of ratio 0.8. The script prints the table of docs/statistics.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.statistics.bca import bca_mean
from gridctl.analysis.statistics.effect_size import hedges_g_z
from gridctl.analysis.statistics.improvement import probability_of_improvement, wins
from gridctl.analysis.statistics.moderators.trend import patient_trend_differences, trend
from gridctl.analysis.statistics.over_grid import improvement_over_grid, iqm_difference, mean_over_grid
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.population.nadeau_bengio import corrected_t
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.analysis.statistics.sequential.anytime import anytime
from gridctl.analysis.statistics.welch import welch

Table = NDArray[np.float64]
Interval = tuple[float | None, float | None]

COHORT: Final = 100
EXTERNAL: Final = 45
RATIOS: Final = (0.1, 0.2, 0.4, 0.8)
SEEDS: Final = (5, 10, 20)
SETS: Final = ("validation", "external set")
FRESH: Final = 500
"""Seeds by which the truth about a cohort is found."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort, or an external set and the cohort that is trained on.

    Attributes:
        external: Whether the external set is scored, by every run.
        leads: Of each scored patient, what one model scores above the other.
        difficulties: Of each scored patient.
        training: Effect of each training patient on the difference, of mean 0.
    """

    external: bool
    leads: Table
    difficulties: Table
    training: Table

    @classmethod
    def drawn(cls, of: str, generator: np.random.Generator) -> Cohort:
        """Draw one; `of` is one of `SETS`."""
        scored = EXTERNAL if of == "external set" else COHORT
        training = generator.normal(0, 0.1, COHORT)
        leads, difficulties = generator.normal(0, 0.05, scored), generator.normal(0, 0.1, scored)
        return cls(of == "external set", leads, difficulties, training - training.mean())

    def seeds(self, number: int, generator: np.random.Generator) -> tuple[Table, Table]:
        """Draw the differences and the second model's scores: (ratios, seeds, patients), NaN where trained on."""
        place = generator.random((number, COHORT)).argsort(axis=1).argsort(axis=1)
        trained = place < np.round(np.array(RATIOS) * COHORT)[:, None, None]
        of_training = trained @ self.training / trained.sum(axis=-1)
        shape = (len(RATIOS), number, len(self.leads))
        of_seed = of_training + generator.normal(0, 0.03, number)
        d = of_seed[..., None] + self.leads + generator.normal(0, 0.05, shape)
        second = self.difficulties + generator.normal(0, 0.02, (number, 1)) + generator.normal(0, 0.03, shape)
        if not self.external:
            d[trained] = np.nan
        return d, np.where(np.isnan(d), np.nan, second)


def studied(of: str, seeds: int, generator: np.random.Generator) -> dict[str, bool | None]:
    """Whether each interval covers the truth in one study; None for one that does not apply."""
    cohort = Cohort.drawn(of, generator)
    d, second = cohort.seeds(seeds, generator)
    more_d, more_second = cohort.seeds(FRESH, generator)
    truth, fresh = float(cohort.leads.mean()), np.nanmean(more_d, axis=2)
    of_runs = np.nanmean(d, axis=2)
    of_second = np.nanmean(second, axis=2)
    one, two = (of_runs + of_second)[-1], of_second[-1]
    found = _of_cell(d[-1], one, two, fresh[-1], truth)
    if cohort.external:
        found["Nadeau-Bengio (new)"] = None
    others = np.nanmean(more_second, axis=2)[-1, :seeds]
    unpaired = welch(one, others)
    found["Welch"] = unpaired is not None and _holds((unpaired.ci_low, unpaired.ci_high), truth)
    return found | _of_grid(d, of_runs, of_second, fresh, np.nanmean(more_second, axis=2), truth)


def _of_cell(d: Table, one: Table, two: Table, fresh: Table, truth: float) -> dict[str, bool | None]:
    t, won, g, sequence = (
        paired_t(one, two),
        probability_of_improvement(one, two),
        hedges_g_z(one, two),
        anytime(one - two),
    )
    wide, corrected = two_way(d), corrected_t(one - two, round(0.2 * COHORT), round(0.8 * COHORT))
    return {
        "t": _holds((t.ci_low, t.ci_high), truth),
        "t (new)": _holds((t.ci_low, t.ci_high), 0),
        "two-way (new)": _holds((wide.low, wide.high), 0),
        "Nadeau-Bengio (new)": corrected is not None and _holds((corrected.low, corrected.high), 0),
        "BCa": _holds(bca_mean(one - two), truth),
        "Welch": None,
        "Wilson": won is not None and _holds((won.ci_low, won.ci_high), float((fresh > 0).mean())),
        "Hedges' g_z": g is not None and _holds((g.low, g.high), float(truth / fresh.std())),
        "anytime": sequence.low is None or _holds((sequence.low, sequence.high), truth),
    }


def _of_grid(
    d: Table, of_runs: Table, of_second: Table, fresh: Table, fresh_second: Table, truth: float
) -> dict[str, bool | None]:
    mean, first = mean_over_grid(of_runs.T), of_runs + of_second
    middle = iqm_difference(first.T, of_second.T)
    ahead = improvement_over_grid(wins(first.T.ravel(), of_second.T.ravel()).reshape(of_second.T.shape))
    of_middle = _middle(fresh + fresh_second) - _middle(fresh_second)
    wide = two_way(d.mean(axis=0))
    slope, slopes = trend(RATIOS, of_runs.T), two_way(patient_trend_differences(RATIOS, d))
    return {
        "mean over the grid": mean is not None and _holds((mean.ci_low, mean.ci_high), truth),
        "the same, two-way (new)": _holds((wide.low, wide.high), 0),
        "IQM": middle is not None and _holds((middle.ci_low, middle.ci_high), of_middle),
        "improvement over the grid": ahead is not None
        and _holds((ahead.ci_low, ahead.ci_high), float((fresh > 0).mean())),
        "slope": _holds((slope.low, slope.high), 0),
        "slope, two-way (new)": _holds((slopes.low, slopes.high), 0),
    }


def _middle(scores: Table) -> float:
    low, high = np.quantile(scores, [0.25, 0.75])
    return float(scores[(scores >= low) & (scores <= high)].mean())


def _holds(interval: Interval | None, truth: float) -> bool:
    if interval is None or interval[0] is None or interval[1] is None:
        return False
    return interval[0] <= truth <= interval[1]


def coverage(of: str, seeds: int, studies: int, seed: int = 0) -> Mapping[str, float]:
    """Share of studies in which each interval covers the truth; NaN for one that does not apply."""
    generator = np.random.default_rng([seed, seeds, SETS.index(of)])
    rows = [studied(of, seeds, generator) for _ in range(studies)]
    return {
        name: float("nan") if rows[0][name] is None else sum(bool(row[name]) for row in rows) / studies
        for name in rows[0]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    columns = [(of, seeds) for of in SETS for seeds in SEEDS]
    found = [coverage(of, seeds, studies) for of, seeds in columns]
    sys.stdout.write("| interval | " + " | ".join(f"{of}, {seeds} seeds" for of, seeds in columns) + " |\n")
    sys.stdout.write("| --- |" + " ---: |" * len(columns) + "\n")
    for name in found[0]:
        shares = ("-" if np.isnan(column[name]) else f"{column[name]:.1%}" for column in found)
        sys.stdout.write(f"| {name} | {' | '.join(shares)} |\n")


if __name__ == "__main__":
    main()
