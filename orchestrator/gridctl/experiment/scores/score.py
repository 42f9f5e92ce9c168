"""How a run's epochs become one score: the names that an experiment file and `report --score` take."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

from gridctl_trainer.contract.fields.text_form import text_form

_FORM: Final = r"final|best|mean|last-[1-9]\d{0,3}"


def is_score(text: str) -> bool:
    """Whether this names a score: `final`, `best`, `mean` or `last-K`."""
    return re.fullmatch(_FORM, text) is not None


def _checked(text: str) -> str:
    if not is_score(text):
        raise ValueError("use final, best, mean or last-K, such as last-5")
    return text


Score = Annotated[str, AfterValidator(_checked), text_form(_FORM)]
