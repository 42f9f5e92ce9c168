"""How `compare.stopping` changes what a test can find: several looks share its level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from gridctl.analysis.statistics.population.two_way_power import CrossedDesign
from gridctl.analysis.statistics.sequential.looks import latest_look
from gridctl.analysis.statistics.sequential.power import AnyTime, AtLooks, Once, paired_power
from gridctl.experiment.schema import ComparisonSpec, DeclaredLooks


@dataclass(frozen=True, slots=True)
class StoppingPower:
    """What is found by when, under the declared looks.

    Attributes:
        looks: Seeds of each declared look; empty where there is one, or any number of them.
        anytime: Whether it is looked at after every seed.
        folds: Pairs of a seed in a cell.
    """

    looks: tuple[int, ...] = ()
    anytime: bool = False
    folds: int = 1

    @classmethod
    def of(cls, asked: ComparisonSpec, folds: int) -> StoppingPower:
        """As a comparison declares it."""
        declared = asked.stopping.looks if isinstance(asked.stopping, DeclaredLooks) else ()
        looks = tuple(dict.fromkeys(math.ceil(look / folds) for look in declared))
        return cls(looks, asked.stopping == "anytime", folds)

    @property
    def of_cells(self) -> Once | AtLooks | AnyTime:
        """Of the pairs of a cell: folds of a seed each count."""
        looks = tuple(look * self.folds for look in self.looks)
        return paired_power(looks, anytime=self.anytime, folds=self.folds)

    @property
    def over_grid(self) -> Once | AtLooks | AnyTime:
        """Of the mean over cells: a seed is one observation."""
        return paired_power(self.looks, anytime=self.anytime)

    def level(self, level: float) -> float:
        """Level of each look for patients like these: it is shared evenly."""
        return level / max(1, len(self.looks))

    def seeds_tested(self, seeds: int) -> int:
        """Seeds of the last declared look that so many reach; 0 before the first."""
        return (latest_look(self.looks, seeds) or 0) if self.looks else seeds

    def seeds_at_a_look(self, seeds: int | None) -> int | None:
        """Seeds of the first declared look of at least so many; beyond the last one, so many."""
        if seeds is None:
            return None
        return next((look for look in self.looks if look >= seeds), seeds)


ONE_LOOK: Final = StoppingPower()


def population_power(
    design: CrossedDesign,
    effect: float,
    seeds: int,
    patients: int,
    power: float,
    level: float,
    stopping: StoppingPower,
) -> tuple[float, int | None, int | None]:
    """Power for patients like these at the last look that the seeds reach; and how many seeds, or patients, are enough.

    Args:
        design: Variances.
        effect: The true difference.
        seeds: Of the grid.
        patients: Of the cohort.
        power: Wanted.
        level: Of all looks together.
        stopping: When it may be looked at.
    """
    each, tested = stopping.level(level), stopping.seeds_tested(seeds)
    return (
        design.power(effect, tested, patients, each) if tested > 1 else 0.0,
        stopping.seeds_at_a_look(design.seeds_needed(effect, patients, power, each)),
        design.patients_needed(effect, tested, power, each),
    )
