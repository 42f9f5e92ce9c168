"""Refuses to train on data that `data check` calls wrong, unless the experiment allows it."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.preprocessing.prepared import PreparedSet

_SHOWN: Final = 10


def require_right(data: DataSpec, field: str, path: str, prepared: PreparedSet) -> None:
    """Refuse a data set in which something is wrong.

    Args:
        data: The data of the run. With `on_wrong: train`, nothing is refused.
        field: The field that names the data set, such as `data.train`.
        path: Where the data set lies.
        prepared: The data set as prepared.

    Raises:
        DataError: Something is wrong, so that training on the data set, or its scores, would be too. It lists the first
            ten problems and counts the rest.
    """
    wrong = [oddity for oddity in prepared.oddities if oddity.wrong] if data.on_wrong == "stop" else []
    if not wrong:
        return
    problems = [Problem(oddity.what, oddity.where) for oddity in wrong[:_SHOWN]]
    more = f" ({len(wrong)} in all)" if len(wrong) > 1 else ""
    last = problems.pop()
    fix = (
        f"{field} would be trained on or scored wrongly{more}: look at it with gridctl-trainer data check {path}, "
        "repair or take out these patients, or set data.on_wrong: train"
    )
    raise DataError([*problems, Problem(last.what, last.where, fix)])
