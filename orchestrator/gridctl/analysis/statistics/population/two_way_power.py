"""Power and sample size for a claim about patients like these."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from gridctl.analysis.statistics.population.crossed_components import Components
from gridctl.analysis.statistics.power import fewest, t_power


@dataclass(frozen=True, slots=True)
class CrossedDesign:
    """Seeds x patients as they will be scored.

    Attributes:
        parts: Variances between seeds and patients, and the residual one; each at least 0.
        scored: Share of the patients that each seed scores, drawn at random; 1 for a set that every seed scores.
    """

    parts: Components
    scored: float

    def variance(self, seeds: int, patients: int) -> float:
        """Variance of the mean difference over so many seeds and patients, each at least 1."""
        return self.parts.of_mean(self._shares(seeds, patients))

    def power(self, effect: float, seeds: int, patients: int, level: float = 0.05) -> float:
        """Chance that the two-way test finds a difference that is there.

        Args:
            effect: The true mean difference.
            seeds: 2 or more.
            patients: Patients of the cohort, 2 or more.
            level: Significance level.

        Returns:
            By the noncentral t with the degrees of freedom expected of `two_way`.
        """
        variance = self.variance(seeds, patients)
        if variance <= 0:
            return 1.0
        _, _, cell = self._shares(seeds, patients)
        others = self.parts.patient * (1 - self.scored)  # patients that a seed scores
        of_seeds = self.parts.seed / seeds + (others + self.parts.residual) * cell
        of_patients = variance - self.parts.seed / seeds + self.parts.seed * cell
        twice = max(of_seeds + of_patients - variance, 0.0)
        cells = max(seeds * patients * self.scored - seeds - patients + 1, 1.0)
        df = variance**2 / (of_seeds**2 / (seeds - 1) + of_patients**2 / (patients - 1) + twice**2 / cells)
        return t_power(abs(effect) / math.sqrt(variance), max(df, min(seeds, patients) - 1), level)

    def seeds_needed(self, effect: float, patients: int, power: float = 0.8, level: float = 0.05) -> int | None:
        """Fewest seeds with which the test finds an effect often enough.

        Args:
            effect: The true mean difference, not 0.
            patients: Patients of the cohort, 2 or more.
            power: Wanted power, in (0, 1).
            level: Significance level.

        Returns:
            Seeds, 2 or more; None if no number of seeds is enough.
        """
        if self.parts.patient > 0:
            most = abs(effect) / math.sqrt(self.parts.patient / patients)
            if float(stats.norm.sf(float(stats.norm.ppf(1 - level / 2)) - most)) < power:
                return None
        return fewest(lambda seeds: self.power(effect, seeds, patients, level) >= power)

    def patients_needed(self, effect: float, seeds: int, power: float = 0.8, level: float = 0.05) -> int | None:
        """Fewest patients with which the test finds an effect often enough.

        Args:
            effect: The true mean difference, not 0.
            seeds: As in the grid.
            power: Wanted power, in (0, 1).
            level: Significance level.

        Returns:
            Patients, 2 or more; None if no number of patients is enough, or with fewer than two seeds.
        """
        if seeds < 2:
            return None
        if self.parts.seed > 0 and t_power(abs(effect) / math.sqrt(self.parts.seed / seeds), seeds - 1, level) < power:
            return None
        return fewest(lambda patients: self.power(effect, seeds, patients, level) >= power)

    def _shares(self, seeds: int, patients: int) -> tuple[float, float, float]:
        """As `Sums.shares`, expected over random splits."""
        scores = seeds * patients * self.scored
        return 1 / seeds, (1 - self.scored + seeds * self.scored) / scores, 1 / scores
