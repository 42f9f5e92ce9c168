"""Damaged compressed images never crash the process: each is read, or refused by name."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.data.conftest import check
from tests.e2e.data.dicom_forms import J2K, LOSSLESS, LS, Form, then
from tests.e2e.data.test_dicom_forms import patients_in_forms

COMPRESSED = {"JPEG lossless": LOSSLESS, "JPEG-LS": LS, "JPEG 2000": J2K}


def damage(seed: int) -> Callable[[bytes], bytes]:
    """Damage a stream by flipped bits, a nonsensical header, inserted bytes or a hole, as determined by the seed."""
    drawn = random.Random(seed)

    def changed(stream: bytes) -> bytes:
        content = bytearray(stream)
        if seed % 4 == 0:
            for _ in range(drawn.randint(1, 8)):
                content[drawn.randrange(len(content))] ^= 1 << drawn.randrange(8)
        elif seed % 4 == 1:
            for _ in range(drawn.randint(1, 4)):
                content[drawn.randrange(200)] = drawn.randrange(256)
        elif seed % 4 == 2:
            at = drawn.randrange(len(content))
            content[at:at] = drawn.randbytes(5)
        else:
            at = drawn.randrange(len(content))
            del content[at : at + drawn.randrange(1, 2000)]
        return bytes(content)

    return changed


def try_seeds(seeds: range, small_set: Path, root: Path) -> None:
    forms: dict[str, Form] = {
        f"{name}, {seed}": then(form, damage(seed)) for name, form in COMPRESSED.items() for seed in seeds
    }
    patients = patients_in_forms(small_set, root, {"as it was": lambda path: None, **forms})
    checked = check(root, exit_code=3)
    assert checked.keys() == set(patients.values())
    for name, patient in patients.items():
        for problem in checked[patient]["problems"]:
            assert patient in Path(problem["where"]).parts, (name, problem)
    assert not checked[patients["as it was"]]["problems"]
    assert sum(bool(found["problems"]) for found in checked.values()) > len(forms) / 3


def test_twelve_of_each_compression(small_set: Path, tmp_path: Path) -> None:
    try_seeds(range(12), small_set, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_of_each_compression(small_set: Path, tmp_path: Path) -> None:
    try_seeds(range(100, 300), small_set, tmp_path)
