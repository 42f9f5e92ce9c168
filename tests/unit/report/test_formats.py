"""LaTeX compiles, columns are documented, and files are written atomically."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from gridctl.analysis.model import Aggregate, Family, Overall, PairScore
from gridctl.collection.collect import Collected, collect
from gridctl.collection.columns import EPOCH_COLUMNS
from gridctl.commands.reporting.report import write_report
from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import Measure
from gridctl.report import FILES, Report, ReportRequest, Source, build_report, render
from gridctl.report.renderers.latex import escaped
from gridctl.report.renderers.unbroken import NO_BREAK, unbroken
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.printed_study import PrintedStudy

DOCS = Path(__file__).parents[3] / "docs" / "report.md"
Made = tuple[Report, Source]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A report with ablations, a left-out pair, an unlike pair, and every kind of printed item."""
    folder = tmp_path_factory.mktemp("made")
    store = FolderStore(folder / "store")
    tiny: Experiment = experiment(folder / "data", "ablations: [none, no_clahe]\n")
    for number, run in enumerate(tiny.runs):
        if number:
            log_run(store, run, dice_of(0.02), device_name="T4" if number == 3 else "A100")
    tables: Collected = collect(store, tiny.runs)
    report = build_report(tiny, tables, ReportRequest(significance=True), studies=[PrintedStudy()])
    return report, Source(tiny, tables, store)


@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="needs pdflatex: apt-get install texlive-latex-recommended"
)
def test_latex_compiles_with_booktabs(made: Made, tmp_path: Path) -> None:
    text = render(made[0], "latex", Console())
    assert r"\toprule" in text
    (tmp_path / "report.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert ended.returncode == 0, ended.stdout[-2000:]
    assert "Overfull" not in ended.stdout
    assert (tmp_path / "report.pdf").stat().st_size > 10_000


def test_latex_has_every_number_of_the_table(made: Made) -> None:
    text = render(made[0], "latex", Console())
    for part in made[0].comparisons:
        for row in part.rows:
            assert f"{row.model_mean:.3f}" in text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_no_text_breaks_latex(text: str) -> None:
    """No special character of LaTeX is left, and none that its fonts lack."""
    made = escaped(text)
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|ldots|textbullet)\{\}", "", made)
    bare = re.sub(r"\$(\\[a-z]+|[-<>|])\$", "", bare)
    bare = re.sub(r"\\[&%$#_{}]", "", bare)
    assert bare.count("~") == unbroken(text).count(NO_BREAK)
    assert not set(bare) & set("\\&%$#_{}^\n")
    assert all(ord(character) < 256 for character in made)


def words(text: str) -> set[str]:
    return set(re.findall(r"`([a-z0-9_]+)`", text))


def test_every_column_is_documented(made: Made) -> None:
    text = DOCS.read_text(encoding="utf-8")
    header = next(csv.reader(io.StringIO(render(made[0], "csv", Console()))))
    content = json.loads(render(made[0], "json", Console()))
    names = {*header, *content, *content["comparisons"][0], *content["summaries"][0], *EPOCH_COLUMNS}
    for kind in (Aggregate, Overall, Family, PairScore, Measure):
        names |= {field.name for field in fields(kind)}
    names |= set(content["dropped_pairs"][0]) | set(content["unlike_pairs"][0])
    assert names - words(text) == set()
    section = text.split("## Comparisons")[1].split("Without")[0]
    assert words(section) - {
        "models",
        "ablations",
        "none",
        "run",
        "epoch",
        "welch",
        "comparisons",
        "cohort",
        "population",
        "anytime",
        "tuned",
        "predictions",
    } <= set(header)


def test_csv_and_json_have_the_same_rows_and_one_a_comparison(made: Made) -> None:
    rows = list(csv.DictReader(io.StringIO(render(made[0], "csv", Console()))))
    content = json.loads(render(made[0], "json", Console()))["comparisons"]
    assert len(rows) == len(content) == sum(len(part.rows) for part in made[0].comparisons)
    assert list(rows[0]) == list(content[0])
    for row, other in zip(rows, content, strict=True):
        assert row["verdict"] == other["verdict"]
        assert row["bca_low"] == ("" if other["bca_low"] is None else str(other["bca_low"]))
    assert {row["kind"] for row in rows} == {"models", "ablations"}


def test_markdown_shows_the_study_and_the_conditions(made: Made) -> None:
    text = render(made[0], "markdown", Console())
    assert "## figure 2: Dice against train ratio" in text
    assert "- third is not in the print" in text
    assert "1 pair left out" in text
    assert "an exact test cannot go below" in text


def test_a_folder_gets_the_format_asked_for_alone(made: Made, tmp_path: Path) -> None:
    (path,) = write_report(*made, tmp_path / "new" / "folder", "latex")
    assert path == tmp_path / "new" / "folder" / "report.tex"
    assert path.read_text(encoding="utf-8") == render(made[0], "latex", Console())


def test_without_a_format_a_folder_gets_them_all_and_the_figures(made: Made, tmp_path: Path) -> None:
    studies = {"printed": PrintedStudy()}
    written = {path.name for path in write_report(*made, tmp_path, None, studies)}
    tables = {"trained.csv", "profiles.csv", "trends.csv", "trend_lines.csv"}
    assert written == {*FILES.values(), *tables, "figure-2.svg"} == {path.name for path in tmp_path.iterdir()}
    assert "gamma_net against unet" in (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_folder_that_cannot_be_written_is_one_clear_error(made: Made, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        list(write_report(*made, tmp_path / "file", "json"))
