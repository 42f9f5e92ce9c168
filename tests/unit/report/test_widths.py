"""Reports break no name or number on a terminal of any width, and print no trailing blanks without a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gridctl.collection.collect import collect
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.renderers.terminal import print_report
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import experiment, log_run


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("widths")
    store = FolderStore(folder / "store")
    tiny = experiment(folder / "data")
    for run in tiny.runs:
        ahead = 0.02 * (1 + run.seed % 3) if run.model == "gamma_net" else 0.0
        log_run(store, run, lambda run, epoch, ahead=ahead: 0.5 + 0.05 * epoch + run.seed / 100 + ahead)  # type: ignore[misc]
    return build_report(tiny, collect(store, tiny.runs), ReportRequest(significance=True))


def printed(report: Report, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [36, 40, 44, 48, 52, 56, 60, 66, 72, 80, 100, 120])
def test_no_width_breaks_a_name_or_a_number(report: Report, width: int) -> None:
    lines = printed(report, width)
    assert all(len(line) <= width for line in lines)
    words = {word.strip("[](),;:") for line in lines for word in line.split()}
    first = next(part for part in report.comparisons).rows[0]
    for mean in (first.model_mean, first.against_mean):
        assert {f"{mean:.3f}", f"{mean:.3f}".removeprefix("0")} & words, mean
    assert {"gamma_net", "unet"} <= words


def test_what_is_piped_has_no_width(report: Report) -> None:
    lines = printed(report, 10_000)
    assert max(map(len, lines)) < 1_000
    assert not [line for line in lines if line.endswith("  ")]
