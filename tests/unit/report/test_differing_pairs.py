"""Pairs whose halves learned from different things are not pairs, and irrelevant differences are not mentioned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gridctl.analysis.model import ComparisonRow
from gridctl.collection.collect import collect
from gridctl.errors import InputError
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.conditions import conditions
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import VALIDATION_DICE
from tests.unit.report.logged import EPOCHS, dice_of, experiment, log_run

ASKED = ReportRequest(significance=True)
KEPT = replace(ASKED, keep_differing_pairs=True)


def trained(
    store: FolderStore, tmp_path: Path, read: Callable[[RunSpec], str], text: str = "", **fields: Any
) -> Experiment:
    """A finished grid; `read` gives the images that each run read."""
    tiny = experiment(tmp_path / "data", text)
    for run in tiny.runs:
        log_run(store, run, dice_of(0.03), data_digest=read(run), **fields)
    return tiny


def reported(tiny: Experiment, store: FolderStore, asked: ReportRequest = ASKED) -> Report:
    return build_report(tiny, collect(store, tiny.runs), asked)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for part in report.comparisons for row in part.rows if row.metric == VALIDATION_DICE]


def changed_late(run: RunSpec) -> str:
    """The data changed before U-Net's run of seed 4 and all runs of seed 5."""
    return "new" if run.seed == 5 or (run.seed == 4 and run.model == "unet") else "old"


def test_pairs_of_other_images_are_left_out_and_named_first(store: FolderStore, tmp_path: Path) -> None:
    tiny = trained(store, tmp_path, changed_late)
    report = reported(tiny, store)
    assert [(row.n_pairs, row.dropped, row.differing) for row in rows(report)] == [(4, 1, 1)] * 2
    assert report.warnings == [
        "the data changed between runs: of 20 finished runs, 14 read images old and 6 read images new (digests)",
        "gamma_net against unet: 2 pairs are left out: they differ in the images (ratio 0.2, seed 4 and 1 more); "
        "--keep-differing-pairs tests them too",
    ]
    assert not any("left out" in line or "differ" in line for line in conditions(report)), "once is enough"


def test_an_option_keeps_them_and_says_so(store: FolderStore, tmp_path: Path) -> None:
    report = reported(trained(store, tmp_path, changed_late), store, KEPT)
    assert [(row.n_pairs, row.dropped) for row in rows(report)] == [(5, 0)] * 2
    assert "2 pairs do not compare like with like, and are tested as asked for" in report.warnings[1]


def test_nothing_is_left_of_a_grid_of_two_data_sets(store: FolderStore, tmp_path: Path) -> None:
    report = reported(trained(store, tmp_path, lambda run: run.model), store)
    said = "no pair is left to test: split, images or the code of a plugin differ in all of them"
    assert {row.verdict for row in rows(report)} == {said}
    assert {row.test for row in rows(report)} == {"none"}, "nor are they tested as if they had no partner"
    assert all("nothing could be tested: no pair is left" in line for line in report.headlines)


def test_runs_of_other_images_are_not_tested_unpaired(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        if (run.seed <= 2) == (run.model == "unet"):
            log_run(store, run, dice_of(0.03), data_digest=run.model)
    assert {row.test for row in rows(reported(tiny, store))} == {"none"}
    assert {row.test for row in rows(reported(tiny, store, KEPT))} == {"welch"}


def test_an_ablation_that_changes_images_belongs_to_one_set_of_the_others(store: FolderStore, tmp_path: Path) -> None:
    def read(run: RunSpec) -> str:
        late = run.seed == 5 or (run.seed == 4 and run.ablation == "none")
        return f"{run.ablation} {'new' if late else 'old'}"

    tiny = trained(store, tmp_path, read, "ablations: [none, no_minmax]\n")
    report = reported(tiny, store)
    (unet,) = [part for part in report.comparisons if part.kind == "ablations" and part.model == "unet"]
    assert {(row.n_pairs, row.differing) for row in unet.rows} == {(4, 1)}
    assert {pair.seed for pair in unet.dropped} == {4}
    assert "which are of other data than those of the other pairs" in unet.dropped[0].reason


def test_an_ablation_that_leaves_images_alone_must_share_them(store: FolderStore, tmp_path: Path) -> None:
    text = "ablations: [none, {name: slow, set: {training.epochs: 3}}]\n"
    tiny = experiment(tmp_path / "data", text)
    for run in tiny.runs:
        new = run.seed == 2 and run.ablation == "slow"
        log_run(store, run, dice_of(0.03), epochs=run.training.epochs, data_digest="new" if new else "old")
    parts = [part for part in reported(tiny, store).comparisons if part.kind == "ablations"]
    assert [[pair.seed for pair in part.dropped] for part in parts] == [[2, 2]] * 2
    assert all(pair.fields == ("data_digest",) for part in parts for pair in part.unlike), "epochs were declared"


@pytest.mark.parametrize("begun_anew", [False, True])
def test_a_run_resumed_on_other_images_is_suspect(begun_anew: bool, store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.03), data_digest="new")
    odd = tiny.runs[0]
    log_run(store, odd, dice_of(0.03), epochs=2, finished=False, data_digest="old")
    log_run(store, odd, dice_of(0.03), attempt=2, first_epoch=1 if begun_anew else 3, data_digest="new")
    report = reported(tiny, store)
    assert [row.differing for row in rows(report)] == ([0, 0] if begun_anew else [1, 0])
    if not begun_anew:
        assert report.warnings[0].startswith(f"the data changed while {odd.run_id} was trained")
        assert "they differ in the images, which changed when unet was resumed" in report.warnings[1]


@pytest.mark.parametrize(
    ("fields", "override", "said"),
    [
        ({"device": "cpu"}, "training.deterministic=true", False),
        ({"device": "cpu"}, "training.deterministic=false", True),
        ({"device": "cuda:0"}, "training.deterministic=true", True),
    ],
)
def test_being_resumed_is_said_where_it_can_change_a_score(
    fields: dict[str, str], override: str, said: bool, store: FolderStore, tmp_path: Path
) -> None:
    tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides([override]))
    for run in tiny.runs:
        log_run(store, run, dice_of(0.03), epochs=EPOCHS, **fields)
    log_run(store, tiny.runs[0], dice_of(0.03), attempt=2, first_epoch=3, **fields)
    assert any("having been resumed" in line for line in conditions(reported(tiny, store))) is said


def test_a_run_resumed_on_another_device_is_said(store: FolderStore, tmp_path: Path) -> None:
    tiny = trained(store, tmp_path, lambda run: "d", device_name="T4")
    log_run(store, tiny.runs[0], dice_of(0.03), epochs=2, finished=False, device_name="A100")
    log_run(store, tiny.runs[0], dice_of(0.03), attempt=2, first_epoch=3, device_name="T4")
    (said,) = [line for line in conditions(reported(tiny, store)) if "differs in more" in line]
    assert "the device, which changed when unet was resumed (ratio 0.2, seed 1)" in said


def test_to_keep_and_to_be_strict_at_once_is_refused(store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--keep-differing-pairs"):
        reported(experiment(tmp_path / "data"), store, replace(KEPT, strict_pairs=True))
