"""The description of a metric: what is needed to read, compare and plot its scores. Every metric log contains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gridctl_trainer.contract.frozen import Frozen

_Number = Annotated[float, Field(ge=-1e40, le=1e40)]


class MetricInfo(Frozen):
    """Description of a metric, without its code.

    A report reads it from the runs' logs, so it works where the metric's package is not installed.

    Attributes:
        label: Its name in text, tables and charts, such as `soft Dice`.
        definition: Its definition in one line, for the documentation and the report page.
        higher_is_better: Whether larger values are better.
        unit: Unit of its values, such as `mm`; empty for a dimensionless number.
        low, high: Lowest and highest possible value; None where unbounded.
        level: What one value describes: a `slice`, a `case` (one patient at one time point) or a `patient`. A set's
            score is the mean of these values.
        per_structure: Whether each structure has its own score.
        structures: The structures it applies to, such as the ventricles; empty for all. If none of them is segmented,
            it has no score.
        is_score: Whether one value is better than another. False for a plain measurement, such as a volume or a signed
            error: it is shown but never tested, and `higher_is_better` has no meaning.
        learned_beyond: A model whose validation score is not better than this in any epoch has learned nothing; None
            where no such value is known.
    """

    label: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")]
    definition: Annotated[str, Field(max_length=1000)] = ""
    higher_is_better: bool
    unit: Annotated[str, Field(max_length=20, pattern=r"^[^\x00-\x1f]*$")] = ""
    low: _Number | None = None
    high: _Number | None = None
    level: Literal["slice", "case", "patient"] = "slice"
    per_structure: bool = True
    structures: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()
    is_score: bool = True
    learned_beyond: _Number | None = None

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"its range starts at {self.low:g} but ends at {self.high:g}")
        return self

    def structures_of(self, segmented: Sequence[str]) -> tuple[str, ...]:
        """Which of these structures it scores; one empty name if it has a single score for all of them."""
        meant = tuple(name for name in segmented if not self.structures or name in self.structures)
        return meant if self.per_structure else ("",) if meant else ()
