"""The metric keeps what every metric promises."""

from gridctl_trainer.testing.metrics import MetricContract


class TestAreaError(MetricContract):
    """As it is registered."""

    metric = "area_error"
