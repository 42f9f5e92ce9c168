"""Secondary scores have families of their own, and are never in the headline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gridctl.analysis.model import ComparisonRow
from gridctl.analysis.statistics.multiplicity import holm
from gridctl.collection.collect import collect
from gridctl.errors import InputError
from gridctl.experiment import parse_experiment
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.renderers.sections.all_sections import all_sections
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import SUNNYBROOK_CASE_DICE, VALIDATION_CASE_DICE, case_dice_of, log_cases

SCORED = "metrics: [dice, soft_dice, bce, hd95]"
PRIMARY = [VALIDATION_CASE_DICE, SUNNYBROOK_CASE_DICE]
SECONDARY = ["validation.hd95.left_ventricle", "sunnybrook.hd95.left_ventricle"]
TESTS = ReportRequest(significance=True)


def reported(store: FolderStore, tmp_path: Path, *overrides: str, request: ReportRequest = TESTS) -> Report:
    tiny = parse_experiment(experiment(tmp_path / "data", SCORED).document.with_overrides(list(overrides)))
    for run in tiny.runs:
        log_run(store, run, dice_of(-0.1))
        log_cases(store, run, case_dice_of(0.02))
    return build_report(tiny, collect(store, tiny.runs, cases=True), request)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for part in report.comparisons if part.kind == "models" for row in part.rows]


def test_hd95_is_tested_beside_dice_in_a_family_of_its_own(store: FolderStore, tmp_path: Path) -> None:
    report = reported(store, tmp_path)
    told = rows(report)
    assert list(dict.fromkeys(row.metric for row in told)) == [*PRIMARY, *SECONDARY]
    assert {row.metric for row in told if row.secondary} == set(SECONDARY)
    for metric in SECONDARY:
        of_metric = [row for row in told if row.metric == metric]
        assert [row.p_holm for row in of_metric] == pytest.approx(holm([row.p for row in of_metric]))
        assert {row.family_size for row in of_metric} == {len(of_metric)}
    assert report.headlines
    assert not [line for line in report.headlines if "HD95" in line]
    titles = [section.title for section in all_sections(report)]
    assert any("HD95 (mm) (secondary), gamma_net against unet" in title for title in titles)


@pytest.mark.parametrize("family", ["comparison", "experiment"])
def test_a_wide_family_leaves_secondary_scores_out(store: FolderStore, tmp_path: Path, family: str) -> None:
    with_them = reported(store, tmp_path, f"compare.family={family}")
    without = reported(store, tmp_path, f"compare.family={family}", "compare.secondary=[]")
    primary = [replace(row, secondary=False) for row in rows(with_them) if row.metric in PRIMARY]
    assert primary == rows(without)
    assert {row.family.rpartition(", ")[2] for row in rows(with_them) if row.secondary} == {"secondary"}


@pytest.mark.parametrize(
    ("override", "request_"),
    [
        ("compare.secondary=[]", TESTS),
        ("compare.metrics=[validation.dice]", TESTS),
        ("compare.score=mean", TESTS),
        ("seeds=[1,2,3,4,5]", replace(TESTS, metrics=("validation.dice",))),
        ("seeds=[1,2,3,4,5]", replace(TESTS, unit="epoch")),
    ],
)
def test_where_there_is_none(store: FolderStore, tmp_path: Path, override: str, request_: ReportRequest) -> None:
    assert not [row for row in rows(reported(store, tmp_path, override, request=request_)) if row.secondary]


def test_what_is_declared_in_units_of_the_primary_scores_is_theirs(store: FolderStore, tmp_path: Path) -> None:
    told = rows(reported(store, tmp_path, "compare.equivalence_margin=0.05"))
    assert {row.equivalence_margin for row in told if not row.secondary} == {0.05}
    assert {row.equivalence_margin for row in told if row.secondary} == {None}


def test_named_ones_are_tested_beside_named_ones(store: FolderStore, tmp_path: Path) -> None:
    told = rows(reported(store, tmp_path, "compare.metrics=[validation.hd95]", "compare.secondary=[validation.dice]"))
    assert {row.metric: row.secondary for row in told} == {SECONDARY[0]: False, PRIMARY[0]: True}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("compare.secondary=[validation.dice]", "is one of metrics as well"),
        ("compare.secondary=[validation.hd59]", "the metric 'hd59' is not computed"),
    ],
)
def test_what_cannot_be_secondary(tmp_path: Path, override: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse_experiment(experiment(tmp_path / "data", SCORED).document.with_overrides([override]))
    assert said in str(error.value)
    assert "compare.secondary" in str(error.value)
