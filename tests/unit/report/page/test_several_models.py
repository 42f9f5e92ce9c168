"""The page of three models has sections for ranks, profiles, subgroups and trends."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from gridctl.collection.collect import collect
from gridctl.experiment import parse_experiment
from gridctl.report import ReportRequest, Source, build_report, render
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import log_cases
from tests.unit.report.situations import ALL_PAIRS, THREE, TWELVE, in_a_group


def test_a_page_shows_what_is_said_of_three_models(tmp_path: Path) -> None:
    declared = ALL_PAIRS.replace("soft_dice", "dice").replace("metrics", "subgroups: [pathology], metrics")
    text = "metrics: [dice, soft_dice, bce]"
    tiny = parse_experiment(experiment(tmp_path / "data", text).document.with_overrides([*THREE, declared]))
    store = FolderStore(tmp_path / "store")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.0))
        log_cases(store, run, in_a_group(0.08, "DCM"), patients=TWELVE)
    tables = collect(store, tiny.runs, cases=True)
    report = build_report(tiny, tables, ReportRequest(significance=True))
    page = render(report, "html", Console(), Source(tiny, tables, store))
    sections = dict(re.findall(r'<section id="(\w+)"(.*?)</section>', page, re.DOTALL))
    assert "ranks of 3 models" in sections["profiles"]
    assert "share of patients above a score" in sections["profiles"]
    assert sections["profiles"].count('class="line s') == 3
    assert sections["profiles"].count('class="area band s') == 3
    assert sections["trends"].count("<figure") == 3
    assert sections["trends"].count('class="line fit"') == 3
    assert "no trend over the train ratio is shown" in sections["trends"].lower()
    assert "subgroups, declared" in sections["subgroups"]
    assert "subgroups, exploratory" in sections["subgroups"]
    for name in ("profiles", "trends", "subgroups"):
        assert f'href="#{name}"' in page
