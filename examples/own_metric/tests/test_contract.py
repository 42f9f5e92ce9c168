"""The metric keeps the promises of every metric."""

from gridctl_trainer.testing.metrics import MetricContract


class TestAreaError(MetricContract):
    """The metric as registered."""

    metric = "area_error"
