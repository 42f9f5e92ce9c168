"""The types of names, ratios and seeds in specifications, labels and files."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from gridctl_trainer.contract.fields.text_form import text_form

_DNS_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_IDENTIFIER: Final = r"[a-z0-9]([_a-z0-9]*[a-z0-9])?"


def _dns_label(value: str) -> str:
    if not re.fullmatch(_DNS_LABEL, value):
        raise ValueError("use lowercase letters, digits and '-', with a letter or digit at both ends")
    return value


def _identifier(value: str) -> str:
    if not re.fullmatch(_IDENTIFIER, value):
        raise ValueError("use lowercase letters, digits and '_', with a letter or digit at both ends")
    return value


ExperimentName = Annotated[str, AfterValidator(_dns_label), text_form(_DNS_LABEL)]
Identifier = Annotated[str, AfterValidator(_identifier), text_form(_IDENTIFIER)]
TrainRatio = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
