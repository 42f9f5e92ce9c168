"""Random numbers depend only on the seed, and can be saved and restored."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.training.seeding import epoch_order, restore_rng_state, rng_state, seed_everything


def draw() -> list[Any]:
    return [random.random(), random.gauss(), float(np.random.rand()), float(np.random.randn()), torch.rand(2).tolist()]


@given(st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_a_restored_state_draws_the_same_again(seed: int, drawn_before: int) -> None:
    seed_everything(seed)
    for _ in range(drawn_before):
        draw()
    state = rng_state()
    expected = [draw(), draw()]
    restore_rng_state(state)
    assert [draw(), draw()] == expected


@given(st.integers(0, 200), st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_an_epoch_shows_every_image_once_in_an_order_of_its_own(images: int, seed: int, epoch: int) -> None:
    order = epoch_order(images, seed, epoch)
    assert sorted(order.tolist()) == list(range(images))
    assert order.tolist() == epoch_order(images, seed, epoch).tolist()
    if images > 20:
        assert order.tolist() != epoch_order(images, seed, epoch + 1).tolist()
        assert order.tolist() != epoch_order(images, (seed + 1) % 2**32, epoch).tolist()
