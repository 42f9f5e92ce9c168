"""The largest 26-connected component equals the one that scipy finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from gridctl_trainer.training.cases.clean_up import largest_component


@pytest.mark.parametrize("density", [0.02, 0.05, 0.1, 0.3, 0.6])
def test_it_is_scipy_s(density: float) -> None:
    random = np.random.default_rng(int(1000 * density))
    for _ in range(20):
        shape = tuple(random.integers(1, 14, 3))
        mask = random.random(shape) < density
        labels, found = ndimage.label(mask, structure=np.ones((3, 3, 3)))
        kept = largest_component(mask, np.arange(shape[0]))
        if not found:
            assert not kept.any()
            continue
        sizes = np.bincount(labels.ravel())[1:]
        assert kept.sum() == sizes.max()
        (chosen,) = np.unique(labels[kept])
        np.testing.assert_array_equal(kept, labels == chosen)


def test_slices_that_are_not_neighbours_do_not_touch() -> None:
    mask = np.ones((3, 2, 2), dtype=bool)
    mask[0, 0, 0] = False
    assert largest_component(mask, np.array([0, 1, 2])).sum() == 11
    assert np.flatnonzero(largest_component(mask, np.array([0, 2, 3])).any(axis=(1, 2))).tolist() == [1, 2]
