"""Preprocessing steps as plugins: the base class of their options, their descriptors and their registry.

    class Options(StepOptions):
        iterations: int = Field(50, ge=1)

    N4 = StepDescriptor(summary="removes the bias field", options=Options, apply="mylab.n4:apply", before=("gaussian",))

An installed package registers `N4` as an entry point in the group `gridctl.preprocessing`. Nothing here needs numpy.
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
    """Base class of a step's options: one annotated field per option, explained under `Attributes`.

    Every option that differs from its default is part of a run's identity.
    """


@dataclass(frozen=True, slots=True)
class StepDescriptor:
    """What a package registers for one preprocessing step: `apply`, or `shape` if it changes the grid of pixels.

    Each is the function itself, or `pkg.module:name`, which is imported when images are prepared. Several threads call
    it at once, and it must always return the same output for the same input.

    Attributes:
        summary: What it does, in a few words.
        apply: Called with an image, (H, W) float32, which it must not modify. Returns (H, W) float32 without NaN or
            infinities. If it has parameters with these names, it also gets `spacing_mm`, the distance between rows and
            between columns, and `options`.
        shape: Called with the shape (H, W); returns the new shape. If it has parameters with these names, it also gets
            `spacing_mm`, `options`, and `size_px`, the side of the square that is cropped at the end. Images are shrunk
            by averaging areas and enlarged linearly; masks take the nearest pixel.
        options: A class derived from `StepOptions`, or its `pkg.module:Name`.
        after, before: Steps that it must follow or precede, for experiment files that give no order. If both are empty,
            it comes first and sees the image as scanned.
        rounds_to_integers: Whether it rounds grey values to integers from 0 to 65535. Volumes that would lose
            information by this are rescaled before the first step.
        bare: Whether it stands for a function that was named by its path, and whose keywords are its options.
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
            f"'{path}' is not a preprocessing step",
            where=path,
            fix="name a function, or a StepDescriptor, by its path",
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
    """The class of a step's options.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: The step cannot be imported.
    """
    return STEPS.options(name, STEPS.find(name).options, StepOptions)


def step_of(name: str, options: StepOptions) -> StepSpec:
    """The specification of an installed step, with the options that differ from their default."""
    return StepSpec(step=name, options=differing_options(options))


@lru_cache(maxsize=256)
def options_of(step: StepSpec) -> StepOptions:
    """A step's options, read from a specification.

    Raises:
        UnknownPluginError: No package registers that step.
        PluginError: The step cannot be imported.
        SpecError: Options are unknown or not valid; it lists all of them.
    """
    return read_options(step.step, step_options(step.step), step.options, f"data.preprocessing.{step.step}.")


def function_of(name: str, value: str | Callable[..., Any]) -> Callable[..., Any]:
    """The function that a descriptor's `apply` or `shape` names.

    Args:
        name: Name of the step.
        value: The function, or its `pkg.module:name`, which is imported.

    Raises:
        PluginError: The function cannot be imported.
    """
    return cast("Callable[..., Any]", STEPS.load(name, value))


@lru_cache(maxsize=256)
def foreign_steps(steps: Iterable[StepSpec]) -> Iterator[str]:
    """The names of the steps that are not gridctl's own."""
    return (item.step for item in steps if not STEPS.is_built_in(item.step))
