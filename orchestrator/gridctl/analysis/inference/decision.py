"""Whether a comparison is decided, so that no further seed is needed: by its tests over the whole grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gridctl.analysis.model import Comparison, Overall
from gridctl.analysis.wording import is_significant_overall
from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.experiment.schema import DeclaredLooks

Decision = Literal["better", "worse", "equivalent", "open"]
"""Of `model` against `against`; a difference that is both shown and within the margin is a difference."""


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """When the answer may be looked at while seeds are added.

    Attributes:
        looks: Seeds at which it may; empty where it may after every seed.
        seeds: That are declared.
    """

    looks: tuple[int, ...]
    seeds: int

    def latest(self, complete: int) -> int | None:
        """Seeds of the look that so many complete ones allow; None before the first."""
        if not self.looks:
            return complete or None
        return max((look for look in self.looks if look <= complete), default=None)

    def following(self, complete: int, most: int, step: int) -> int | None:
        """Seeds that there are to be at the next look; None where the budget or the declared looks allow none.

        Args:
            complete: Seeds whose runs are all done.
            most: Seeds of the budget.
            step: Seeds that are trained at a time where each may be looked at.
        """
        if self.looks:
            return next((look for look in self.looks if complete < look <= most), None)
        return min(complete + step, most) if complete < most else None


def stopping_rule(experiment: Experiment) -> StoppingRule:
    """When an experiment allows its answer to be looked at while seeds are added.

    Raises:
        InputError: It declares nothing to be decided, one look at the end, looks that its seeds never reach, or
            several comparisons that stop differently.
    """
    document = experiment.document
    if not experiment.compare:
        raise InputError(
            f"{experiment.name} compares nothing, so nothing can be decided",
            where=document.source,
            fix="add `compare: {model: A, against: B, claim: cohort, stopping: anytime}`",
        )
    first = experiment.compare[0]
    for index, item in enumerate(experiment.compare):
        if item.stopping == "fixed":
            problem = document.problem(
                ("compare", index, "stopping"),
                "`fixed` allows one look, when all declared seeds are done: adding seeds until an answer appears finds "
                "one in 19-27% of studies without a difference",
                "declare `stopping: anytime` with `claim: cohort`, or `stopping: {looks: [5, 10, 15]}`, before the "
                "first result; `gridctl submit` trains all declared seeds",
            )
            raise InputError([problem])
        if item.stopping != first.stopping:
            problem = document.problem(
                ("compare", index, "stopping"),
                f"the comparisons stop differently, and are trained together: {_said(first.stopping)} and "
                f"{_said(item.stopping)}",
                "declare the same `stopping` for all of them",
            )
            raise InputError([problem])
    seeds, folds = len(experiment.seeds), len(experiment.folds)
    looks: tuple[int, ...] = ()
    if isinstance(first.stopping, DeclaredLooks):
        looks = tuple(dict.fromkeys(math.ceil(look / folds) for look in first.stopping.looks))
        if looks[0] > seeds:
            problem = document.problem(
                ("seeds",),
                f"the first declared look takes {first.stopping.looks[0]} pairs, and {seeds} seeds make "
                f"{seeds * folds}",
                f"declare {looks[-1]} seeds: the last look takes as many",
            )
            raise InputError([problem])
    return StoppingRule(looks, seeds)


def decision_of(row: Overall) -> Decision:
    """What a test over the whole grid allows one to say of `model`."""
    if is_significant_overall(row) and row.difference is not None:
        return "better" if (row.difference > 0) == row.higher_is_better else "worse"
    return "equivalent" if row.equivalent else "open"


def deciding_tests(comparisons: Sequence[Comparison]) -> list[Overall]:
    """The tests that have to be decided: those of models over the whole grid on the scores that are compared."""
    secondary = {(row.model, row.against, row.metric) for part in comparisons for row in part.rows if row.secondary}
    return [
        row
        for part in comparisons
        if part.kind == "models"
        for row in part.overall
        if (row.model, row.against, row.metric) not in secondary
    ]


def _said(stopping: str | DeclaredLooks) -> str:
    return stopping if isinstance(stopping, str) else f"looks {list(stopping.looks)}"
