"""The step keeps what every preprocessing step promises."""

from typing import ClassVar

from gridctl_trainer.testing.preprocessing import StepContract


class TestClipOutliers(StepContract):
    """With options of its own."""

    step = "clip_outliers"
    options: ClassVar = {"lower": 5.0}
