"""The built-in steps keep the promises of every preprocessing step."""

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
