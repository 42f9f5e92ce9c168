"""Simulates how often each test declares a difference between two learners that do not differ.

    python -m benchmarks.population_error_rates [--studies 10000] [--effect 0.0]

One cohort of 100 patients is split anew by every seed. The difference of two models for seed s and patient p is

    D_sp = effect + patient_p + seed_s + training_s + residual_sp,

with patient sd 0.05, residual sd 0.05 and seed sd 0.01, 0.03 or 0.06 (for real cardiac MRI with small networks: 0.05,
0.05 and 0.06). `training_s` is the effect of the drawn training set: the mean, over the training patients, of effects
of sd 0.1 that sum to 0 over the cohort. It is therefore shared by seeds that share training patients, and depends on
who validates. A patient who was trained on has no score. An external set of 45 patients is scored by every seed. The
null hypothesis concerns new patients, for models trained on subsets of this cohort. The script prints the table of
docs/statistics.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.population.crossed_components import Sums
from gridctl.analysis.statistics.population.nadeau_bengio import corrected_t
from gridctl.analysis.statistics.population.two_way import two_way

PATIENTS: Final = 100
EXTERNAL: Final = 45
PATIENT_SD: Final = 0.05
RESIDUAL_SD: Final = 0.05
TRAINING_SD: Final = 0.1
RATIOS: Final = (0.1, 0.5, 0.8, None)
"""Train ratios; None stands for an external set and models trained on half of the cohort."""
SEEDS: Final = (5, 10, 20)
SEED_SDS: Final = (0.01, 0.03, 0.06)


@dataclass(frozen=True, slots=True)
class Design:
    """One cell of the table.

    Attributes:
        ratio: Share of the cohort that is trained on; None for an external set.
        seeds: Number of seeds.
        seed_sd: Standard deviation of the effect of a seed on all of its patients.
        training_sd: Standard deviation of the effect of each training patient; 0 for none.
        effect: The true difference.
    """

    ratio: float | None
    seeds: int
    seed_sd: float
    training_sd: float = TRAINING_SD
    effect: float = 0.0


def study(design: Design, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw the differences of one study: (seeds, patients), NaN where a patient was trained on."""
    trained = round((0.5 if design.ratio is None else design.ratio) * PATIENTS)
    order = np.argsort(generator.random((design.seeds, PATIENTS)), axis=1)
    is_trained = np.zeros((design.seeds, PATIENTS), dtype=bool)
    np.put_along_axis(is_trained, order[:, :trained], True, axis=1)
    of_training = generator.normal(0, design.training_sd, PATIENTS)
    training = is_trained @ (of_training - of_training.mean()) / trained
    scored = EXTERNAL if design.ratio is None else PATIENTS
    seed = generator.normal(0, design.seed_sd, design.seeds) + training
    patient = generator.normal(0, PATIENT_SD, scored)
    d = design.effect + seed[:, None] + patient + generator.normal(0, RESIDUAL_SD, (design.seeds, scored))
    return d if design.ratio is None else np.where(is_trained, np.nan, d)


def rates(design: Design, studies: int, seed: int = 0) -> dict[str, float]:
    """Share of studies in which each test finds p < 0.05; NaN for a test that does not apply."""
    ratio = 0 if design.ratio is None else round(100 * design.ratio)
    generator = np.random.default_rng([seed, ratio, design.seeds, round(1000 * design.seed_sd)])
    found = dict.fromkeys(("paired t over seeds", "two-way, conservative", "two-way", "Nadeau-Bengio", "oracle"), 0.0)
    if design.ratio is None or design.ratio < 0.5:
        found["Nadeau-Bengio"] = float("nan")
    for _ in range(studies):
        d = study(design, generator)
        of_seeds = np.nanmean(d, axis=1)
        found["paired t over seeds"] += _finds(paired_t(of_seeds, np.zeros(design.seeds)).p)
        found["two-way, conservative"] += _finds(two_way(d, method="conservative").p)
        found["two-way"] += _finds(two_way(d).p)
        if design.ratio is not None and design.ratio >= 0.5:
            trained = round(design.ratio * PATIENTS)
            corrected = corrected_t(of_seeds, PATIENTS - trained, trained)
            found["Nadeau-Bengio"] += corrected is not None and _finds(corrected.p)
        sums = Sums.of(d, np.ones(d.shape))
        shares = sums.shares
        variance = _seed_variance(design) * shares[0] + PATIENT_SD**2 * shares[1] + RESIDUAL_SD**2 * shares[2]
        found["oracle"] += 2 * stats.norm.sf(abs(sums.mean) / variance**0.5) < 0.05
    return {name: number / studies for name, number in found.items()}


def _seed_variance(design: Design) -> float:
    """Variance of the effect of a seed, including the effect of its training set."""
    trained = round((0.5 if design.ratio is None else design.ratio) * PATIENTS)
    return design.seed_sd**2 + design.training_sd**2 * (1 - trained / PATIENTS) / trained


def _finds(p: float | None) -> bool:
    return p is not None and p < 0.05


def lower_end(rate: float, studies: int, confidence: float = 0.999) -> float:
    """The lower end of the confidence interval of a rate (Clopper and Pearson)."""
    hits = round(rate * studies)
    return float(stats.beta.ppf((1 - confidence) / 2, hits, studies - hits + 1)) if hits else 0.0


def designs(effect: float = 0.0) -> Iterator[Design]:
    """Yield every cell of the table."""
    for ratio in RATIOS:
        for seeds in SEEDS:
            for seed_sd in SEED_SDS:
                yield Design(ratio, seeds, seed_sd, effect=effect)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--effect", type=float, default=0.0)
    asked = parser.parse_args()
    heading = False
    for design in designs(asked.effect):
        found = rates(design, asked.studies)
        if not heading:
            sys.stdout.write("| patients scored | seeds | seed sd | " + " | ".join(found) + " |\n")
            sys.stdout.write("| --- | ---: | ---: |" + " ---: |" * len(found) + "\n")
            heading = True
        shares = " | ".join("-" if share != share else f"{share:.1%}" for share in found.values())
        scored = "external set of 45" if design.ratio is None else f"ratio {design.ratio:g}"
        sys.stdout.write(f"| {scored} | {design.seeds} | {design.seed_sd:g} | {shares} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
