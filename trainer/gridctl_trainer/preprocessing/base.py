"""Runs a preprocessing step: calls the plugin's function with the arguments that it takes, and checks the result."""

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
"""Distance between rows and between columns."""

_LARGEST_SIDE_PX: Final = 1 << 14


class StepError(PluginError):
    """A step failed or returned something invalid."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is ready to be applied.

    Attributes:
        name: Name of the step.
        described: Descriptor that the step's package registers.
        function: The function to call.
        fixed: Arguments of every call, which are the options.
        takes: Names of the other arguments that the function takes.
    """

    name: str
    described: StepDescriptor
    function: Callable[..., Any]
    fixed: Mapping[str, Any]
    takes: frozenset[str]

    @property
    def changes_grid(self) -> bool:
        """Whether the step resamples the image and the mask onto another grid of pixels."""
        return bool(self.described.shape)

    def apply(self, image: Image, spacing_mm: SpacingMm) -> Image:
        """Apply the step to an image.

        Args:
            image: (H, W) float32; the function gets a read-only view of it.
            spacing_mm: Distance between rows and between columns.

        Returns:
            (H, W) float32, of the same shape.

        Raises:
            StepError: The function failed or returned something invalid.
        """
        given = image.view()
        given.flags.writeable = False
        made = self._call(image=given, spacing_mm=spacing_mm)
        if not isinstance(made, np.ndarray):
            raise self._error(f"returned {_a(made)}, not an image")
        if made.shape != image.shape or made.dtype != np.float32:
            raise self._error(
                f"returned {made.shape} {made.dtype}, but must return {image.shape} float32, as it was given",
                "have it return an array of the same shape, with .astype(np.float32)",
            )
        if not np.isfinite(made).all():
            raise self._error("returned values that are NaN or infinite", "have it replace them")
        return made

    def new_shape(self, shape: Shape, spacing_mm: SpacingMm, size_px: int) -> Shape:
        """Ask the step for the shape of the resampled image.

        Args:
            shape: Rows and columns before the step.
            spacing_mm: Distance between rows and between columns.
            size_px: Side length of the square that models see.

        Returns:
            Rows and columns after the step.

        Raises:
            StepError: The function failed or returned something invalid.
        """
        made = self._call(shape=shape, spacing_mm=spacing_mm, size_px=size_px)
        try:
            rows, columns = (int(side) for side in made)
        except (TypeError, ValueError):
            raise self._error(f"returned {_a(made)}, not the rows and columns of an image") from None
        if not (1 <= rows <= _LARGEST_SIDE_PX and 1 <= columns <= _LARGEST_SIDE_PX):
            raise self._error(f"wants {rows} x {columns} pixels, but each side must be 1 to {_LARGEST_SIDE_PX}")
        return rows, columns

    def _call(self, **given: Any) -> Any:
        first, *others = given
        named = {name: given[name] for name in others if name in self.takes}
        try:
            return self.function(given[first], **named, **self.fixed)
        except Exception as error:
            said = shortened(str(error).partition("\n")[0])
            raise self._error(f"failed: {type(error).__name__}{f': {said}' if said else ''}") from error

    def _error(self, what: str, fix: str = "correct it, or leave the step out") -> StepError:
        return StepError(f"the preprocessing step '{self.name}' {what}", fix=fix)


@lru_cache(maxsize=256)
def load_steps(steps: Sequence[StepSpec]) -> tuple[Step, ...]:
    """Load the steps of a specification.

    Raises:
        UnknownPluginError: No package registers one of them.
        PluginError: A step cannot be imported, or does not name a function.
        SpecError: An option is unknown or invalid.
    """
    return tuple(map(_loaded, steps))


def _loaded(spec: StepSpec) -> Step:
    described, options = STEPS.find(spec.step), options_of(spec)
    if bool(described.apply) == bool(described.shape):
        raise PluginError(
            f"the preprocessing step '{spec.step}' must have either `apply` or `shape`",
            fix="report it to its authors, or leave the step out",
        )
    function = function_of(spec.step, described.apply or described.shape)
    if not callable(function):
        raise PluginError(
            f"the preprocessing step '{spec.step}' names {_a(function)}, not a function",
            where=str(described.apply or described.shape),
        )
    if described.bare:  # the function takes its options as keywords of its own
        return Step(spec.step, described, function, {"options": options}, frozenset(("spacing_mm",)))
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a C function without a signature gets the image alone
        return Step(spec.step, described, function, {}, frozenset())
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    names = {parameter.name for parameter in parameters}
    takes = frozenset(("spacing_mm", "size_px") if takes_all else names & {"spacing_mm", "size_px"})
    fixed = {"options": options} if takes_all or "options" in names else {}
    return Step(spec.step, described, function, fixed, takes)


def _a(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
