"""What gridctl knows about the executor before it imports the rest."""

from typing import Final

from gridctl.executors.descriptor import ExecutorDescriptor

ONE_BY_ONE: Final = ExecutorDescriptor(
    summary="one run after another on this machine, at low priority",
    build="own_executor.executor:OneByOne",
    options="own_executor.options:Options",
    on_this_machine=True,
)
