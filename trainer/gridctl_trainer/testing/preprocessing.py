"""Tests of what every preprocessing step promises. Subclass `StepContract`, name the step, and run pytest.

class TestN4(StepContract):
    step = "mylab_n4"
    options = {"iterations": 20}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.spec import DEFAULT_STEPS, DatasetSpec, DataSpec, StepSpec
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.step import STEPS, options_of, step_of
from gridctl_trainer.plugins.step_order import in_order
from gridctl_trainer.preprocessing.base import Step, load_steps
from gridctl_trainer.preprocessing.steps import preprocess
from gridctl_trainer.testing.light_descriptor import require_light

_SIZE_PX = 32
_SPACINGS_MM = ((1.25, 1.25), (1.5, 0.8))


class StepContract:
    """The promises of a preprocessing step, each as a test.

    Attributes:
        step: Short name of the step, or its path `pkg.module:name`.
        options: The options that it is tested with.
    """

    step: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}

    def test_it_is_described(self) -> None:
        assert STEPS.find(self.step).summary
        assert self._loaded().name == self.step

    def test_it_is_described_without_what_training_needs(self) -> None:
        """A laptop that only submits must know it. A step that is named by its path is exempt."""
        if not is_class_path(self.step):
            require_light(f"from gridctl_trainer.plugins.step import step_options; step_options({self.step!r})")

    def test_its_place_can_be_had(self) -> None:
        usual = [item.step for item in DEFAULT_STEPS]
        if self.step in usual:
            return
        order = in_order(usual, [self.step])
        assert [name for name in order if name in usual] == usual
        if not is_class_path(self.step):
            described = STEPS.find(self.step)
            assert all(name in STEPS.names() for name in (*described.after, *described.before))

    def test_options_that_have_their_default_are_left_out(self) -> None:
        written = StepSpec(step=self.step, options=dict(self.options))
        again = step_of(self.step, options_of(written))
        assert options_of(again) == options_of(written)
        assert set(again.options) <= set(self.options)

    def test_an_image_keeps_its_shape_and_type(self) -> None:
        step = self._loaded()
        for image in _images():
            for spacing_mm in _SPACINGS_MM:
                if step.changes_grid:
                    rows, columns = step.new_shape((image.shape[0], image.shape[1]), spacing_mm, _SIZE_PX)
                    assert rows > 0
                    assert columns > 0
                else:
                    made = step.apply(image, spacing_mm)  # raises if shape, dtype or values are wrong
                    assert made.shape == image.shape

    def test_the_image_that_it_is_given_stays_as_it_is(self) -> None:
        for image in _images():
            before = image.copy()
            self._whole(image)
            np.testing.assert_array_equal(image, before)

    def test_the_same_image_gives_the_same_however_often_and_after_whatever(self) -> None:
        images = list(_images())
        first = [self._whole(image) for image in images]
        for image, made in zip(reversed(images), reversed(first), strict=True):
            np.testing.assert_array_equal(self._whole(image), made)

    def test_several_threads_at_once_get_what_one_gets(self) -> None:
        images = list(_images())
        alone = [self._whole(image) for image in images]
        with ThreadPoolExecutor(4) as pool:
            for made, expected in zip(pool.map(self._whole, images * 4), alone * 4, strict=True):
                np.testing.assert_array_equal(made, expected)

    def test_among_the_default_steps_a_slice_becomes_the_square_that_models_see(self) -> None:
        data = self._data()
        for image in _images():
            series, mask = np.stack([image, image]), (image > np.median(image)).astype(np.uint8)
            prepared = preprocess(series, mask, data, _SPACINGS_MM[0])
            assert prepared.series.shape == (2, _SIZE_PX, _SIZE_PX)
            assert np.isfinite(prepared.series).all()
            assert set(np.unique(prepared.mask)) <= {0, 1}

    def _loaded(self) -> Step:
        return load_steps((StepSpec(step=self.step, options=dict(self.options)),))[0]

    def _data(self) -> DataSpec:
        own = StepSpec(step=self.step, options=dict(self.options))
        usual = [item.step for item in DEFAULT_STEPS]
        order = in_order(usual, [] if self.step in usual else [self.step])
        steps = tuple(own if name == self.step else StepSpec(step=name) for name in order)
        return DataSpec(train=DatasetSpec(dataset="-", path="-"), size_px=_SIZE_PX, preprocessing=steps)

    def _whole(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """The image after only this step, on the step's own grid."""
        only = (StepSpec(step=self.step, options=dict(self.options)),)
        data = DataSpec(train=DatasetSpec(dataset="-", path="-"), size_px=_SIZE_PX, preprocessing=only)
        square: NDArray[np.float32] = preprocess(
            image[None], np.zeros(image.shape, np.uint8), data, _SPACINGS_MM[0]
        ).series[0]
        return square


def _images() -> Iterator[NDArray[np.float32]]:
    """Images as scanned: integers up to 700 in several shapes, a constant image, and one with a single bright pixel."""
    random = np.random.default_rng(0)
    for rows, columns in ((48, 40), (33, 65), (16, 16)):
        yield random.integers(0, 700, (rows, columns)).astype(np.float32)
    yield np.full((24, 30), 7, np.float32)
    spot = np.zeros((40, 40), np.float32)
    spot[20, 11] = 4000
    yield spot
