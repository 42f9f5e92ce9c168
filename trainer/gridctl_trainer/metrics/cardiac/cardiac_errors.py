"""The predicted value, the true value and the errors of each quantity of cardiac function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridctl_trainer.metrics.base import MetricDescriptor, Undefined
from gridctl_trainer.metrics.cardiac.cardiac_function import (
    VENTRICLES,
    Mask,
    Value,
    edv,
    ejection_fraction,
    esv,
    mass,
    stroke_volume,
)

Quantity = Callable[[Any, Mask], Value]


def _metrics(
    of: Quantity, label: str, long: str, unit: str, *, whole_heart: bool = False
) -> tuple[MetricDescriptor, ...]:
    """The five metrics of a quantity: predicted value, true value, and signed, absolute and relative error."""
    error_unit = "percentage points" if unit == "%" else unit
    structures = ("myocardium", "epicardium") if whole_heart else VENTRICLES
    parts: list[tuple[str, str, str, Callable[[Any], Value], bool]] = [
        (label, f"{long}, predicted", unit, lambda volumes: of(volumes, "predicted"), False),
        (f"true {label}", f"true {long}", unit, lambda volumes: of(volumes, "truth"), False),
        (f"{label} error", f"predicted minus true {long}", error_unit, lambda volumes: _error(of, volumes), False),
        (
            f"absolute {label} error",
            f"absolute difference between predicted and true {long}",
            error_unit,
            lambda volumes: _absolute(_error(of, volumes)),
            True,
        ),
        (
            f"relative {label} error",
            f"predicted minus true {long} in percent of the true one",
            "%",
            lambda volumes: _relative(of, volumes),
            False,
        ),
    ]
    return tuple(
        MetricDescriptor(
            label=name,
            definition=f"{definition}; volumes cover the annotated slices",
            higher_is_better=False,
            is_score=is_score,
            unit=measured_in,
            low=0 if is_score else None,
            level="patient",
            per_structure=not whole_heart,
            structures=structures,
            function=function,
        )
        for name, definition, measured_in, function, is_score in parts
    )


def _error(of: Quantity, volumes: Any) -> Value:
    true, predicted = of(volumes, "truth"), of(volumes, "predicted")
    if isinstance(true, Undefined):
        return true
    return predicted if isinstance(predicted, Undefined) else predicted - true


def _absolute(error: Value) -> Value:
    return error if isinstance(error, Undefined) else abs(error)


def _relative(of: Quantity, volumes: Any) -> Value:
    error, true = _error(of, volumes), of(volumes, "truth")
    if isinstance(error, Undefined) or isinstance(true, Undefined):
        return true if isinstance(true, Undefined) else error
    return 100 * error / true if true > 0 else Undefined("the true value is 0")


_EDV: Final = _metrics(edv, "EDV", "end-diastolic volume", "ml")
EDV_ML, TRUE_EDV_ML, EDV_ERROR_ML, ABSOLUTE_EDV_ERROR_ML, RELATIVE_EDV_ERROR = _EDV

_ESV: Final = _metrics(esv, "ESV", "end-systolic volume", "ml")
ESV_ML, TRUE_ESV_ML, ESV_ERROR_ML, ABSOLUTE_ESV_ERROR_ML, RELATIVE_ESV_ERROR = _ESV

_STROKE_VOLUME: Final = _metrics(stroke_volume, "stroke volume", "stroke volume (EDV minus ESV)", "ml")
(
    STROKE_VOLUME_ML,
    TRUE_STROKE_VOLUME_ML,
    STROKE_VOLUME_ERROR_ML,
    ABSOLUTE_STROKE_VOLUME_ERROR_ML,
    RELATIVE_STROKE_VOLUME_ERROR,
) = _STROKE_VOLUME

_EF: Final = _metrics(ejection_fraction, "EF", "ejection fraction (stroke volume in percent of EDV)", "%")
EF, TRUE_EF, EF_ERROR, ABSOLUTE_EF_ERROR, _ = _EF

_MASS: Final = _metrics(mass, "mass", "mass of the myocardium at ED (1.05 g/ml)", "g", whole_heart=True)
MASS_G, TRUE_MASS_G, MASS_ERROR_G, ABSOLUTE_MASS_ERROR_G, RELATIVE_MASS_ERROR = _MASS
