"""Amounts of CPU, memory and disk in an experiment file, checked as the API server would check them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from gridctl_trainer.contract.fields.quantity import QUANTITY, parse_quantity
from gridctl_trainer.contract.fields.text_form import text_form


def _cpus(text: str) -> str:
    value = parse_quantity(text)
    if value < Decimal("0.001"):
        raise ValueError("is less than 1m, a thousandth of a CPU")
    return text


def _size(text: str) -> str:
    value = parse_quantity(text)
    if value < 1 or value != value.to_integral_value():
        raise ValueError("is not a whole number of bytes: write 512Mi or 8Gi, as `m` means thousandths")
    return text


def _cpu_limit(text: str) -> str:
    return text if text == NO_LIMIT else _cpus(text)


def _size_limit(text: str) -> str:
    return text if text == NO_LIMIT else _size(text)


NO_LIMIT: Final = "none"
"""Value that leaves out a limit."""
_FORM: Final = text_form(QUANTITY, or_number=True)
_FORM_OF_LIMIT: Final = text_form(f"{QUANTITY}|{NO_LIMIT}", or_number=True)
Cpus = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_cpus), _FORM]
"""A number of CPUs."""
CpuLimit = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_cpu_limit), _FORM_OF_LIMIT]
"""A number of CPUs, or `none`."""
Size = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_size), _FORM]
"""A number of bytes."""
SizeLimit = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_size_limit), _FORM_OF_LIMIT]
"""A number of bytes, or `none`."""
