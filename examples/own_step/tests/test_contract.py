"""The step keeps what every preprocessing step promises."""

from gridctl_trainer.testing.preprocessing import StepContract


class TestClipOutliers(StepContract):
    """With options of its own."""

    step = "clip_outliers"
    options = {"lower": 5.0}
