"""Names of scores: set, metric and structure, such as `validation.soft_dice.left_ventricle`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator

from gridctl_trainer.contract.fields.text_form import text_form
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.released.score_names_v1 import RENAMED_SCORES, renamed

VALIDATION: Final = "validation"
"""The set of the training data's patients that are held out from training."""

TRAIN_LOSS: Final = "train_loss"
"""What training minimises. It is not a score of a set, but it can select the best epoch."""

_IDENTIFIER: Final = "[a-z0-9](?:[_a-z0-9]*[a-z0-9])?"
_WORD: Final = "[A-Za-z_][A-Za-z0-9_]*"
METRIC_FORM: Final = rf"{_WORD}(?:\.{_WORD})*:{_WORD}|{_IDENTIFIER}"
SCORE_FORM: Final = rf"{_IDENTIFIER}\.(?:{METRIC_FORM})(?:\.{_IDENTIFIER})?"
"""In the regular expression syntax of JSON Schema."""

_STRUCTURES: Final = rf"{_IDENTIFIER}(?:\+{_IDENTIFIER})*"
COMPARED_FORM: Final = rf"{_IDENTIFIER}\.(?:{METRIC_FORM})(?:\.{_STRUCTURES})?"
"""The same, where structures may be pooled."""

_SCORE: Final = re.compile(rf"(?P<set>{_IDENTIFIER})\.(?P<metric>{METRIC_FORM})(?:\.(?P<structure>{_STRUCTURES}))?")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class ScoreName:
    """Name of a score.

    Attributes:
        set: `validation`, or the name of another scored set.
        metric: The metric's short name, or `pkg.module:name`.
        structure: The segmented structure; empty if it was left out or the metric has none. `a+b` is the mean of both,
            within each patient.
    """

    set: str
    metric: str
    structure: str = ""

    def __str__(self) -> str:
        return f"{self.set}.{self.key}"

    @property
    def structures(self) -> tuple[str, ...]:
        """The structure, or each of those that are pooled; one empty name if it has none."""
        return tuple(self.structure.split("+"))

    @property
    def key(self) -> str:
        """Its name within its set as in the records, such as `soft_dice.left_ventricle`."""
        return f"{self.metric}.{self.structure}" if self.structure else self.metric

    @classmethod
    def parse(cls, text: str) -> ScoreName:
        """Parse the name of a score.

        Raises:
            ValueError: The text is not a score's name; the message says how one is written.
        """
        found = _SCORE.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None and text in RENAMED_SCORES:
            raise ValueError(f"{text} has another name now: write {renamed(text)}")
        if found is None:
            raise ValueError("write a score as SET.METRIC.STRUCTURE, such as validation.soft_dice.left_ventricle")
        return cls(found["set"], found["metric"], found["structure"] or "")

    def written_out(self, known: Sequence[ScoreName]) -> list[ScoreName]:
        """The scores that it refers to: itself, or one per structure if the structure was left out.

        Args:
            known: All scores that a run logs.

        Returns:
            The scores in `known` that it refers to; one of pooled structures names them in the order of `known`; empty
            if there are none.
        """
        if self in known:
            return [self]
        alike = [score for score in known if len(score.structures) == 1 and replace(score, structure="") == self.whole]
        if not self.structure:
            return alike
        wanted, there = set(self.structures), [score.structure for score in alike if score.structure in self.structures]
        pooled = 1 < len(self.structures) == len(wanted) == len(there)
        return [replace(self, structure="+".join(there))] if pooled else []

    @property
    def whole(self) -> ScoreName:
        """The same score without its structure."""
        return replace(self, structure="")


def _checked_score(text: str) -> str:
    ScoreName.parse(text)
    return text


def _checked_best(text: str) -> str:
    if text != TRAIN_LOSS and len(ScoreName.parse(text).structures) > 1:
        raise ValueError("pooled structures have no score of each epoch: name one structure, or none")
    return text


@lru_cache
def _checked_metric(text: str) -> str:
    if len(text) > _LONGEST or not re.fullmatch(METRIC_FORM, text):
        raise ValueError("name a metric by its short name, such as soft_dice, or by its path, pkg.module:name")
    return text


MetricName = Annotated[str, AfterValidator(_checked_metric), text_form(METRIC_FORM)]
ScoreText = Annotated[str, AfterValidator(_checked_score), text_form(COMPARED_FORM)]
BestBy = Annotated[str, AfterValidator(_checked_best), text_form(f"{TRAIN_LOSS}|{SCORE_FORM}")]
"""What can select the best epoch: a score, or `train_loss`."""


def scores_of(
    sets: Sequence[str], metrics: Iterable[tuple[str, MetricInfo]], structures: Sequence[str]
) -> list[ScoreName]:
    """Every score that a run logs, metric by metric, then set by set.

    Args:
        sets: The scored sets.
        metrics: The computed metrics and their descriptions.
        structures: The segmented structures.
    """
    return [
        ScoreName(name, metric, structure)
        for metric, info in metrics
        for name in sets
        for structure in info.structures_of(structures)
    ]
