"""One set of predictions as `gridctl score` scored it: a side of a comparison that cannot be retrained."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gridctl_trainer.contract.records.score_file import ScoreFileHeader


@dataclass(frozen=True, slots=True)
class PredictionSet:
    """Scores of masks, case by case.

    Attributes:
        name: What the report calls them.
        where: The file, for messages.
        header: What it says of metrics, and of the runs that predicted.
        cases: One row per metric of each case, with the columns of `gridctl export --table cases` that name no run.
    """

    name: str
    where: str
    header: ScoreFileHeader
    cases: pd.DataFrame

    @property
    def key(self) -> str:
        """Where a table of runs has run ids: none of them has a blank in it."""
        return f"predictions {self.name}"

    def as_run(self, set_name: str, checkpoint: str, like: pd.DataFrame) -> pd.DataFrame:
        """Its cases as those of one more run.

        Args:
            set_name: What the runs call these patients.
            checkpoint: Of the runs that it is compared with.
            like: Cases of runs, whose columns it gets.
        """
        told = self.cases.assign(run_id=self.key, set=set_name, checkpoint=checkpoint)
        return told.reindex(columns=like.columns)
