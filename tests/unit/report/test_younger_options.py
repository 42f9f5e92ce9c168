"""An option that is younger than the first report was not changed since by having its default."""

from __future__ import annotations

from gridctl.history.changes import _grid
from gridctl.history.event import Declared

BEFORE = Declared(
    models=("unet",),
    train_ratios=(0.5,),
    ablations=("none",),
    seeds=(1,),
    comparisons=(),
    specification=2,
    trained={"unet none": "0123"},
    options={"unet none": {"data.size_px": 32}},
)


def after(**options: object) -> Declared:
    given = {"unet none": {**BEFORE.options["unet none"], **options}}
    return BEFORE.model_copy(update={"trained": {"unet none": "4567"}, "options": given})


def test_an_option_that_did_not_exist_then_is_no_change_at_its_default() -> None:
    assert list(_grid(BEFORE, after(**{"data.copies": "drop"}))) == []


def test_another_value_of_it_is_one_and_so_is_an_older_option() -> None:
    assert list(_grid(BEFORE, after(**{"data.copies": "keep"}))) == [
        "data.copies changed from not given to keep (unet)"
    ]
    (said,) = _grid(BEFORE, after(**{"data.copies": "drop", "data.size_px": 64}))
    assert said == "data.size_px changed from 32 to 64 (unet)"
