"""Preprocessing steps as plugins: the base of their options, what describes one, and the registry.

    class Options(StepOptions):
        iterations: int = Field(50, ge=1)

    N4 = StepDescriptor(summary="removes the bias field", options=Options, apply="mylab.n4:apply", before=("gaussian",))

An installed package registers `N4` as an entry point of the group `gridctl.preprocessing`. Nothing here needs numpy.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.preprocessing import StepSpec
from gridctl_trainer.plugins.bare_class import options_of_class
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.options import differing_options, read_options
from gridctl_trainer.plugins.registry import Registry


class StepOptions(Frozen):
    """Base of a step's options: one annotated field each, explained in the docstring's `Attributes`.

    All of them are part of a run's identity; one that has its default value is left out.
    """


@dataclass(frozen=True, slots=True)
class StepDescriptor:
    """What a package registers for one preprocessing step: `apply`, or `shape` where it changes the grid of pixels.

    Either is `pkg.module:name`, imported when images are prepared, or the function itself. It is called by several
    threads at once, and must return the same for the same input.

    Attributes:
        summary: What it does, in a few words.
        apply: Called with an image, (H, W) float32 that must not be written to; returns (H, W) float32 without NaN or
            infinities. It is given what it names of `spacing_mm`, the distance of rows and of columns, and `options`.
        shape: Called with (H, W), and returns the new one. It is given what it names of `spacing_mm`, `size_px`, the
            side of the square that is cut at the end, and `options`. Images are shrunk by averaging areas and enlarged
            linearly; masks take the nearest pixel.
        options: A class derived from `StepOptions`, or its `pkg.module:Name`.
        after, before: Steps that it has to follow or to precede, where an experiment file gives no order. With neither
            it comes first, on the image as scanned.
        rounds_to_integers: Whether it rounds grey values to integers from 0 to 65535: volumes that would lose by that
            are rescaled before the first step.
        bare: Whether it stands for a function that was named by its path, whose keywords are its options.
    """

    summary: str
    apply: str | Callable[..., Any] = ""
    shape: str | Callable[..., Any] = ""
    options: type[StepOptions] | str = StepOptions
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    rounds_to_integers: bool = False
    bare: bool = False


def _bare(found: object, path: str) -> StepDescriptor:
    if not callable(found):
        raise PluginError(
            f"'{path}' is no preprocessing step", where=path, fix="name a function, or a StepDescriptor, by its path"
        )
    first = _first_parameter(found, path)
    options, call = options_of_class(found, path, StepOptions, (first, "spacing_mm"))

    def apply(image: Any, options: StepOptions, **given: Any) -> Any:
        return call(options, **{first: image}, **given)

    return StepDescriptor(summary=f"the function {path}", apply=apply, options=options, bare=True)


def _first_parameter(function: Callable[..., Any], path: str) -> str:
    try:
        return next(iter(inspect.signature(function).parameters))
    except (TypeError, ValueError, StopIteration):
        raise PluginError(
            f"'{path}' takes no image", where=path, fix="have it take the image as its first parameter"
        ) from None


STEPS: Final[Registry[StepDescriptor]] = Registry("gridctl.preprocessing", "preprocessing step", StepDescriptor, _bare)


def step_options(name: str) -> type[StepOptions]:
    """The options that a step takes.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: It cannot be imported.
    """
    return STEPS.options(name, STEPS.find(name).options, StepOptions)


def step_of(name: str, options: StepOptions) -> StepSpec:
    """The specification of a step that is installed: its options that differ from their default."""
    return StepSpec(step=name, options=differing_options(options))


@lru_cache(maxsize=256)
def options_of(step: StepSpec) -> StepOptions:
    """A step's options, read from a specification.

    Raises:
        UnknownPluginError: No package registers that step.
        PluginError: It cannot be imported.
        SpecError: An option is unknown or not valid: all of them.
    """
    return read_options(step.step, step_options(step.step), step.options, f"data.preprocessing.{step.step}.")


def function_of(name: str, value: str | Callable[..., Any]) -> Callable[..., Any]:
    """The function that a descriptor's `apply` or `shape` names.

    Raises:
        PluginError: It cannot be imported.
    """
    return cast("Callable[..., Any]", STEPS.load(name, value))


@lru_cache(maxsize=256)
def foreign_steps(steps: Iterable[StepSpec]) -> Iterator[str]:
    """The steps that do not come with gridctl, by name."""
    return (item.step for item in steps if not STEPS.is_built_in(item.step))
