"""The preprocessing steps of a run, and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from gridctl_trainer.contract.fields.text_form import text_form
from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.spec.identity import DECIDES


class StepSpec(Frozen):
    """One step. Only its plugin knows what the options mean.

    Attributes:
        step: Short name of an installed step, or `pkg.module:Name`.
        options: Options that differ from their default. For a step that is named by its path, all options as written.
    """

    step: Annotated[str, Field(min_length=1, max_length=200), text_form(r"\S(.*\S)?"), DECIDES]
    options: Annotated[Mapping[str, JsonValue], DECIDES] = {}

    def __hash__(self) -> int:
        return hash((self.step, canonical_json(dict(self.options))))


DEFAULT_STEPS: Final = tuple(StepSpec(step=name) for name in ("gaussian", "clahe", "minmax", "resize"))
"""The steps of the thesis (4.2). Crop and pad always follow."""


def _once(steps: tuple[StepSpec, ...]) -> tuple[StepSpec, ...]:
    names = [item.step for item in steps]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} appears more than once")
    return steps


def _usual(given: Any) -> Any:
    """Read `{clahe: false}` as the default steps without it. Other steps need a list, as their place is not known."""
    if not isinstance(given, Mapping):
        return given
    usual = [item.step for item in DEFAULT_STEPS]
    if unknown := [str(name) for name in given if name not in usual]:
        raise ValueError(f"{', '.join(unknown)}: not a default step, so the steps must be a list, first to last")
    if wrong := [name for name, on in given.items() if not isinstance(on, bool)]:
        raise ValueError(f"{', '.join(wrong)}: expected true or false")
    return tuple(item for item in DEFAULT_STEPS if given.get(item.step, True))


Preprocessing = Annotated[tuple[StepSpec, ...], Field(max_length=50), BeforeValidator(_usual), AfterValidator(_once)]
"""The steps that are on, first to last."""


def said_of_steps(steps: Sequence[StepSpec]) -> list[str]:
    """How steps differ from the default ones: `no_clahe` and the like, then the names of other steps."""
    on, usual = [item.step for item in steps], [item.step for item in DEFAULT_STEPS]
    return [*(f"no_{name}" for name in usual if name not in on), *(name for name in on if name not in usual)]


def are_usual(steps: Sequence[StepSpec]) -> bool:
    """Whether these are the default steps in their order, possibly with some left out."""
    return tuple(steps) == tuple(item for item in DEFAULT_STEPS if item in steps)
