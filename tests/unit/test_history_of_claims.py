"""The declaration of a claim is kept, and a change after the first look is reported."""

from __future__ import annotations

from pathlib import Path

from gridctl.experiment import parse_experiment
from gridctl.history.changes import changes_since_first_report
from gridctl.history.event import HistoryEvent, report_event
from gridctl.history.record import History
from gridctl.report import ReportRequest
from tests.unit.report.logged import experiment

ASKED = ReportRequest(significance=True)


def event(tmp_path: Path, *overrides: str) -> HistoryEvent:
    tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides(list(overrides)))
    return report_event(tiny, 20, ASKED)


def test_a_claim_changed_after_looking_is_said(tmp_path: Path) -> None:
    before = event(tmp_path, "compare.claim=population", "compare.stopping={looks: [5, 10]}")
    now = event(tmp_path, "compare.claim=cohort", "compare.stopping=anytime", "compare.trend=grows")
    (said,) = changes_since_first_report(History([before]), now)
    for change in (
        "claim changed from population to cohort",
        "stopping changed from looks 5, 10 to anytime",
        "trend changed from none to grows",
    ):
        assert change in said


def test_what_is_read_back_is_what_was_declared(tmp_path: Path) -> None:
    made = event(tmp_path, "compare.stopping={looks: [5, 10]}")
    read = HistoryEvent.from_json(made.to_json(), "here")
    assert read.says_the_same(made)
    assert not list(changes_since_first_report(History([read]), replace_time(made)))


def replace_time(made: HistoryEvent) -> HistoryEvent:
    return made.model_copy(update={"gridctl": "later"})


def test_events_of_before_claims_changed_nothing(tmp_path: Path) -> None:
    made = event(tmp_path)
    for item in (old := made.model_dump(mode="json"))["declared"]["comparisons"]:
        for name in ("claim", "stopping", "trend"):
            del item[name]
    assert not list(changes_since_first_report(History([HistoryEvent.model_validate(old)]), made))
