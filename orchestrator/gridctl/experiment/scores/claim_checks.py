"""Checks the claim, stopping rule and trend of a comparison against each other and the grid."""

from __future__ import annotations

from gridctl.experiment.schema import ExperimentFile
from gridctl.experiment.validation import Problems


def check_claims(file: ExperimentFile, problems: Problems) -> None:
    """Report each comparison whose claim, stopping or trend do not fit together.

    Args:
        file: The validated file.
        problems: Receives the mistakes.
    """
    for index, item in enumerate(file.compare):
        if item.claim == "population" and item.stopping == "anytime":
            problems.add(
                ("compare", index, "stopping"),
                "evidence at any time holds for the cohort, not for the population",
                "write claim: cohort, or declare stopping: {looks: [5, 10, 15]}",
            )
        if item.trend is not None and len(file.train_ratios) < 2:
            problems.add(
                ("compare", index, "trend"),
                "a trend takes two train ratios or more, and there is one",
                "add train_ratios, or leave the key out",
            )
