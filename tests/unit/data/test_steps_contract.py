"""The steps that come with gridctl keep what every preprocessing step promises."""

from __future__ import annotations

from gridctl_trainer.testing.preprocessing import StepContract


class TestGaussian(StepContract):
    step = "gaussian"


class TestClahe(StepContract):
    step = "clahe"


class TestMinmax(StepContract):
    step = "minmax"


class TestResize(StepContract):
    step = "resize"
