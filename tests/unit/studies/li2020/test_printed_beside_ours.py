"""Reports show the printed tables and figures beside ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridctl.analysis.model import StudyCell, StudyItem
from gridctl.collection.collect import collect
from gridctl.commands.reporting.reproduced_studies import reproduced_studies
from gridctl.errors import InputError
from gridctl.experiment import Experiment, load_experiment
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.renderers.html import render_page
from gridctl.studies.li2020.printed import printed
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import log_run

EXPERIMENTS = Path(__file__).parents[4] / "experiments"


def dice(run: RunSpec, epoch: int) -> float:
    draw = np.random.default_rng([run.seed, round(10 * run.train_ratio), len(run.model), len(run.ablation), epoch])
    lead = 0.05 * (run.model == "gamma_net") * (0.75 - run.train_ratio)
    return float(0.8 + lead + draw.normal(0, 0.005))


def short(name: str, *overrides: str) -> Experiment:
    return load_experiment(EXPERIMENTS / f"{name}.yaml", ["training.epochs=4", *overrides])


def items(tmp_path: Path, experiment: Experiment, asked: ReportRequest) -> dict[str, StudyItem]:
    store = FolderStore(tmp_path / "store")
    for run in experiment.runs:
        log_run(store, run, dice)
    return {item.item: item for item in report_of(experiment, store, asked).studies[0].items}


def report_of(experiment: Experiment, store: FolderStore, asked: ReportRequest) -> Report:
    """Build a report with the sections of the studies, as the command does."""
    studies = reproduced_studies(experiment).values()
    return build_report(experiment, collect(store, experiment.runs), asked, studies=studies)


def test_every_printed_value_is_there() -> None:
    """Spot checks of each table against the printed one."""
    count = {name: len(item.get("cells", ())) for name, item in printed().items()}
    tables = {"table-5.1": 2, "table-5.2": 2, "table-5.3": 8, "table-5.4": 8, "table-5.5": 8, "table-5.6": 6}
    assert count == {**tables, "figure-5.1": 0, "figure-5.2": 0, "figure-5.3": 0}

    def value(table: str, row: str, column: str) -> tuple[float, float | None, str]:
        cells = [c for c in printed()[table]["cells"] if (c["row"], c["column"]) == (row, column)]
        assert len(cells) == 1
        return cells[0]["mean"], cells[0].get("sd"), cells[0].get("p", "")

    assert value("table-5.1", "U-Net", "validation Dice") == (0.884, 0.005, "")
    assert value("table-5.2", "γ-Net", "generalisation Dice") == (0.757, 0.052, "< 0.01")
    assert value("table-5.3", "without Gaussian", "γ-Net validation") == (0.892, 0.020, "")
    assert value("table-5.4", "without CLAHE", "γ-Net generalisation") == (0.665, 0.060, "< 0.05")
    assert value("table-5.5", "without min-max", "U-Net generalisation") == (0.003, 0.003, "< 0.01")
    assert value("table-5.6", "batch 6, T 4", "best validation Dice") == (0.9108, None, "")


def test_the_baseline_is_pooled_as_the_print_is_and_tested_over_runs(tmp_path: Path) -> None:
    experiment = short("baseline")
    found = items(tmp_path, experiment, ReportRequest(significance=True))
    assert list(found) == ["table 5.1", "table 5.2"]
    gamma, unet = found["table 5.1"].cells
    values = [dice(run, epoch) for run in experiment.runs if run.model == "gamma_net" for epoch in range(1, 5)]
    assert (gamma.model, gamma.n_runs, gamma.n_epochs) == ("gamma_net", 5, 20)
    assert gamma.pooled_mean == pytest.approx(np.mean(values))
    assert gamma.pooled_sd == pytest.approx(np.std(values, ddof=1))
    assert gamma.difference == pytest.approx(np.mean(values) - 0.882)
    assert gamma.run_sd is not None
    assert gamma.pooled_sd is not None
    assert gamma.p is not None
    assert gamma.p_pooled is not None
    assert unet.p is None, "one p for the two of them"
    assert "2 of 2 cells" in found["table 5.1"].said


def test_ablations_stand_in_the_rows_of_what_they_leave_out(tmp_path: Path) -> None:
    found = items(tmp_path, short("sensitivity"), ReportRequest(significance=True))
    for table, ablation in (("table 5.3", "no_gaussian"), ("table 5.4", "no_clahe"), ("table 5.5", "no_minmax")):
        cells = found[table].cells
        assert [cell.ablation for cell in cells] == ["none", ablation] * 4
        assert [cell.p is not None for cell in cells] == [False, True] * 4
        assert {cell.n_runs for cell in cells} == {5}


def test_a_renamed_ablation_is_found_by_what_it_does(tmp_path: Path) -> None:
    renamed = short(
        "sensitivity",
        "ablations=[none, {name: blurless, without: [gaussian]}]",
        "models={net: {architecture: unet}, gamma: {architecture: gamma_net}}",
        "compare={model: gamma, against: net}",
        "reproduces=[table-5.3, table-5.4]",
    )
    found = items(tmp_path, renamed, ReportRequest())
    assert {(cell.model, cell.ablation) for cell in found["table 5.3"].cells} == {
        (model, ablation) for model in ("net", "gamma") for ablation in ("none", "blurless")
    }
    without = [cell for cell in found["table 5.4"].cells if cell.row != "baseline"]
    assert {(cell.model, cell.n_runs, cell.pooled_mean) for cell in without} == {("", 0, None)}


def test_table_5_6_takes_the_best_epoch_and_finds_batch_and_timesteps(tmp_path: Path) -> None:
    experiment = short("temporal")
    found = items(tmp_path, experiment, ReportRequest(significance=True))["table 5.6"].cells
    by_row: dict[str, StudyCell] = {cell.row: cell for cell in found}
    assert {row: (cell.ablation, cell.n_runs) for row, cell in by_row.items()} == {
        "baseline": ("none", 5),
        "batch 2, T 4": ("batch2_t4", 5),
        "batch 2, T 6": ("batch2_t6", 5),
        "batch 4, T 4": ("batch4_t4", 5),
        "batch 4, T 6": ("batch4_t6", 5),
        "batch 6, T 4": ("batch6_t4", 5),
    }
    largest = [run for run in experiment.runs if run.ablation == "batch6_t4"]
    best = [max(dice(run, epoch) for epoch in range(1, 5)) for run in largest]
    assert by_row["batch 6, T 4"].run_mean == pytest.approx(np.mean(best))
    assert by_row["batch 6, T 4"].difference == pytest.approx(np.mean(best) - 0.9108)


def test_figures_have_a_point_a_ratio_and_a_point_an_epoch(tmp_path: Path) -> None:
    found = items(tmp_path, short("reduced_set", "train_ratios=[0.1, 0.4, 0.8]", "seeds=[1, 2, 3]"), ReportRequest())
    ratio, epoch = found["figure 5.1"], found["figure 5.3"]
    assert [(point.model, point.x, point.n) for point in ratio.points] == [
        (model, x, 3) for x in (0.1, 0.4, 0.8) for model in ("unet", "gamma_net")
    ]
    assert all(point.ci_low is not None and point.ci_low < point.mean for point in ratio.points)
    assert ratio.said == "γ-Net's mean is higher at 2 of 3 ratios (0.1, 0.4)"
    assert {point.x for point in epoch.points} == {1, 2, 3, 4}
    assert len({point.metric for point in epoch.points}) == 4


def test_nothing_finished_is_said(tmp_path: Path) -> None:
    experiment = short("reduced_set")
    (section,) = report_of(experiment, FolderStore(tmp_path), ReportRequest(significance=True)).studies
    assert {item.said for item in section.items} == {"no finished run of this experiment corresponds to it yet"}


def test_pooled_epochs_lend_their_p_to_no_cell(tmp_path: Path) -> None:
    found = items(tmp_path, short("baseline"), ReportRequest(significance=True, unit="epoch"))
    assert found["table 5.1"].cells[0].p is None
    assert found["table 5.1"].cells[0].p_pooled is not None


def test_an_unknown_table_is_a_mistake_of_the_file() -> None:
    with pytest.raises(InputError, match=r"unknown value 'table-5.7'"):
        short("baseline", "reproduces=[table-5.7]")


@pytest.mark.parametrize(("name", "title"), [("baseline", "Table 5.2"), ("reduced_set", "Figure 5.1")])
def test_the_page_shows_the_print_beside_ours(name: str, title: str, tmp_path: Path) -> None:
    experiment = short(name, "train_ratios=[0.1, 0.8]", "seeds=[1, 2]")
    store = FolderStore(tmp_path / "store")
    for run in experiment.runs:
        log_run(store, run, dice)
    tables = collect(store, experiment.runs)
    report = report_of(experiment, store, ReportRequest(significance=True))
    page = render_page(report, experiment, tables, store, tmp_path)
    assert "The thesis beside ours" in page
    assert title in page
    if name == "baseline":
        assert "0.757 (0.052)" in page, "as printed"


def test_a_third_model_takes_no_cell_and_lends_no_p(tmp_path: Path) -> None:
    """This holds even if it is compared first."""
    third = short(
        "baseline",
        "models={unet: {}, gamma_net: {}, wider: {architecture: unet, channels: [16, 32, 32]}}",
        "compare=[{model: gamma_net, against: wider}, {model: gamma_net, against: unet}]",
    )
    two = short("baseline", "models={unet: {}, gamma_net: {}}", "compare=[{model: gamma_net, against: unet}]")
    with_third, without = (
        items(tmp_path / name, found, ReportRequest(significance=True))["table 5.1"]
        for name, found in (("three", third), ("two", two))
    )
    assert [(cell.model, cell.p, cell.p_pooled) for cell in with_third.cells] == [
        (cell.model, cell.p, cell.p_pooled) for cell in without.cells
    ]
    assert with_third.cells[0].p is not None
    assert with_third.notes == ["U-Net is unet here; wider, of the same architecture, is left out"]
    assert without.notes == []


def test_a_missing_model_is_said(tmp_path: Path) -> None:
    for name, there, lacking, architecture in (
        ("unet", "U-Net", "γ-Net", "gamma_net"),
        ("gamma_net", "γ-Net", "U-Net", "unet"),
    ):
        alone = short("baseline", f"models=[{name}]", "compare=[]", "reproduces=[table-5.1, table-5.6, figure-5.1]")
        found = items(tmp_path / name, alone, ReportRequest())
        said = f"{lacking} is missing: no model of this experiment has the architecture {architecture}"
        assert said in found["table 5.1"].notes
        assert {cell.row: cell.n_runs for cell in found["table 5.1"].cells} == {there: 5, lacking: 0}
        assert found["figure 5.1"].said == f"no points of {lacking}, so γ-Net and U-Net cannot be compared"
    assert not any("U-Net" in note for note in found["table 5.6"].notes), "it prints γ-Net alone"


def test_a_model_that_is_not_in_the_print_is_said(tmp_path: Path) -> None:
    found = items(tmp_path, short("baseline", "reproduces=[table-5.6]"), ReportRequest())["table 5.6"]
    assert "unet is not in the table that Li (2020) prints, and is left out" in found.notes


def test_a_metric_that_was_not_measured_is_said(tmp_path: Path) -> None:
    alone = short(
        "baseline",
        "data.external.sunnybrook=null",
        "compare={model: gamma_net, against: unet, metrics: [validation.soft_dice]}",
        "reproduces=[table-5.2, figure-5.2, table-5.1]",
    )
    found = items(tmp_path, alone, ReportRequest(significance=True))
    said = "sunnybrook soft Dice was not measured: no finished run has scored that set"
    assert [said in item.notes for item in found.values()] == [True, True, False]
    assert {cell.n_runs for cell in found["table 5.2"].cells} == {0}
