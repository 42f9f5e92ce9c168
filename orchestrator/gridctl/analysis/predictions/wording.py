"""What a test over patients of networks that are not trained again allows one to say: never that a model is better."""

from __future__ import annotations

from gridctl.analysis.model.predictions import PredictionsRow
from gridctl.analysis.wording import FEWEST_PAIRS, LEVEL, prints_as_zero
from gridctl_trainer.contract.wording import count


def population(row: PredictionsRow, patients: str = "patients like these") -> str:
    """For whom the test holds, and what it does not cover; without a full stop.

    Args:
        row: The test.
        patients: What the patients are called for whom it holds.
    """
    if row.train_ratio is None:
        return f"the masks of both as they are, for {patients}; training again may reverse it"
    if row.networks == 1:
        return f"these two trained networks, for {patients}; retraining may reverse it"
    return (
        f"the mean of these {row.networks} trained networks of {row.model}, and the masks of {row.against} as they "
        f"are, for {patients}; how networks differ by seed and split is not covered, and retraining either side may "
        "reverse it"
    )


def side(row: PredictionsRow) -> str:
    """What the first side is called: `these 5 networks of gamma_net`."""
    if row.train_ratio is None:
        return f"the masks of {row.model}"
    return f"this network of {row.model}" if row.networks == 1 else f"these {row.networks} networks of {row.model}"


def verdict(row: PredictionsRow) -> str:
    """What may be said of one row, its corrected p known."""
    return f"{said(row)}{_whose(row)}" if row.p is not None and not row.unfinished else said(row)


def said(row: PredictionsRow) -> str:
    """The same without the population."""
    if row.unfinished:
        verb = "is" if row.unfinished == 1 else "are"
        return f"no answer yet: {count(row.unfinished, 'run')} of {row.model} {verb} not finished"
    if not row.networks:
        return f"no run of {row.model} has scores of cases"
    if not row.patients:
        why = f": {row.left_out_because}" if row.left_out_because else ""
        return f"no patient has a score on both sides{why}"
    if row.patients == 1:
        return "one patient is not enough for a test over patients; score more"
    if row.p is None or row.p_holm is None or row.difference is None:
        if row.difference == 0:
            return "every patient scores exactly the same on both sides, so there is nothing to test"
        return "every patient differs by exactly the same, so there is no spread to test against"
    if prints_as_zero(row.difference):
        return "no difference seen"
    first, second = side(row), f"the masks of {row.against}"
    one = row.networks == 1 and row.train_ratio is not None
    if (row.difference > 0) != row.higher_is_better:
        first, second, one = second, first, False
    if is_significant(row):
        mean = " on average" if row.networks > 1 else ""
        return f"{first} {'scores' if one else 'score'} better than {second}{mean}"
    ahead = f"{first} {'is' if one else 'are'} ahead of {second}"
    if row.p_holm <= LEVEL:
        return f"{ahead}, but {count(row.patients, 'patient')} are too few to say more"
    if row.p <= LEVEL:
        return f"{ahead}, but not after correction for the number of tests"
    if row.t is not None and abs(row.t) < 1:
        return "no difference seen"
    return f"{ahead}, but by no more than chance allows"


def is_significant(row: PredictionsRow) -> bool:
    """Whether the difference may be called one: corrected p at most the level, of enough patients and finished runs."""
    if row.p_holm is None or row.difference is None or row.unfinished or prints_as_zero(row.difference):
        return False
    return row.p_holm <= LEVEL and row.patients >= FEWEST_PAIRS


def _whose(row: PredictionsRow) -> str:
    patients = f"for patients like these: {count(row.patients, 'patient')}"
    if row.train_ratio is None:
        return f" (the masks of both as they are, {patients}; training again may reverse it)"
    networks = "two" if row.networks == 1 else str(row.networks)
    masks = "" if row.networks == 1 else " and masks"
    return f" (these {networks} trained networks{masks}, {patients}; retraining may reverse it)"
