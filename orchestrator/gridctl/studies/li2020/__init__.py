"""Li (2020): γ-Net against U-Net on shrinking parts of ACDC."""

from __future__ import annotations

from typing import Final

from gridctl.experiment.study_registry import Study
from gridctl.studies.li2020.printed import printed

STUDY: Final = Study(tuple(printed()), "gridctl.studies.li2020.comparison:Li2020Comparison")
