"""The sentences of a report in each situation are pinned, and no sentence claims more than was tested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.report.situations import SITUATIONS, reported, sentences

GOLDEN = Path(__file__).parents[2] / "assets" / "sentences.md"


def golden() -> dict[str, list[str]]:
    parts = re.split(r"^## (.*)\n\n", GOLDEN.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {name: text.rstrip("\n").split("\n") for name, text in zip(parts[::2], parts[1::2], strict=True)}


def test_every_situation_has_its_sentences() -> None:
    assert list(golden()) == list(SITUATIONS)


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_sentences_of_a_situation(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    report = reported(SITUATIONS[name], tmp_path)
    told = list(sentences(report))
    assert told == golden()[name]
    if not SITUATIONS[name].claims:
        assert not any("is better" in line or "grows" in line for line in told)
    for line in report.headlines:
        assert "nan" not in line.lower().split()
        if "is better" in line:
            assert "Population: " in line
