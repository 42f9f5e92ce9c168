"""The identity of a run is what its fields declare, without what equals a default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import pytest
from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED, identity


class Inner(Frozen):
    depth: Annotated[int, DECIDES] = Field(5, ge=1)
    path: Annotated[str, RECORDED] = ""


class Outer(Frozen):
    name: Annotated[str, DECIDES]
    sizes: Annotated[tuple[int, ...], DECIDES] = (1, 2)
    inner: Annotated[Inner, DECIDES] = Inner()
    optional: Annotated[Inner | None, DECIDES] = None
    named: Annotated[Mapping[str, Inner], DECIDES] = Field(default_factory=dict)
    threads: Annotated[int, RECORDED] = 1


class Undecided(Frozen):
    width: int = 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Outer(name="a"), {"name": "a"}),
        (Outer(name="a", threads=8, inner=Inner(depth=5)), {"name": "a"}),
        (Outer(name="a", sizes=(2, 1)), {"name": "a", "sizes": [2, 1]}),
        (Outer(name="a", inner=Inner(depth=4, path="/x")), {"name": "a", "inner": {"depth": 4}}),
        (Outer(name="a", optional=Inner()), {"name": "a", "optional": {}}),
        (
            Outer(name="a", named={"x": Inner(depth=2), "y": Inner()}),
            {"name": "a", "named": {"x": {"depth": 2}, "y": {}}},
        ),
    ],
)
def test_only_what_decides_and_differs_counts(given: Outer, expected: dict[str, object]) -> None:
    assert identity(given) == expected


def test_a_recorded_path_changes_nothing_even_in_a_section_of_its_own() -> None:
    assert identity(Outer(name="a", inner=Inner(path="/elsewhere"))) == identity(Outer(name="a"))


def test_a_field_that_declares_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Undecided\.width has to be marked"):
        identity(Undecided())
