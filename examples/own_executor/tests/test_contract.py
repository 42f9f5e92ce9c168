"""The executor keeps what every executor promises."""

from gridctl.testing.executors import ExecutorContract


class TestOneByOne(ExecutorContract):
    """One run after another."""

    executor = "one_by_one"
    section = "one_by_one: {niceness: 1}\n"
