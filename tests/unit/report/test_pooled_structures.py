"""Scores that pool structures give one value per patient, in which structures and time points weigh the same."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from gridctl.analysis.model import ComparisonRow
from gridctl.collection.collect import Collected, collect
from gridctl.collection.score_file import read_prediction_set
from gridctl.commands.planning.plan import estimate
from gridctl.errors import InputError
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, Source, build_report, render
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import PATIENTS, CaseDice, log_cases
from tests.unit.report.scored_masks import write_masks
from tests.unit.report.situations import noise

BOTH = "validation.dice.left_ventricle+myocardium"
TESTS = ReportRequest(significance=True)
SLICES = "slice_hd95, slice_hd95_basal, slice_hd95_mid, slice_hd95_apical"
SCORED = f"metrics: [dice, hd95, soft_dice, {SLICES}, absolute_ef_error]"


def dice_with(lead: float, structure: str) -> CaseDice:
    return lambda run, set_name, patient, time_point: (
        0.7
        + lead * (run.model == "gamma_net")
        + noise(structure, run.model, run.seed, patient, time_point)
        - 0.05 * (time_point == "ES")
    )


CAVITY, WALL = dice_with(0.02, "cavity"), dice_with(0.06, "wall")


def lacking(run: RunSpec, set_name: str, patient: str, time_point: str) -> float | None:
    lost = (run.model, patient, time_point) == ("unet", PATIENTS[0], "ES")
    return None if lost else WALL(run, set_name, patient, time_point)


def asked(tmp_path: Path, *overrides: str, metrics: str = BOTH) -> Experiment:
    document = experiment(tmp_path / "data", SCORED).document
    chosen = ["data.target=[left_ventricle, myocardium]", f"compare.metrics=[{metrics}]", "train_ratios=[0.5]"]
    return parse_experiment(document.with_overrides([*chosen, *overrides]))


def filled(
    tmp_path: Path, store: FolderStore, *overrides: str, wall: CaseDice = WALL, metrics: str = BOTH
) -> Experiment:
    tiny = asked(tmp_path, *overrides, metrics=metrics)
    for run in tiny.runs:
        log_run(store, run, dice_of(0.0))
        log_cases(store, run, CAVITY, others={"myocardium": wall}, real=False)
    return tiny


def collected(tiny: Experiment, store: FolderStore) -> Collected:
    return collect(store, tiny.runs, cases=True)


def reported(tiny: Experiment, store: FolderStore, request: ReportRequest = TESTS) -> Report:
    return build_report(tiny, collected(tiny, store), request)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for comparison in report.comparisons for row in comparison.rows]


def of_patient(run: RunSpec, patient: str) -> float:
    return float(np.mean([dice(run, "validation", patient, time) for dice in (CAVITY, WALL) for time in ("ED", "ES")]))


def test_structures_and_time_points_are_averaged_within_the_patient(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, "compare.claim=cohort")
    (row,) = rows(reported(tiny, store))
    halves = [
        [np.mean([of_patient(run, patient) for patient in PATIENTS]) for run in tiny.runs if run.model == model]
        for model in ("gamma_net", "unet")
    ]
    assert row.metric == BOTH
    assert row.difference == pytest.approx(np.mean(halves[0]) - np.mean(halves[1]), abs=1e-12)
    assert row.p == pytest.approx(stats.ttest_rel(*halves).pvalue, rel=1e-9)
    assert (row.patients, row.patients_left_out) == (len(PATIENTS), 0)


def test_the_headline_names_what_is_pooled_and_counts_patients(store: FolderStore, tmp_path: Path) -> None:
    (line, *_) = reported(filled(tmp_path, store), store).headlines
    score = "validation Dice, mean of left ventricle and myocardium (end-diastole and end-systole averaged)"
    assert line.startswith(f"{score}: gamma_net is better than unet (")
    assert "n = 5 seeds, 6 patients" in line


def test_who_lacks_a_structure_is_left_out_of_both_models_and_counted(store: FolderStore, tmp_path: Path) -> None:
    (row,) = rows(reported(filled(tmp_path, store, wall=lacking), store))
    assert (row.patients, row.patients_left_out) == (len(PATIENTS) - 1, 1)
    assert row.left_out_because == "both empty (myocardium) (1)"


def test_who_has_no_record_of_a_structure_is_left_out_with_what_is_missing(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store)
    found = collected(tiny, store)
    cases = found.cases
    of_wall = (cases["structure"] == "myocardium") & (cases["patient"] == PATIENTS[1]) & (cases["time_point"] == "ED")
    kept = Collected(found.runs, found.epochs, (), (), cases=cases[~of_wall], measures=found.measures)
    (row,) = rows(build_report(tiny, kept, TESTS))
    assert (row.patients_left_out, row.left_out_because) == (1, "no myocardium (ED) (1)")
    without = cases[cases["structure"] != "myocardium"]
    kept = Collected(found.runs, found.epochs, (), (), cases=without, measures=found.measures)
    (row,) = rows(build_report(tiny, kept, TESTS))
    assert (row.n_pairs, row.patients) == (0, 0)


def test_the_order_of_structures_is_that_of_the_data(tmp_path: Path) -> None:
    tiny = asked(tmp_path, metrics="validation.dice.myocardium+left_ventricle")
    assert tiny.compare[0].metrics == (BOTH,)
    assert tiny.measures[BOTH].level == "case"


def test_one_pooled_score_is_one_test(store: FolderStore, tmp_path: Path) -> None:
    apart, together = (
        rows(reported(filled(tmp_path, store, metrics=metrics), store)) for metrics in ("validation.dice", BOTH)
    )
    assert [row.metric for row in apart] == ["validation.dice.left_ventricle", "validation.dice.myocardium"]
    assert [row.family_size for row in together] == [1]


def test_other_comparisons_still_mean_every_structure(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store)
    compare = [
        {"model": "gamma_net", "against": "unet", "metrics": [BOTH]},
        {"model": "unet", "against": "gamma_net"},
    ]
    both = parse_experiment(tiny.document.with_overrides([f"compare={json.dumps(compare)}"]))
    assert all("+" not in name for name in both.compare[1].metrics)
    assert len(both.compare[1].metrics) == 4  # two data sets times two structures


def test_a_report_may_be_asked_for_a_pooled_score(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, metrics="validation.dice")
    for pooled in (BOTH, "validation.hd95.left_ventricle+myocardium"):
        (row,) = rows(reported(tiny, store, ReportRequest(significance=True, metrics=[pooled])))
        assert (row.metric, row.patients) == (pooled, len(PATIENTS))
    with pytest.raises(InputError, match="'septum' is not a structure"):
        reported(tiny, store, ReportRequest(metrics=["validation.dice.septum+myocardium"]))


def test_mistakes_are_said_with_their_line(tmp_path: Path) -> None:
    wrong = {
        "validation.dice.myocardium+septum": "'septum' is not a structure that validation.dice is of",
        "validation.dice.myocardium+myocardium": "'myocardium' is pooled twice",
        "validation.soft_dice.left_ventricle+myocardium": "structures are pooled within each patient",
    }
    with pytest.raises(InputError) as caught:
        asked(tmp_path, metrics=", ".join(wrong))
    for problem, said in zip(caught.value.problems, wrong.values(), strict=True):
        assert said in problem.what
        assert problem.fix
    with pytest.raises(InputError, match="name one structure"):
        asked(tmp_path, f"training.checkpoint_keep_best={BOTH}")


def test_subgroups_are_of_pooled_scores_at_slice_positions_too(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, "compare.subgroups=[time_point, slice_position]")
    tests = reported(tiny, store).comparisons[0].subgroups
    assert {row.metric for row in tests if row.by == "time_point"} == {BOTH}
    basal = next(row for row in tests if row.subgroup == "basal")
    assert basal.metric == "validation.slice_hd95_basal.left_ventricle+myocardium"
    assert basal.patients == len(PATIENTS)


def test_a_plan_measures_its_variances(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, "compare.effect=0.02")
    (need,) = estimate(tiny, collected(tiny, store)).needs
    assert (need.metric, need.patients) == (BOTH, len(PATIENTS))
    assert need.deviation is not None
    assert need.population_power_now is not None


def test_masks_are_compared_by_it(store: FolderStore, tmp_path: Path) -> None:
    pooled = "other.dice.left_ventricle+myocardium"
    external = f"data.external={{other: {{dataset: acdc, path: {tmp_path}/data}}}}"
    tiny = asked(tmp_path, external, metrics=pooled)
    for run in tiny.runs:
        log_run(store, run, dice_of(0.0))
        log_cases(store, run, CAVITY, others={"myocardium": lacking}, sets=("validation", "other"), real=False)
    file = write_masks(
        tmp_path / "nnunet.json",
        tiny.runs[0],
        lambda patient, time: 0.5 + noise(patient, time),
        set_name="other",
        others={"myocardium": lambda run, set_name, patient, time: 0.6 + noise(patient, time)},
        real=False,
    )
    request = ReportRequest(against=[file], of=["unet"])
    report = build_report(tiny, collected(tiny, store), request, predictions={"nnunet": read_prediction_set(file)})
    (row,) = report.predictions
    assert (row.metric, row.patients, row.patients_left_out) == (pooled, len(PATIENTS) - 1, 1)
    unet = [run for run in tiny.runs if run.model == "unet"]
    ours = np.mean([[of_patient(run, patient) for run in unet] for patient in PATIENTS[1:]])
    theirs = np.mean([0.55 + noise(patient, time) for patient in PATIENTS[1:] for time in ("ED", "ES")])
    assert row.difference == pytest.approx(ours - theirs)
    assert any(
        "mean of left ventricle and myocardium (" in line and "averaged), unet against the masks" in line
        for line in report.headlines
    )


@pytest.mark.parametrize("output", ["table", "markdown", "latex", "csv", "json", "html"])
def test_every_format_shows_it(output: str, store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(tmp_path, store, wall=lacking)
    tables = collected(tiny, store)
    console = Console(file=io.StringIO(), width=100)
    text = render(build_report(tiny, tables, TESTS), output, console, Source(tiny, tables, store))
    shown = text or console.file.getvalue()  # type: ignore[attr-defined]
    assert (BOTH if output in ("csv", "json") else "mean of left ventricle and myocardium") in shown
    if output == "json":
        of_pooled = next(row for row in json.loads(text)["measures"] if row["name"] == BOTH)
        assert of_pooled["structure"] == "left_ventricle+myocardium"
