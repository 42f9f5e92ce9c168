"""`report -o DIR` writes what its help promises: every format with the tests, or a reason for not writing it."""

from __future__ import annotations

import json
from pathlib import Path

from gridctl.report import FILES
from tests.e2e.reports.conftest import Submit
from tests.e2e.short_commands import Command

TABLES = ("trained.csv", "trends.csv", "trend_lines.csv", "profiles.csv")
REPORT = ("report", "tiny", "--store", "store", "-o", "out")


def test_every_file_has_the_tests_without_asking_for_them(gridctl: Command, submit: Submit, tmp_path: Path) -> None:
    submit()
    written = gridctl(*REPORT)
    assert written.returncode == 0, written.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FILES.values(), *TABLES}
    page, text, latex = ((tmp_path / "out" / FILES[name]).read_text() for name in ("html", "table", "latex"))
    assert 'id="significance"' in page
    assert "nothing was compared" not in page
    assert "gamma_net is better than unet" in text
    assert "Holm" in latex
    assert json.loads((tmp_path / "out" / "report.json").read_text())["comparisons"]


def test_an_experiment_that_compares_nothing_has_its_files_too(
    gridctl: Command, submit: Submit, tmp_path: Path
) -> None:
    submit("compare=[]")
    for options in ((), ("--format", "html")):
        written = gridctl(*REPORT, *options)
        assert written.returncode == 0, written.stderr
        page = (tmp_path / "out" / "report.html").read_text()
        assert "nothing was compared" in page
        assert "--significance" not in page, "that would be refused"
    refused = gridctl(*REPORT, "--significance")
    assert (refused.returncode, "compares nothing" in refused.stderr) == (2, True)
