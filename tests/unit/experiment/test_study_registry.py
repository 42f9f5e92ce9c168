"""The name of a study's item means one table or figure, and a mistake is reported with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.commands.reporting.reproduced_studies import reproduced_studies
from gridctl.errors import InputError
from gridctl.experiment import study_registry
from gridctl.experiment.study_registry import Study, known_items
from tests.unit.report.logged import experiment
from tests.unit.report.printed_study import PrintedStudy


def study_of(items: list[str]) -> PrintedStudy:
    assert items
    return PrintedStudy()


FIRST = Study(("table-1", "table-2"), f"{__name__}:study_of")
SECOND = Study(("table-2", "figure-9"), f"{__name__}:study_of")


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two studies, both with a table 2."""
    monkeypatch.setattr(study_registry, "registered_studies", lambda: {"first": FIRST, "second": SECOND})


@pytest.mark.usefixtures("two")
def test_an_item_of_two_studies_is_written_with_the_study() -> None:
    assert list(known_items()) == ["table-1", "first/table-2", "second/table-2", "figure-9"]
    assert known_items()["second/table-2"] == ("second", "table-2")


@pytest.mark.usefixtures("two")
def test_which_of_two_is_meant_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"(?s)unknown value 'table-2'.*write first/table-2 or second/table-2"
    ) as refused:
        experiment(tmp_path / "data", "reproduces: [figure-9, table-2]\n")
    assert "tiny.yaml:11: reproduces[1]" in str(refused.value)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("written", ["[3]", "3", "{table-1: 1}", "[table-1, table-1]", "[[table-1]]"])
def test_anything_but_different_items_is_refused(written: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="reproduces"):
        experiment(tmp_path / "data", f"reproduces: {written}\n")


def test_without_studies_an_item_is_refused_and_an_empty_list_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_registry, "STUDIES", {})
    with pytest.raises(InputError, match=r"(?s)unknown value 'table-5.1'.*there is none to choose from"):
        experiment(tmp_path / "data", "reproduces: [table-5.1]\n")
    assert reproduced_studies(experiment(tmp_path / "data", "reproduces: []\n")) == {}


@pytest.mark.usefixtures("two")
def test_only_the_studies_that_are_reproduced_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Study(("table-7",), "no_such_package:Comparison")
    monkeypatch.setattr(study_registry, "registered_studies", lambda: {"first": FIRST, "broken": broken})
    monkeypatch.setattr("gridctl.commands.reporting.reproduced_studies.resolve_name", lambda _: study_of)
    assert list(reproduced_studies(experiment(tmp_path / "data", "reproduces: [table-1]\n"))) == ["first"]
