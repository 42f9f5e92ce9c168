"""One look at the answer while seeds are added: what was seen, and whether it decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from gridctl.analysis.inference.decision import Decision, deciding_tests, decision_of
from gridctl.analysis.model import Comparison, Overall
from gridctl.analysis.request import ReportRequest
from gridctl.commands.lookup.experiments import Found
from gridctl.commands.reporting.report_result import report_of
from gridctl.experiment import Experiment


@dataclass(frozen=True, slots=True)
class SeenTest:
    """What a look saw of one comparison on one score, over the whole grid.

    Attributes:
        seeds, patients: It is of; 0 patients without scores of each.
        claim: For whom it speaks: `cohort` or `population`.
        difference: Mean of model - against.
        low, high: Its interval: the confidence sequence where the answer may be looked at after every seed.
        p_holm: After correction for looks and for the tests of its family.
        equivalence_margin: As declared; None without one.
        decision: Of `model`: better, worse, equivalent, or open.
        says: The report's verdict.
    """

    model: str
    against: str
    metric: str
    label: str
    seeds: int
    patients: int
    claim: str
    difference: float | None
    low: float | None
    high: float | None
    p_holm: float | None
    equivalence_margin: float | None
    decision: Decision
    says: str


@dataclass(frozen=True, slots=True)
class Look:
    """A look.

    Attributes:
        seeds: Complete ones that it may use.
        tests: What it saw.
        unusable: Why pairs of those seeds cannot be tested, in words.
    """

    seeds: int
    tests: Sequence[SeenTest]
    unusable: Sequence[str] = ()

    @property
    def decided(self) -> bool:
        """Whether every test is."""
        return bool(self.tests) and all(test.decision != "open" for test in self.tests)

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self) | {"decided": self.decided}


def look_at(found: Found, seeds: int) -> Look:
    """Look at the answer, and keep in the experiment's history that it was looked at.

    Args:
        found: The experiment.
        seeds: Complete ones that it may use, in the declared order.

    Raises:
        StoreError: The store cannot be reached.
    """
    comparisons = report_of(found, ReportRequest(significance=True)).report.comparisons
    tests = [_seen(row) for row in deciding_tests(comparisons)]
    wanted = set(found.experiment.seeds[:seeds])
    lacking = not tests or any(test.seeds < seeds for test in tests)
    return Look(seeds, tests, list(_unusable(comparisons, wanted)) if lacking else ())


def complete_seeds(experiment: Experiment, runs: pd.DataFrame) -> int:
    """How many of the declared seeds, from the first one on, have all their runs done.

    Args:
        experiment: Its grid.
        runs: As `Collected.runs`.
    """
    done = dict(zip(runs["run_id"], runs["finished"], strict=True))
    for number, seed in enumerate(experiment.seeds):
        if not all(done[run.run_id] for run in experiment.runs if run.seed == seed):
            return number
    return len(experiment.seeds)


def _seen(row: Overall) -> SeenTest:
    return SeenTest(
        model=row.model,
        against=row.against,
        metric=row.metric,
        label=row.label,
        seeds=row.n_seeds,
        patients=row.patients,
        claim=row.claim,
        difference=row.difference,
        low=row.ci_low,
        high=row.ci_high,
        p_holm=row.p_holm,
        equivalence_margin=row.equivalence_margin,
        decision=decision_of(row),
        says=row.verdict,
    )


def _unusable(comparisons: Sequence[Comparison], seeds: set[int]) -> dict[str, None]:
    found: dict[str, None] = {}
    for part in comparisons:
        for pair in part.dropped:
            if part.kind == "models" and pair.seed in seeds and pair.cause != "unfinished":
                found[f"seed {pair.seed}, ratio {pair.train_ratio:g}: {pair.reason}"] = None
    return found
