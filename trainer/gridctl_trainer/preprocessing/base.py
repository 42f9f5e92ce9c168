"""A preprocessing step at work: the plugin's function, called with what it takes, and what it returns looked at."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.spec import StepSpec
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.step import STEPS, StepDescriptor, function_of, options_of

Image = NDArray[np.float32]
Shape = tuple[int, int]
SpacingMm = tuple[float, float]
"""Distance of rows, and of columns."""

_LARGEST_SIDE_PX: Final = 1 << 14


class StepError(PluginError):
    """A step failed, or returned what it must not."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, ready to be applied.

    Attributes:
        name: Of the step.
        described: What its package says of it.
        function: What is called.
        fixed: Given at every call: its options.
        takes: Names of what else the function takes.
    """

    name: str
    described: StepDescriptor
    function: Callable[..., Any]
    fixed: Mapping[str, Any]
    takes: frozenset[str]

    @property
    def changes_grid(self) -> bool:
        """Whether it gives the image another grid of pixels, and the mask with it."""
        return bool(self.described.shape)

    def apply(self, image: Image, spacing_mm: SpacingMm) -> Image:
        """The image after it, (H, W) float32 as before.

        Raises:
            StepError: The function failed, or returned something else.
        """
        given = image.view()
        given.flags.writeable = False
        made = self._call(image=given, spacing_mm=spacing_mm)
        if not isinstance(made, np.ndarray):
            raise self._error(f"returned {_a(made)}, not an image")
        if made.shape != image.shape or made.dtype != np.float32:
            raise self._error(
                f"returned {made.shape} {made.dtype}, {image.shape} float32 was given and is wanted back",
                "have it return an array of the same shape, with .astype(np.float32)",
            )
        if not np.isfinite(made).all():
            raise self._error("returned values that are NaN or infinite", "have it replace them")
        return made

    def new_shape(self, shape: Shape, spacing_mm: SpacingMm, size_px: int) -> Shape:
        """Rows and columns after it.

        Raises:
            StepError: The function failed, or returned something else.
        """
        made = self._call(shape=shape, spacing_mm=spacing_mm, size_px=size_px)
        try:
            rows, columns = (int(side) for side in made)
        except (TypeError, ValueError):
            raise self._error(f"returned {_a(made)}, not the rows and columns of an image") from None
        if not (1 <= rows <= _LARGEST_SIDE_PX and 1 <= columns <= _LARGEST_SIDE_PX):
            raise self._error(f"wants {rows} x {columns} pixels: each side has to be 1 to {_LARGEST_SIDE_PX}")
        return rows, columns

    def _call(self, **given: Any) -> Any:
        first, *others = given
        named = {name: given[name] for name in others if name in self.takes}
        try:
            return self.function(given[first], **named, **self.fixed)
        except Exception as error:
            said = shortened(str(error).partition("\n")[0])
            raise self._error(f"failed: {type(error).__name__}{f': {said}' if said else ''}") from error

    def _error(self, what: str, fix: str = "look into it, or leave the step out") -> StepError:
        return StepError(f"the preprocessing step '{self.name}' {what}", fix=fix)


@lru_cache(maxsize=256)
def load_steps(steps: Sequence[StepSpec]) -> tuple[Step, ...]:
    """Steps of a specification, ready to be applied.

    Raises:
        UnknownPluginError: No package registers one of them.
        PluginError: One cannot be imported, or describes nothing that can be called.
        SpecError: An option is unknown or not valid.
    """
    return tuple(map(_loaded, steps))


def _loaded(spec: StepSpec) -> Step:
    described, options = STEPS.find(spec.step), options_of(spec)
    if bool(described.apply) == bool(described.shape):
        raise PluginError(
            f"the preprocessing step '{spec.step}' has to have either `apply` or `shape`",
            fix="report it to its authors, or leave the step out",
        )
    function = function_of(spec.step, described.apply or described.shape)
    if not callable(function):
        raise PluginError(
            f"the preprocessing step '{spec.step}' names {_a(function)}, not a function",
            where=str(described.apply or described.shape),
        )
    if described.bare:  # its options are its own keywords
        return Step(spec.step, described, function, {"options": options}, frozenset(("spacing_mm",)))
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C, and silent: it gets the image alone
        return Step(spec.step, described, function, {}, frozenset())
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    names = {parameter.name for parameter in parameters}
    takes = frozenset(("spacing_mm", "size_px") if takes_all else names & {"spacing_mm", "size_px"})
    fixed = {"options": options} if takes_all or "options" in names else {}
    return Step(spec.step, described, function, fixed, takes)


def _a(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
