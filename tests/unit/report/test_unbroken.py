"""No line break separates a number from its unit on pages and in documents; terminals get plain blanks."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from gridctl.collection.collect import collect
from gridctl.report import ReportRequest, Source, build_report, render
from gridctl.report.renderers.latex import escaped
from gridctl.report.renderers.unbroken import NO_BREAK, unbroken
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("gamma_net is better (n = 3)", "gamma_net is better (n·=·3)"),
        ("p = .03, p < .001 and g = −0.4", "p·=·.03, p·<·.001 and g·=·−0.4"),
        ("95% CI [−0.010, 0.024], n = 5", "95%·CI·[−0.010,·0.024], n·=·5"),
        ("a 95% interval from a bootstrap", "a 95%·interval from a bootstrap"),
        ("--set 'seeds=[1, 2]' --set train_ratios=[0.25, 0.75]", ""),
        ("seeds: [1, 2] were added", ""),
    ],
)
def test_numbers_stay_with_their_signs_and_commands_as_they_are(text: str, made: str) -> None:
    assert unbroken(text).replace(NO_BREAK, "·") == (made or text)


def test_page_and_documents_have_them_and_the_terminal_has_not(tmp_path: Path) -> None:
    store, tiny = FolderStore(tmp_path / "store"), experiment(tmp_path / "data")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.02))
    tables = collect(store, tiny.runs)
    report = build_report(tiny, tables, ReportRequest(significance=True))
    headline = next(line for line in report.headlines if "n = " in line)
    assert unbroken(headline) != headline
    console = Console(width=80, record=True, file=io.StringIO())
    page = html.unescape(render(report, "html", console, Source(tiny, tables, store)))
    assert unbroken(headline)[1:] in page  # on the page, the first letter is a capital
    visible = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", "", page, flags=re.DOTALL)
    assert not re.search(r"\b[npg] = [\d.]", visible)
    assert unbroken(headline).replace("_", "\\_") in render(report, "markdown", console)
    assert escaped(headline) in render(report, "latex", console)
    assert "n~=~" in escaped(headline)
    render(report, "table", console)
    assert NO_BREAK not in console.export_text()
