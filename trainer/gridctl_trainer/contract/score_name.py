"""What a score is called everywhere: its set, metric and structure, `validation.soft_dice.left_ventricle`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from pydantic import AfterValidator

from gridctl_trainer.contract.fields.text_form import text_form
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.released.score_names_v1 import RENAMED_SCORES, renamed

VALIDATION: Final = "validation"
"""The patients of the training data who are not trained on."""

TRAIN_LOSS: Final = "train_loss"
"""What training minimises; not a score of a set, but an epoch can be the best by it."""

_IDENTIFIER: Final = "[a-z0-9](?:[_a-z0-9]*[a-z0-9])?"
_WORD: Final = "[A-Za-z_][A-Za-z0-9_]*"
METRIC_FORM: Final = rf"{_WORD}(?:\.{_WORD})*:{_WORD}|{_IDENTIFIER}"
SCORE_FORM: Final = rf"{_IDENTIFIER}\.(?:{METRIC_FORM})(?:\.{_IDENTIFIER})?"
"""As JSON Schema knows regular expressions."""

_SCORE: Final = re.compile(rf"(?P<set>{_IDENTIFIER})\.(?P<metric>{METRIC_FORM})(?:\.(?P<structure>{_IDENTIFIER}))?")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class ScoreName:
    """A score.

    Attributes:
        set: `validation`, or the name of another set that is scored.
        metric: Its short name, or `pkg.module:name`.
        structure: What is segmented; empty where it was left out, or where the metric has none.
    """

    set: str
    metric: str
    structure: str = ""

    def __str__(self) -> str:
        return f"{self.set}.{self.key}"

    @property
    def key(self) -> str:
        """Its name within its set, `soft_dice.left_ventricle`: as records have it."""
        return f"{self.metric}.{self.structure}" if self.structure else self.metric

    @classmethod
    def parse(cls, text: str) -> ScoreName:
        """Read a score's name.

        Raises:
            ValueError: It is none; says how one is written.
        """
        found = _SCORE.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None and text in RENAMED_SCORES:
            raise ValueError(f"{text} has another name now: write {renamed(text)}")
        if found is None:
            raise ValueError("write a score as SET.METRIC.STRUCTURE, such as validation.soft_dice.left_ventricle")
        return cls(found["set"], found["metric"], found["structure"] or "")

    def written_out(self, known: Sequence[ScoreName]) -> list[ScoreName]:
        """The scores that it means: itself, or one for each structure where that was left out.

        Args:
            known: All that a run logs.

        Returns:
            Those of `known` that it means; none if there is no such score.
        """
        if self in known or self.structure:
            return [self] if self in known else []
        return [score for score in known if replace(score, structure="") == self]


def _checked_score(text: str) -> str:
    ScoreName.parse(text)
    return text


def _checked_best(text: str) -> str:
    return text if text == TRAIN_LOSS else _checked_score(text)


def _checked_metric(text: str) -> str:
    if len(text) > _LONGEST or not re.fullmatch(METRIC_FORM, text):
        raise ValueError("name a metric by its short name, such as soft_dice, or by its path, pkg.module:name")
    return text


MetricName = Annotated[str, AfterValidator(_checked_metric), text_form(METRIC_FORM)]
ScoreText = Annotated[str, AfterValidator(_checked_score), text_form(SCORE_FORM)]
BestBy = Annotated[str, AfterValidator(_checked_best), text_form(f"{TRAIN_LOSS}|{SCORE_FORM}")]
"""What can select the best epoch: a score, or `train_loss`."""


def scores_of(
    sets: Sequence[str], metrics: Iterable[tuple[str, MetricInfo]], structures: Sequence[str]
) -> list[ScoreName]:
    """Every score that a run logs, metric by metric, then set by set.

    Args:
        sets: That are scored.
        metrics: That are computed, and what is known of each.
        structures: That are segmented.
    """
    return [
        ScoreName(name, metric, structure)
        for metric, info in metrics
        for name in sets
        for structure in info.structures_of(structures)
    ]
