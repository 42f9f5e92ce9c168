"""Which metrics of cases and patients the scorecard shows, and in which order: the only place that names them."""

from __future__ import annotations

from typing import Final

OVERLAP_AND_DISTANCES: Final = ("dice", "hd", "hd95", "assd", "nsd")
"""Columns of the first table, as far as they exist."""

BY_POSITION: Final = {
    "slice_hd95": "all slices",
    "slice_hd95_basal": "basal",
    "slice_hd95_mid": "mid",
    "slice_hd95_apical": "apical",
}
"""In-plane distances by slice position, and their headings."""

FUNCTION: Final = {
    "absolute_ef_error": "|EF error|",
    "ef_error": "EF bias",
    "edv_error_ml": "EDV bias",
    "esv_error_ml": "ESV bias",
    "mass_error_g": "mass bias",
}
"""Metrics of patients in the second table, and their headings."""

AGREEMENT: Final = {"edv_ml": "End-diastolic volume", "esv_ml": "End-systolic volume", "ef": "Ejection fraction"}
"""Quantities whose predicted and true (`true_...`) values are plotted against each other."""

BESIDE: Final = {
    "dice": "Dice",
    "hd": "HD",
    "hd95": "HD95",
    "assd": "ASSD",
    "volume_ml": "volume",
    "true_volume_ml": "true volume",
}
"""Metrics shown beside a worst case, and their headings."""
