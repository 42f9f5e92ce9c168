"""The step keeps the promises of every preprocessing step."""

from typing import ClassVar

from gridctl_trainer.testing.preprocessing import StepContract


class TestClipOutliers(StepContract):
    """The step with options of its own."""

    step = "clip_outliers"
    options: ClassVar = {"lower": 5.0}
