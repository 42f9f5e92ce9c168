"""Steps of plugins are applied in their place, and an invalid result gives one message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.plugins.step_order import steps_with
from gridctl_trainer.preprocessing.recipe import Recipe, deciding_versions
from gridctl_trainer.preprocessing.steps import PreparedSlice, preprocess

HERE = "tests.unit.data.steps_of_others"


def spec(*steps: Any, size_px: int = 16) -> DataSpec:
    written = [{"step": item} if isinstance(item, str) else item for item in steps]
    return DataSpec.model_validate(
        {"train": {"dataset": "acdc", "path": "-"}, "size_px": size_px, "preprocessing": written}
    )


def prepared(*steps: Any, size_px: int = 16, spacing_mm: tuple[float, float] = (1.0, 1.0)) -> PreparedSlice:
    image = np.arange(32 * 24, dtype=np.float32).reshape(1, 32, 24)
    return preprocess(image, np.ones((32, 24), np.uint8), spec(*steps, size_px=size_px), spacing_mm)


def test_a_function_by_its_path_is_applied_with_its_options_in_its_place() -> None:
    twice = prepared(f"{HERE}:doubled").series
    np.testing.assert_array_equal(twice, 2 * prepared().series)
    thrice = prepared({"step": f"{HERE}:doubled", "options": {"factor": 3}}).series
    np.testing.assert_array_equal(thrice, 3 * prepared().series)
    scaled_last, scaled_first = (
        prepared(*steps, size_px=32) for steps in ((f"{HERE}:doubled", "minmax"), ("minmax", f"{HERE}:doubled"))
    )
    assert (scaled_last.series.max(), scaled_first.series.max()) == (1, 2)


def test_it_is_told_the_distance_of_pixels_also_after_a_step_that_changes_their_grid() -> None:
    np.testing.assert_array_equal(
        prepared(f"{HERE}:in_mm", spacing_mm=(3.0, 1.0)).series, prepared().series + np.float32(3)
    )
    half = prepared(f"{HERE}:HALF", size_px=12).series
    after = prepared(f"{HERE}:HALF", f"{HERE}:in_mm", size_px=12, spacing_mm=(3.0, 1.0)).series
    np.testing.assert_array_equal(after[0, :, 1:-1] - half[0, :, 1:-1], np.float32(6))


def test_a_step_may_give_image_and_mask_another_grid() -> None:
    made = prepared(f"{HERE}:FROM_1_TO_2_MM", size_px=32)
    assert made.mask.sum() == 16 * 12
    assert made.pixel_area == 4
    enlarged = prepared(f"{HERE}:FROM_1_TO_2_MM", size_px=80, spacing_mm=(4.0, 4.0))
    assert enlarged.mask.sum() == 64 * 48
    assert enlarged.pixel_area == 0.25


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("wrong_shape", r"returned \(31, 24\) float32, but must return \(32, 24\) float32, as it was given"),
        ("wrong_dtype", r"returned \(32, 24\) float64, but must return \(32, 24\) float32"),
        ("not_finite", "returned values that are NaN or infinite"),
        ("nothing", "returned a NoneType, not an image"),
        ("raising", "failed: ValueError: no bias field"),
        ("writing", "failed: ValueError: assignment destination is read-only"),
        ("NEITHER", "must have either `apply` or `shape`"),
        ("NO_GRID", "wants 0 x 7 pixels"),
        ("absent", "cannot be imported: AttributeError"),
    ],
)
def test_what_a_step_must_not_do_is_said(step: str, said: str) -> None:
    with pytest.raises(Fault, match=said) as caught:
        prepared(f"{HERE}:{step}")
    assert caught.value.exit_code == exit_codes.BAD_SPEC
    assert step in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"step": f"{HERE}:doubled", "options": {"facter": 3}}, "doubled.facter: unknown option"),
        ({"step": "gaussian", "options": {"sigma": 3}}, "data.preprocessing.gaussian.sigma: unknown option"),
        ("guassian", "unknown preprocessing step 'guassian'\n  did you mean 'gaussian'"),
        ("no.such.module:step", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_step_that_is_not_there_or_takes_no_such_option_is_refused(given: Any, said: str) -> None:
    with pytest.raises(Fault) as caught:
        prepared(given)
    assert said in str(caught.value)
    assert caught.value.exit_code == exit_codes.BAD_SPEC


def test_packs_of_the_default_steps_are_called_and_described_as_ever() -> None:
    usual = DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=32)
    recipe = Recipe.of("acdc", usual, 1)
    assert recipe.name == "acdc-32px"
    on = {"gaussian": True, "clahe": True, "minmax": True, "resize": True}
    assert recipe.model_dump(mode="json")["preprocessing"] == on
    without = Recipe.of("acdc", spec("gaussian", "minmax", "resize", size_px=32), 1)
    assert without.name == "acdc-32px-no_clahe"
    assert without.model_dump(mode="json")["preprocessing"] == {**on, "clahe": False}
    assert Recipe.model_validate(without.model_dump(mode="json")) == without
    assert not any(name.startswith("step ") for name in deciding_versions(recipe))


def test_a_pack_with_a_step_of_others_has_a_name_of_its_own_and_is_made_anew_for_other_code() -> None:
    own = f"{HERE}:doubled"
    first = Recipe.of("acdc", spec(own, "minmax"), 1)
    second = Recipe.of("acdc", spec({"step": own, "options": {"factor": 3}}, "minmax"), 1)
    moved = Recipe.of("acdc", spec("minmax", own), 1)
    names = {first.name, second.name, moved.name, Recipe.of("acdc", spec("minmax", "gaussian"), 1).name}
    assert len(names) == 4
    assert all(name.replace("-", "").replace("_", "").isalnum() for name in names)
    assert Recipe.model_validate(first.model_dump(mode="json")) == first
    assert deciding_versions(first)[f"step {own}"]


def test_a_pack_can_be_made_with_a_step_of_others() -> None:
    own = f"{HERE}:doubled"
    made = steps_with([f'{own}={{"factor": 3}}'], ["clahe"])
    assert [item.step for item in made] == [own, "gaussian", "minmax", "resize"]
    assert dict(made[0].options) == {"factor": 3}
    for wrong, said in (("nosuch", "unknown preprocessing step 'nosuch'"), (f"{own}=[1", "are not a JSON mapping")):
        with pytest.raises(Fault, match=said):
            steps_with([wrong], [])
