"""`gridctl verify` recreates a report from its store, and names whatever differs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridctl import api
from gridctl.history.seal import seal
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.reports.conftest import Submit
from tests.e2e.short_commands import Command

VERIFY = ("verify", "out", "--store", "store")


@pytest.fixture
def report(gridctl: Command, submit: Submit, store: FolderStore, tmp_path: Path) -> Path:
    """The folder of a report with a sealed plan."""
    seal(store, submit("seeds=[1, 2, 3]"), 0)
    written = gridctl("report", "tiny", "--store", "store", "-o", "out")
    assert written.returncode == 0, written.stderr
    return tmp_path / "out"


def places(report: Path, store: FolderStore) -> list[Path]:
    """Files in which a byte is changed: those of the report, and each object from which it says it was made."""
    content = json.loads((report / "report.json").read_text())
    objects = [Path(store.url) / key for key in content["provenance"]["objects"]]
    tables = [path for path in report.iterdir() if path.suffix not in (".html", ".png", ".pdf")]
    return [*objects, *tables * 8]


def changed_bytes(report: Path, store: FolderStore, number: int) -> Iterator[tuple[Path, int]]:
    """Change one byte at a time, and restore it."""
    drawn = random.Random(7)
    for _ in range(number):
        path = drawn.choice(places(report, store))
        before = path.read_bytes()
        at = drawn.randrange(len(before))
        after = bytearray(before)
        after[at] ^= drawn.randrange(1, 256)
        path.write_bytes(after)
        yield path, at
        path.write_bytes(before)


def test_nothing_differs(gridctl: Command, report: Path) -> None:
    for target in ("out", "out/report.json"):
        shown = gridctl("verify", target, "--store", "store")
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert shown.stdout.startswith("nothing differs: report.json")
    assert "report.html is not compared" in gridctl(*VERIFY).stderr
    later = gridctl("report", "tiny", "--store", "store", "--json", "--score", "best")
    assert later.returncode == 0
    assert gridctl(*VERIFY).returncode == 0, "a later report is no change of this one"


def test_a_report_on_standard_output_is_verified_too(gridctl: Command, report: Path, tmp_path: Path) -> None:
    for env in ({}, {"PYTHONIOENCODING": "ascii"}):
        shown = gridctl("report", "tiny", "--store", "store", "--json", "--significance", env=env)
        (tmp_path / "saved.json").write_text(shown.stdout)
        assert gridctl("verify", "saved.json", "--store", "store").returncode == 0


def test_single_bytes_are_found_by_the_command(gridctl: Command, report: Path, store: FolderStore) -> None:
    for path, at in changed_bytes(report, store, 12):
        shown = gridctl(*VERIFY)
        assert shown.returncode in (1, 2), (path, at)
        assert "bug" not in shown.stderr
        if shown.returncode == 1:
            assert path.name in shown.stdout, (path, at)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_thousand_of_a_thousand_single_bytes_are_found(report: Path, store: FolderStore) -> None:
    missed = []
    for path, at in changed_bytes(report, store, 1000):
        try:
            if not api.verify(report, store=store.url).differences:
                missed.append((path, at))
        except api.InputError:
            assert path.name == "report.json"
    assert not missed


@pytest.mark.parametrize("name", ["result.json", "spec.json", ".jsonl"])
def test_every_object_is_named(name: str, gridctl: Command, report: Path, store: FolderStore) -> None:
    keys = [stat.key for stat in store.list("tiny/") if stat.key.endswith(name)]
    for key in keys[:2]:
        store.put(key, store.get(key).data.replace(b"0.5", b"0.6") + b" ")
    store.delete(keys[2])
    shown = gridctl(*VERIFY)
    assert shown.returncode == 1
    for key in keys[:2]:
        assert f"{key}: its SHA-256 is " in shown.stdout
    assert f"{keys[2]}: it is gone from the store" in shown.stdout


def test_a_number_of_the_report_is_named_with_both_values(gridctl: Command, report: Path) -> None:
    path = report / "report.json"
    content = json.loads(path.read_text())
    content["comparisons"][0]["difference"] = 0.5
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False))
    shown = gridctl(*VERIFY)
    assert shown.returncode == 1
    (line,) = shown.stdout.splitlines()
    assert line.startswith("report.json: comparisons[0].difference is 0.5, and 0.0")
    assert line.endswith(" from the store")


def test_a_run_that_was_added_later_is_said(gridctl: Command, report: Path, submit: Submit) -> None:
    submit("seeds=[1, 2, 3, 4]")
    shown = gridctl(*VERIFY)
    assert shown.returncode == 1
    assert "s4" in shown.stdout
    assert "it is in the store, and was not when the report was made" in shown.stdout
    assert "seeds were [1,2,3], are [1,2,3,4]" in shown.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such report"),
        ("{", "not a report in JSON"),
        ("[]", "not a report in JSON"),
        ('{"experiment": "tiny", "provenance": {}}', "it is of an earlier version or was edited"),
    ],
)
def test_what_is_no_report_is_refused(text: str | None, said: str, gridctl: Command, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    shown = gridctl("verify", "report.json", "--store", "store")
    assert shown.returncode == 2
    assert said in shown.stderr
    assert "gridctl report -o DIR writes one" in shown.stderr


def test_a_store_that_cannot_be_reached_is_no_difference(gridctl: Command, report: Path) -> None:
    env = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "x",
        "AWS_MAX_ATTEMPTS": "1",
    }
    shown = gridctl("verify", "out", "--store", "s3://bucket", env=env)
    assert shown.returncode == 3, shown.stderr
    assert shown.stdout == ""
