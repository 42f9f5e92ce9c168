"""Ejection fractions that are impossible, or implausible, for a living heart."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.contract.records.run_result import PatientFunction

IMPOSSIBLE, IMPLAUSIBLE, UNKNOWN = "impossible", "implausible", "not measurable"
"""What a remark begins with."""

_PLAUSIBLE: Final = (0.05, 0.9)


def remark(patient: PatientFunction) -> str:
    """What is odd about a patient's ejection fractions, the predicted one first; empty if nothing is."""
    said = [_odd(patient.predicted_edv_ml, patient.predicted_esv_ml, "predicted")]
    said.append(_odd(patient.true_edv_ml, patient.true_esv_ml, "true"))
    return "; ".join(filter(None, said))


def _odd(edv_ml: float, esv_ml: float, which: str) -> str:
    if edv_ml <= 0:
        return f"{UNKNOWN}: no cavity {which} at end-diastole"
    fraction = (edv_ml - esv_ml) / edv_ml
    if fraction < 0:
        return f"{IMPOSSIBLE}: {which} volume larger at end-systole than at end-diastole"
    if esv_ml <= 0:
        return f"{IMPOSSIBLE}: no cavity {which} at end-systole"
    low, high = _PLAUSIBLE
    if fraction < low or fraction > high:
        return f"{IMPLAUSIBLE}: {which} fraction {f'below {low:.0%}' if fraction < low else f'above {high:.0%}'}"
    return ""
