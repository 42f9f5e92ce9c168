"""`status` and `report` without a name refer to the experiment that was submitted last from this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.errors import InputError
from gridctl.submissions.submitted_experiments import FOLDER, Submissions, remember


def test_the_last_one_is_found_and_the_others_by_name(tmp_path: Path) -> None:
    remember("first", "/a", "local", tmp_path)
    remember("second", "s3://b", "kubernetes", tmp_path)
    read = Submissions.read(tmp_path)
    assert read.find(None).store == "s3://b"
    assert read.find("first").store == "/a"
    remember("first", "/c", "local", tmp_path)
    assert Submissions.read(tmp_path).find(None).store == "/c"


def test_nothing_submitted_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gridctl submit"):
        Submissions.read(tmp_path).find(None)


def test_an_unknown_name_gets_a_suggestion(tmp_path: Path) -> None:
    remember("baseline", "/a", "local", tmp_path)
    with pytest.raises(InputError, match="did you mean 'baseline'"):
        Submissions.read(tmp_path).find("base-line")


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    remember("baseline", "/a", "local", tmp_path)
    (tmp_path / FOLDER / "submitted.json").write_text("{")
    with pytest.raises(InputError, match=r"submitted\.json"):
        Submissions.read(tmp_path)


def test_the_record_stays_out_of_git(tmp_path: Path) -> None:
    remember("baseline", "/a", "local", tmp_path)
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"
