"""The split depends only on patients, ratio and seed, and is exact to within one patient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.split import split_patients

patients = st.sets(st.integers(1, 999).map("patient{:03d}".format), min_size=2, max_size=60)
ratios = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**32 - 1)


@given(patients, ratios, seeds, st.randoms(use_true_random=False))
def test_halves_are_disjoint_and_whole_whatever_the_order(
    ids: set[str], ratio: float, seed: int, random: object
) -> None:
    split = split_patients(ids, ratio, seed)
    assert set(split.train) | set(split.validation) == ids
    assert not set(split.train) & set(split.validation)
    assert split.train
    assert split.validation
    shuffled = sorted(ids) * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert split_patients(shuffled, ratio, seed) == split
    assert split_patients(shuffled, ratio, seed).digest == split.digest


@given(patients, st.integers(1, 8), seeds)
def test_one_to_nine_until_eight_to_two_is_exact_to_within_one_patient(ids: set[str], tenths: int, seed: int) -> None:
    assert abs(len(split_patients(ids, tenths / 10, seed).train) - len(ids) * tenths / 10) < 1


@given(patients, ratios, ratios, seeds)
def test_more_training_patients_are_the_same_and_some_more(ids: set[str], one: float, two: float, seed: int) -> None:
    small, large = (split_patients(ids, ratio, seed) for ratio in sorted((one, two)))
    assert set(small.train) <= set(large.train)


def test_seeds_draw_different_patients_evenly() -> None:
    ids = [f"patient{number:03d}" for number in range(1, 101)]
    drawn = [split_patients(ids, 0.5, seed).train for seed in range(400)]
    assert len(set(drawn)) == 400
    often = [sum(patient in train for train in drawn) for patient in ids]
    assert 150 < min(often) <= max(often) < 250, "each patient trains under about half of the seeds (sd 10)"


def test_the_split_never_moves_between_versions() -> None:
    """Otherwise, old runs would be compared with new ones on different patients."""
    split = split_patients([f"patient{number:03d}" for number in range(1, 11)], 0.3, 42)
    assert split.train == ("patient003", "patient007", "patient010")
    assert split.digest.startswith("216162ab")


def test_the_digest_tells_splits_apart() -> None:
    ids = ["a", "b", "c", "d"]
    digests = {split_patients(ids, ratio, seed).digest for ratio in (0.25, 0.5, 0.75) for seed in range(3)}
    assert len(digests) == len({split_patients(ids, r, s) for r in (0.25, 0.5, 0.75) for s in range(3)})


def test_one_patient_cannot_be_split() -> None:
    with pytest.raises(DataError, match="1 patient cannot be split"):
        split_patients(["a", "a"], 0.5, 1)
