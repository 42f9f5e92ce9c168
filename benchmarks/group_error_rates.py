"""Simulates how often the test of patients like these finds that subgroups differ where they do not.

    python -m benchmarks.group_error_rates [--studies 10000]

The difference of two models for seed s and patient p of group g is

    D_sp = patient_p + seed_s + seed-by-group_sg + residual_sp,

with patient sd 0.05, residual sd 0.05, seed sd 0.03 and seed-by-group sd 0, 0.01 or 0.03: networks of one seed may be
good at one pathology by chance. Each seed scores a random share of the patients. What the training set of a seed does
to all patients is in `seed_s`, which the test takes out. As in a report, groups with fewer than three patients or seeds
are not tested. The null hypothesis concerns new patients and new seeds. The script prints the table of
docs/statistics.md.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gridctl.analysis.statistics.moderators.welch_of_groups import welch_of_groups
from gridctl.analysis.wording import FEWEST_PAIRS

PATIENT_SD: Final = 0.05
RESIDUAL_SD: Final = 0.05
SIZES: Final = ((50, 50), (20, 20, 20, 20, 20), (5, 40, 55), (9, 9, 9, 9, 9))
"""Patients of each group: two halves, the pathologies of ACDC, unequal groups, and an external set of 45."""
SEEDS: Final = (5, 10, 20)
SHARES: Final = (1.0, 0.5, 0.2)
GROUP_SDS: Final = (0.0, 0.01, 0.03)
BATCH: Final = 250
"""Studies that are simulated and tested together."""


@dataclass(frozen=True, slots=True)
class Groups:
    """One cell of the table.

    Attributes:
        sizes: Patients of each group.
        seeds: Number of seeds.
        scored: Share of the patients that each seed scores.
        group_sd: Standard deviation of what a seed does to one group alone.
        seed_sd: Of what it does to all patients.
        effect: True lead of the first group over the others.
    """

    sizes: tuple[int, ...]
    seeds: int
    scored: float
    group_sd: float
    seed_sd: float = 0.03
    effect: float = 0.0

    @property
    def group_of(self) -> NDArray[np.intp]:
        """Of each patient."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)


def studies_of(cell: Groups, number: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw the differences of studies: (studies, seeds, patients), NaN where a patient was not scored."""
    of = cell.group_of
    shape = (number, cell.seeds, len(of))
    d = generator.normal(0, RESIDUAL_SD, shape)
    d += generator.normal(0, PATIENT_SD, (number, 1, len(of))) + generator.normal(0, cell.seed_sd, (*shape[:2], 1))
    d += generator.normal(0, cell.group_sd, (*shape[:2], len(cell.sizes)))[:, :, of] + cell.effect * (of == 0)
    scored = round(len(of) * cell.scored)
    if scored < len(of):
        order = generator.random(shape)
        d[order > np.partition(order, scored - 1)[..., scored - 1 : scored]] = np.nan
    return d


def p_values(d: NDArray[np.float64], group_of: NDArray[np.intp]) -> NDArray[np.float64]:
    """Test each study, as a report tests a declared property: p, NaN where there is no test."""
    member = np.eye(group_of.max() + 1)[group_of]
    known = np.isfinite(d)
    patients, seeds = known.any(axis=1) @ member, (known @ member > 0).sum(axis=1)
    tested = (patients >= FEWEST_PAIRS) & (seeds >= FEWEST_PAIRS)
    p = np.full(len(d), np.nan)
    for groups in np.unique(tested, axis=0):
        these, columns = (tested == groups).all(axis=1), groups[group_of]
        if groups.sum() > 1:
            p[these] = welch_of_groups(d[these][:, :, columns], (np.cumsum(groups) - 1)[group_of[columns]]).p
    return p


def rate(cell: Groups, studies: int, seed: int = 0) -> float:
    """Share of studies in which p is 0.05 or less."""
    name = [*cell.sizes, cell.seeds, round(100 * cell.scored), round(1000 * cell.group_sd)]
    generator = np.random.default_rng([seed, *name])
    sizes = [min(BATCH, studies - start) for start in range(0, studies, BATCH)]
    found = sum(int((p_values(studies_of(cell, size, generator), cell.group_of) <= 0.05).sum()) for size in sizes)
    return found / studies


def interval(share: float, studies: int, confidence: float = 0.999) -> tuple[float, float]:
    """The confidence interval of a rate (Clopper and Pearson)."""
    found = stats.binomtest(round(share * studies), studies).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def cells() -> Iterator[Groups]:
    """Yield every cell of the table."""
    for chosen in itertools.product(SIZES, SEEDS, SHARES, GROUP_SDS):
        yield Groups(*chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=10_000)
    studies = parser.parse_args().studies
    columns = [f"{scored:.0%}, {sd:g}" for scored in SHARES for sd in GROUP_SDS]
    sys.stdout.write("| patients of the groups | seeds | " + " | ".join(columns) + " |\n")
    sys.stdout.write("| --- | ---: |" + " ---: |" * len(columns) + "\n")
    worst = (0.0, next(cells()))
    for sizes, seeds in itertools.product(SIZES, SEEDS):
        row = [Groups(sizes, seeds, scored, sd) for scored in SHARES for sd in GROUP_SDS]
        found = [rate(cell, studies) for cell in row]
        worst = max(worst, *zip(found, row, strict=True), key=lambda item: item[0])
        shares = " | ".join(f"{share:.1%}" for share in found)
        sys.stdout.write(f"| {', '.join(map(str, sizes))} | {seeds} | {shares} |\n")
        sys.stdout.flush()
    low, high = interval(worst[0], studies)
    sys.stdout.write(f"\nhighest: {worst[0]:.2%}, 99.9% interval {low:.2%} to {high:.2%}: {worst[1]}\n")


if __name__ == "__main__":
    main()
