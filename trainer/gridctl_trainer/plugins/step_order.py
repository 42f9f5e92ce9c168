"""The order in which preprocessing steps run when only their names are given."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Final

from gridctl_trainer.contract.errors import SpecError, shortened
from gridctl_trainer.contract.spec.preprocessing import DEFAULT_STEPS, StepSpec
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.step import STEPS, StepDescriptor, options_of, step_of

_AS_A_LIST: Final = "write data.preprocessing as a list, first to last"


class StepOrderError(PluginError):
    """The orders that steps declare contradict each other."""


def in_order(usual: Sequence[str], others: Sequence[str]) -> list[str]:
    """Insert the steps of plugins into the default steps, where their descriptors say.

    Args:
        usual: The default steps in their order, including those that are off.
        others: The other steps, in the order in which they were written. Steps named by their path come first.

    Returns:
        The names of all steps, in the order in which they run.

    Raises:
        PluginError: A step cannot be imported.
        StepOrderError: The declared orders contradict each other.
    """
    described = {name: STEPS.find(name) for name in others if not is_class_path(name)}
    order, waiting = list(usual), list(others)
    first: list[str] = []
    anchors: dict[str, str] = {}
    while waiting:
        name = next((name for name in waiting if not set(waiting) & _named(described.get(name))), None)
        if name is None:
            raise StepOrderError(
                f"the preprocessing steps {' and '.join(waiting)} each wait for another one", fix=_AS_A_LIST
            )
        waiting.remove(name)
        own = described.get(name)
        low = max((order.index(item) + 1 for item in (own.after if own else ()) if item in order), default=0)
        high = min((order.index(item) for item in (own.before if own else ()) if item in order), default=len(order))
        if low > high:
            raise StepOrderError(
                f"the preprocessing step {name} would come after {order[low - 1]} and before {order[high]}",
                fix=_AS_A_LIST,
            )
        if low:
            anchors[name] = order[low - 1]
            while low < high and anchors.get(order[low]) == anchors[name]:
                low += 1
            order.insert(low, name)
        elif high < len(order):
            order.insert(high, name)
        else:
            order.insert(next(at for at, item in enumerate([*order, ""]) if item not in first), name)
            first.append(name)
    return order


def _named(described: StepDescriptor | None) -> set[str]:
    return {*described.after, *described.before} if described else set()


def steps_with(further: Sequence[str], without: Collection[str]) -> tuple[StepSpec, ...]:
    """The default steps without some, and with the steps of plugins where their descriptors say.

    Args:
        further: The steps of plugins, each as its name, or name and options as JSON: `clip_outliers={"upper": 99.5}`.
        without: Steps that are off.

    Raises:
        UnknownPluginError: No package registers a step.
        PluginError: A step cannot be imported, or the declared orders contradict each other.
        SpecError: The options of a step are not a JSON mapping, or not valid.
    """
    usual = [item.step for item in DEFAULT_STEPS]
    own: dict[str, StepSpec] = {}
    for written in further:
        name, _, text = written.partition("=")
        try:
            given = StepSpec(step=name, options=json.loads(text or "{}"))
        except ValueError:
            fix = f"""for example --with '{name}={{"OPTION": 1}}'"""
            where = f"--with {shortened(written, 60)}"
            raise SpecError("its options are not a JSON mapping", where=where, fix=fix) from None
        options = options_of(given)
        own[name] = given if is_class_path(name) else step_of(name, options)
    order = in_order(usual, [name for name in own if name not in usual])
    return tuple(own.get(name) or StepSpec(step=name) for name in order if name not in without)
