"""Checks the claim, stopping rule and trend of a comparison against each other and the grid."""

from __future__ import annotations

from gridctl.experiment.schema import SLICE_POSITION_METRICS, ComparisonSpec, ExperimentFile
from gridctl.experiment.scores.measures import Measures
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
        lacking = [name for name in SLICE_POSITION_METRICS.values() if name not in file.metrics]
        if "slice_position" in item.subgroups and lacking:
            problems.add(
                ("compare", index, "subgroups"),
                f"slice_position is by {', '.join(SLICE_POSITION_METRICS.values())}, and metrics lacks "
                f"{', '.join(lacking)}",
                "add them to metrics, or leave slice_position out",
            )


def check_subgroups(item: ComparisonSpec, index: int, measures: Measures, problems: Problems) -> None:
    """Note a comparison whose subgroups no score of it can tell apart.

    Args:
        item: The comparison, its scores written out.
        index: Its place in the file.
        measures: What the runs score.
        problems: Gets the mistake.
    """
    slices = [name for name in item.metrics if measures[name].level == "slice"]
    if item.subgroups and slices:
        problems.add(
            ("compare", index, "subgroups"),
            f"{slices[0]} is a mean over slices and has no score of each patient, so it has no subgroups",
            "compare a score of cases, such as validation.dice, or leave subgroups out",
        )
