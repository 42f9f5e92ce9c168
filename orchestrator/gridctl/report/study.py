"""What a published study provides for a report: its printed values beside ours, and its figures from our runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from gridctl.analysis.model import Comparison, StudySection
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import Measures


@dataclass(frozen=True, slots=True)
class Measured:
    """Our results, to be compared with printed values.

    Attributes:
        experiment: Its runs say which printed value they correspond to.
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`, of finished runs.
        comparisons: Tested over runs, p corrected; empty if nothing was.
        score: How a run's epochs become one score.
        measures: What is known of the scores.
    """

    experiment: Experiment
    runs: pd.DataFrame
    epochs: pd.DataFrame
    comparisons: Sequence[Comparison]
    score: str
    measures: Measures

    @property
    def finished(self) -> set[str]:
        """Ids of finished runs."""
        return set(self.runs.loc[self.runs["finished"], "run_id"])


class StudyComparison(Protocol):
    """Some tables and figures of a study beside an experiment.

    Models that a table or figure does not know, models that it lacks and metrics that were not measured are named in
    the `notes` of its item; they are not errors.
    """

    def section(self, measured: Measured) -> StudySection:
        """One item for each table and figure asked for, in that order."""
        ...

    def draw(self, section: StudySection, folder: Path) -> Iterator[Path]:
        """Draw every figure of a section that has points into a folder that exists.

        Yields:
            Each file written.
        """
        ...
