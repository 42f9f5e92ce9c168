"""Runs with different code of a plugin are not pairs, while gridctl's own code is a condition like others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gridctl.collection.collect import collect
from gridctl.report import Report, ReportRequest, build_report
from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run

ASKED = ReportRequest(significance=True)


def code(version: str = "1.0", source: str = "a", **changes: str) -> PluginProvenance:
    of = {"kind": "preprocessing step", "name": "n4", "distribution": "mylab", **changes}
    return PluginProvenance(**of, version=version, source_digest=64 * source)


def reported(store: FolderStore, tmp_path: Path, used: Any, asked: ReportRequest = ASKED) -> Report:
    """The report of a finished grid; `used` gives the plugins of each run."""
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.03), plugins=used(run))
    return build_report(tiny, collect(store, tiny.runs), asked)


def late(other: PluginProvenance, usual: PluginProvenance) -> Any:
    def used(run: RunSpec) -> tuple[PluginProvenance, ...]:
        return (other,) if run.seed == 5 and run.model == "unet" else (usual,)

    return used


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (code("1.1", "b"), "(mylab 1.1, mylab 1.0)"),
        (code("1.0", "b"), "(mylab 1.0, source bbbbbbbb, aaaaaaaa)"),
        (code("1.1", "a"), "(mylab 1.1, mylab 1.0)"),
    ],
)
def test_pairs_of_other_code_are_left_out_and_named_first(
    other: PluginProvenance, said: str, store: FolderStore, tmp_path: Path
) -> None:
    report = reported(store, tmp_path, late(other, code()))
    (part,) = report.comparisons
    assert {pair.cause for pair in part.dropped} == {"code"}
    assert {pair.seed for pair in part.dropped} == {5}
    assert all(row.differing == row.dropped == 1 for row in part.rows)
    assert any(
        line.startswith("the code of the preprocessing step 'n4' changed between runs") for line in report.warnings
    )
    named = [line for line in report.warnings if "are left out: they differ in the code of" in line]
    assert len(named) == 1
    assert "--keep-differing-pairs tests them too" in named[0]
    assert said in named[0].replace("(mylab 1.0, mylab 1.1)", "(mylab 1.1, mylab 1.0)").replace(
        "aaaaaaaa, bbbbbbbb", "bbbbbbbb, aaaaaaaa"
    )


def test_an_option_keeps_them(store: FolderStore, tmp_path: Path) -> None:
    report = reported(store, tmp_path, late(code("1.1"), code()), replace(ASKED, keep_differing_pairs=True))
    assert not report.comparisons[0].dropped
    assert any("do not compare like with like, and are tested as asked for" in line for line in report.warnings)


@pytest.mark.parametrize(
    ("other", "usual"),
    [
        ((code("1.1", "b", distribution="gridctl"),), (code(distribution="gridctl"),)),
        ((code("1.1", "b", name="other"),), (code(),)),
        ((code("1.1", "b", kind="model"),), (code(),)),
        ((), (code(),)),
        ((), ()),
    ],
    ids=["gridctl's own", "another name", "another kind", "one without", "none"],
)
def test_what_is_no_other_code_of_the_same_plugin_leaves_pairs_alone(
    other: Any, usual: Any, store: FolderStore, tmp_path: Path
) -> None:
    report = reported(store, tmp_path, lambda run: other if run.model == "unet" else usual)
    assert not report.comparisons[0].dropped
    assert not any("code of" in line for line in report.warnings)


def test_a_run_that_was_resumed_by_other_code_is_in_no_pair(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.03), plugins=(code(),))
    log_run(store, tiny.runs[0], dice_of(0.03), first_epoch=2, attempt=2, plugins=(code("1.1"),))
    report = build_report(tiny, collect(store, tiny.runs), ASKED)
    (dropped,) = {(pair.seed, pair.cause, pair.reason) for pair in report.comparisons[0].dropped}
    assert dropped[1] == "code"
    assert "the code of a plugin, which changed when unet was resumed" in dropped[2]
