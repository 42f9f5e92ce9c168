"""Checks the claim, stopping rule and trend of a comparison against each other and the grid."""

from __future__ import annotations

from gridctl.experiment.document import Location
from gridctl.experiment.schema import SLICE_POSITION_METRICS, TUNED, ComparisonSpec, ExperimentFile
from gridctl.experiment.scores.measures import Measures
from gridctl.experiment.validation import Problems


def check_claims(file: ExperimentFile, problems: Problems) -> None:
    """Report each comparison whose claim, stopping, trend or tuning do not fit together.

    Args:
        file: The validated file.
        problems: Receives the mistakes.
    """
    _check_tuning(file, problems)
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


def _check_tuning(file: ExperimentFile, problems: Problems) -> None:
    """One set chooses for all comparisons, and there is something to choose among."""
    tuned = [item.tuned_on for item in file.compare]
    if not any(tuned):
        return
    for index, name in enumerate(tuned):
        if name != tuned[0]:
            where: Location = ("compare", index, "tuned_on") if name else ("compare", index)
            problems.add(where, "all comparisons are tuned on the same set, or none is", f"write tuned_on: {tuned[0]}")
    at: Location = ("compare", 0, "tuned_on")
    if len(file.ablations) < 2:
        problems.add(
            at,
            "there is nothing to choose among: the grid has one ablation",
            "name each setting in ablations: [none, {name: slow, set: {training.learning_rate: 0.0005}}]",
        )
    for index, ablation in enumerate(file.ablations):
        if ablation.name == TUNED:
            problems.add(("ablations", index), f"'{TUNED}' is what the chosen ablation is called", "give another name")
