"""The plan of an experiment is sealed before there is an answer, and an edit of the plan is reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gridctl.history.seal import seal
from gridctl_trainer.contract import layout
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.reports.conftest import Submit
from tests.e2e.short_commands import Command

REPORT = ("report", "tiny", "--store", "store", "--json")


def report_of(gridctl: Command) -> dict[str, object]:
    shown = gridctl(*REPORT)
    assert shown.returncode == 0, shown.stderr
    content: dict[str, object] = json.loads(shown.stdout)
    return content


def about_plan(content: dict[str, object]) -> list[str]:
    warnings = content["warnings"]
    assert isinstance(warnings, list)
    return [line for line in warnings if "plan" in line]


def test_a_report_carries_what_the_command_prints_before(
    gridctl: Command, submit: Submit, store: FolderStore, tmp_path: Path
) -> None:
    experiment = submit()
    (tmp_path / "tiny.yaml").write_text(experiment.document.to_yaml())
    printed = gridctl("seal", "tiny.yaml")
    assert printed.returncode == 0, printed.stderr
    assert "20 runs, 1 comparison" in printed.stderr
    seal(store, experiment, 0)
    content = report_of(gridctl)
    assert content["provenance"]["plan"]["sha256"] == printed.stdout.strip()  # type: ignore[index]
    assert about_plan(content) == []
    assert gridctl("report", "tiny", "--store", "store", "-o", "out").returncode == 0
    digest = printed.stdout.strip()
    assert digest in (tmp_path / "out" / "report.html").read_text()
    verify = ("verify", "out", "--store", "store", "--sealed")
    assert gridctl(*verify, digest).returncode == 0
    other = gridctl(*verify, "0" * 64)
    assert (other.returncode, "tiny/seal.json: the sealed plan has SHA-256" in other.stdout) == (1, True)


def test_comments_paths_and_places_are_no_part_of_the_plan(gridctl: Command, submit: Submit, tmp_path: Path) -> None:
    text = submit().document.to_yaml()
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(f"# a comment\n{text}\nstore: elsewhere\n")
    first, second = gridctl("seal", "a.yaml"), gridctl("seal", "b.yaml")
    assert first.stdout == second.stdout != ""


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seeds=[1, 2, 3]", "seeds were [1,2,3,4,5], are [1,2,3]"),
        ("compare.claim=cohort", "compare.claim was none, is cohort"),
        ("compare.equivalence_margin=0.01", "compare.equivalence_margin was none, is 0.01"),
        ("compare.stopping=anytime", "compare.stopping was fixed, is anytime"),
        ("compare.family=experiment", "compare.family was metric, is experiment"),
        ("compare.score=best", "compare.score was final, is best"),
        ("training.learning_rate=0.01", "20 runs were added, 20 taken out and 0 changed"),
    ],
)
def test_another_plan_than_the_sealed_one_is_said(
    override: str, said: str, gridctl: Command, submit: Submit, store: FolderStore
) -> None:
    seal(store, submit(), 0)
    claimed = [override] if override != "compare.stopping=anytime" else [override, "compare.claim=cohort"]
    submit(*claimed)
    (line,) = about_plan(report_of(gridctl))
    assert line.startswith("the plan is not the one sealed on ")
    assert said in line
    assert "submit the sealed file again" in line


def test_the_first_seal_is_never_replaced(submit: Submit, store: FolderStore) -> None:
    assert seal(store, submit(), 0) == ""
    before = store.get(layout.seal("tiny")).data
    assert "seeds were [1,2,3,4,5], are [1,2]" in seal(store, submit("seeds=[1, 2]"), 0)
    assert store.get(layout.seal("tiny")).data == before


@pytest.mark.parametrize(
    ("was", "is_", "said"),
    [
        (b'"family": "metric"', b'"family": "experiment"', "was edited after it was sealed"),
        (b'"sha256": "', b'"sha256": "0', "was edited after it was sealed"),
        (b"{", b"", "the sealed plan cannot be read"),
    ],
)
def test_an_edit_of_the_seal_itself_is_said(
    was: bytes, is_: bytes, said: str, gridctl: Command, submit: Submit, store: FolderStore
) -> None:
    seal(store, submit(), 0)
    key = layout.seal("tiny")
    store.put(key, store.get(key).data.replace(was, is_, 1))
    (line,) = about_plan(report_of(gridctl))
    assert said in line
    assert "restore the original tiny/seal.json" in line
    (note,) = [seal(store, submit(), 0)]
    assert said in note


def test_a_plan_that_came_after_results_is_said(gridctl: Command, submit: Submit, store: FolderStore) -> None:
    seal(store, submit(), 12)
    (line,) = about_plan(report_of(gridctl))
    assert line.startswith("the plan was sealed when 12 runs of the experiment had finished")


def test_without_a_seal_nothing_is_claimed(gridctl: Command, submit: Submit, store: FolderStore) -> None:
    submit()
    assert report_of(gridctl)["provenance"]["plan"] is None  # type: ignore[index]
    assert gridctl("report", "tiny", "--store", "store", "-o", "out").returncode == 0
    shown = gridctl("verify", "out", "--store", "store")
    assert (shown.returncode, "no plan was sealed" in shown.stderr) == (0, True)
