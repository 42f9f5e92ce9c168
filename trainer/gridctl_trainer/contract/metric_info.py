"""What must be known of a metric to read, compare and draw its scores: light, and written into every metric log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gridctl_trainer.contract.frozen import Frozen

_Number = Annotated[float, Field(ge=-1e40, le=1e40)]


class MetricInfo(Frozen):
    """A metric without its code.

    A report takes it from the logs of the runs, so that it works where the package of the metric is not installed.

    Attributes:
        label: What it is called in text, tables and charts, such as `soft Dice`.
        definition: What it is, in one line, for documentation and page.
        higher_is_better: Whether a larger value is the better one.
        unit: Of its values, such as `mm`; empty for a bare number.
        low, high: The least and the largest value that it can have; None where there is no end.
        level: What one value is of: a `slice`, a `case` (one patient at one time point) or a `patient`. A set's
            score is the mean over them.
        per_structure: Whether each structure has a score of its own.
        structures: The only ones that it is about, such as those that pump; empty for all. Where none of them is
            segmented it has no score.
        is_score: Whether one value is better than another. False for what is merely measured, such as a volume or a
            signed error: that is shown and never tested, and `higher_is_better` says nothing.
        learned_beyond: A model whose score on validation is never better than this in any epoch has learned nothing;
            None where no such value is known.
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
            raise ValueError(f"its range begins at {self.low:g} and ends at {self.high:g}")
        return self

    def structures_of(self, segmented: Sequence[str]) -> tuple[str, ...]:
        """Those of some structures that it has a score of; one empty name if its score is of all together."""
        meant = tuple(name for name in segmented if not self.structures or name in self.structures)
        return meant if self.per_structure else ("",) if meant else ()
