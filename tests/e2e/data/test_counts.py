"""Messages use the singular for one of something, never `1 patients`."""

from __future__ import annotations

import re
from pathlib import Path

from gridctl_trainer.contract.wording import count
from tests.e2e.short_commands import Command, trainer

__all__ = ["trainer"]

ONES = re.compile(r"\b1 (?:of 1 )?(?!is\b|was\b|this\b)[a-z]+s\b")


def test_one_and_more() -> None:
    assert [count(number, "run") for number in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
    assert [count(number, "oddity", "oddities") for number in (1, 2)] == ["1 oddity", "2 oddities"]


def test_a_set_of_one_patient_is_said_to_be_one(trainer: Command, tmp_path: Path) -> None:
    drawn = trainer("data", "phantom", "out", "--patients", "2", "--generalisation-patients", "1", "--slices", "1")
    assert drawn.returncode == 0, drawn.stderr
    checked = trainer("data", "check", "out/sunnybrook", "--figures", "pictures")
    assert "1 of 1 patient readable; " in checked.stdout
    assert checked.stderr == "pictures of 1 patient in pictures\n"
    packed = trainer("data", "pack", "out/sunnybrook", "packs", "--size-px", "32")
    assert " images of 1 patient in packs/" in packed.stderr
    again = trainer("data", "check", "packs")
    assert " of 1 patient, checksums right" in again.stdout
    for said in (drawn, checked, packed, again):
        assert not ONES.findall(said.stdout + said.stderr)
