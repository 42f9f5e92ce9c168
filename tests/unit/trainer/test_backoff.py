"""Pauses double up to a limit, spread out, and leave the run's random numbers alone."""

from __future__ import annotations

import random

from gridctl_trainer.host.backoff import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    whole = Backoff(first_s=0.5, longest_s=10, least=1)
    assert [whole.pause_s(failures) for failures in (1, 2, 3, 4, 5, 6, 1000)] == [0.5, 1, 2, 4, 8, 10, 10]


def test_a_pause_is_a_random_part_of_its_longest() -> None:
    half = Backoff(first_s=1, longest_s=10, least=0.5)
    pauses = [half.pause_s(3) for _ in range(1000)]
    assert min(pauses) >= 2
    assert max(pauses) <= 4
    assert max(pauses) - min(pauses) > 1


def test_the_generator_of_the_run_is_left_alone() -> None:
    random.seed(1)
    before = random.getstate()
    Backoff(first_s=1, longest_s=10).pause_s(1)
    assert random.getstate() == before
