"""The metrics that gridctl brings keep what every metric promises."""

from __future__ import annotations

from gridctl_trainer.testing.metrics import MetricContract


class TestSoftDice(MetricContract):
    metric = "soft_dice"


class TestBce(MetricContract):
    metric = "bce"
