"""The test set is shown only on request, and every look at it is counted."""

from __future__ import annotations

import json
from pathlib import Path

from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.reports.conftest import Submit
from tests.e2e.short_commands import Command
from tests.unit.report.scored_cases import case_dice_of, log_cases

REPORT = ("report", "tiny", "--store", "store")


def test_each_report_that_shows_the_test_set_is_counted(
    gridctl: Command, submit: Submit, store: FolderStore, tmp_path: Path
) -> None:
    tiny = submit("metrics=[dice, soft_dice]")
    for run in tiny.runs:
        log_cases(store, run, case_dice_of(0.02), sets=["validation", "sunnybrook", "test"])
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    unasked = gridctl(*REPORT, "--significance", "--json", env=cache)
    content = json.loads(unasked.stdout)
    assert {row["metric"].partition(".")[0] for row in content["comparisons"]} == {"validation", "sunnybrook"}
    assert {row["set"] for row in content["scorecard"]} == {"validation", "sunnybrook"}
    assert not any("test set" in line for line in content["warnings"])
    said = []
    for _ in range(3):
        asked = gridctl(*REPORT, "--significance", "--metric", "test.dice", "--json", env=cache)
        assert asked.returncode == 0, asked.stderr
        content = json.loads(asked.stdout)
        assert {row["metric"] for row in content["comparisons"]} == {"test.dice.left_ventricle"}
        assert "test" in {row["set"] for row in content["scorecard"]}
        said += [line for line in content["warnings"] if "test set" in line]
    assert "for the first time" in said[0]
    assert said[1].startswith("this is report 2 that shows scores of the test set")
    assert said[2].startswith("this is report 3 that shows scores of the test set")
