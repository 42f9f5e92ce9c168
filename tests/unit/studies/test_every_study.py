"""Every registered study has each of its items in a section, whatever was trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.collection.collect import collect
from gridctl.commands.reporting.reproduced_studies import reproduced_studies
from gridctl.experiment.study_registry import known_items, registered_studies
from gridctl.report import ReportRequest, build_report
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run


@pytest.mark.parametrize("name", registered_studies())
@pytest.mark.parametrize("finished", [0, 1, None])
def test_each_item_is_shown_in_the_order_of_the_file(name: str, finished: int | None, tmp_path: Path) -> None:
    written = [item for item, (study, _) in known_items().items() if study == name][::-1]
    tiny = experiment(tmp_path / "data", f"reproduces: [{', '.join(written)}]\n")
    store = FolderStore(tmp_path / "store")
    for run in tiny.runs[:finished]:
        log_run(store, run, dice_of(0.02))
    studies = reproduced_studies(tiny)
    report = build_report(tiny, collect(store, tiny.runs), ReportRequest(significance=True), studies=studies.values())
    (section,) = report.studies
    assert (section.study, bool(section.title)) == (name, True)
    assert [item.item.replace(" ", "-") for item in section.items] == [known_items()[item][1] for item in written]
    assert all(item.said and item.source and (item.cells or item.x_axis) for item in section.items)
    drawn = list(studies[name].draw(section, tmp_path))
    assert {path.stem for path in drawn} == {item.item.replace(" ", "-") for item in section.items if item.points}
