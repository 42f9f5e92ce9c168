"""The executor keeps the promises of every executor."""

from gridctl.testing.executors import ExecutorContract


class TestOneByOne(ExecutorContract):
    """Trains one run after another."""

    executor = "one_by_one"
    section = "one_by_one: {niceness: 1}\n"
