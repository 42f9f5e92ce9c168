"""`report --against` compares models with masks from elsewhere, tested over patients."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gridctl.analysis.request import PredictionFile
from gridctl.collection.collect import Collected, collect
from gridctl.collection.score_file import prediction_file, read_prediction_set
from gridctl.errors import InputError
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, build_report
from gridctl.report.renderers.csv_and_json import as_csv, as_json
from gridctl.report.renderers.latex import as_latex
from gridctl.report.renderers.markdown import as_markdown
from gridctl_trainer.contract.records.case_scores import CaseScores
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import METRICS, PATIENTS, case_dice_of, log_cases
from tests.unit.report.scored_masks import predicted_by, write_masks

DICE = case_dice_of(0.02)
TIMES = ("ED", "ES")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("masks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(made / "cache"))
        yield made


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Experiment:
    declared = ["compare.metrics=[sunnybrook.dice]", "compare.secondary=[sunnybrook.hd95]"]
    made = experiment(folder / "data", "metrics: [dice, hd95, soft_dice]")
    return parse_experiment(made.document.with_overrides(declared))


def scored(tiny: Experiment, folder: Path, *sets: str) -> Collected:
    store = FolderStore(folder)
    for run in tiny.runs:
        log_run(store, run, dice_of(0.0))
        log_cases(store, run, DICE, sets=sets)
    return collect(store, tiny.runs, cases=True)


@pytest.fixture(scope="module")
def collected(tiny: Experiment, folder: Path) -> Collected:
    return scored(tiny, folder / "store", "validation", "sunnybrook")


def of_masks(patient: str, time_point: str) -> float:
    return 0.6 + int(patient[-3:]) ** 2 / 1000 + 0.02 * (time_point == "ES")


def reported(tiny: Experiment, collected: Collected, *files: PredictionFile, **asked: Any) -> Report:
    request = ReportRequest(against=files[:1], of=files[1:], **asked)
    return build_report(tiny, collected, request, predictions={file.name: read_prediction_set(file) for file in files})


def test_each_patient_is_averaged_over_time_points_and_networks_and_then_paired(
    tiny: Experiment, collected: Collected, tmp_path: Path
) -> None:
    found = reported(tiny, collected, write_masks(tmp_path / "nnunet.json", tiny.runs[0], of_masks))
    primary = [row for row in found.predictions if not row.secondary]
    assert [(row.train_ratio, row.networks, row.model) for row in primary] == [(r, 5, "gamma_net") for r in (0.2, 0.5)]
    for row in primary:
        runs = [run for run in tiny.runs if run.model == "gamma_net" and run.train_ratio == row.train_ratio]
        ours = [
            np.mean([DICE(run, "sunnybrook", patient, time) for run in runs for time in TIMES]) for patient in PATIENTS
        ]
        theirs = [np.mean([of_masks(patient, time) for time in TIMES]) for patient in PATIENTS]
        expected = stats.ttest_rel(ours, theirs)
        interval = expected.confidence_interval()
        assert (row.p, row.ci_low, row.ci_high) == pytest.approx((expected.pvalue, interval.low, interval.high))
        assert (row.patients, row.degrees_of_freedom, row.claim) == (6, 5, "networks")
        assert (row.family, row.family_size) == ("gamma_net against nnunet, sunnybrook Dice", 2)
    assert [row.p_holm for row in primary] == pytest.approx([min(1.0, 2 * row.p) for row in primary if row.p])
    assert {row.family for row in found.predictions if row.secondary} == {"gamma_net against nnunet, sunnybrook HD95"}
    assert {family.m for family in found.families} == {2}
    assert not any("HD95" in line for line in found.headlines)


def test_it_is_in_every_format(tiny: Experiment, collected: Collected, tmp_path: Path) -> None:
    found = reported(tiny, collected, write_masks(tmp_path / "nnunet.json", tiny.runs[0], of_masks))
    rows = json.loads(as_json(found))["predictions"]
    assert {(row["kind"], row["against"], row["patients"]) for row in rows} == {("predictions", "nnunet", 6)}
    table = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [float(row["p_holm"]) for row in table] == [row["p_holm"] for row in rows]
    assert {row["population"] for row in table} == {row["population"] for row in rows}
    for text in (as_markdown(found).replace("\\", ""), as_latex(found).replace("\\", "")):
        assert "sunnybrook Dice, gamma_net against the masks of nnunet" in text
        assert "paired t over patients" in text
        assert "retraining either side may reverse it" in text


def test_who_is_on_one_side_only_is_left_out_of_both_and_counted(
    tiny: Experiment, collected: Collected, tmp_path: Path
) -> None:
    def without_es(case: CaseScores) -> CaseScores | None:
        return None if (case.patient, case.time_point) == (PATIENTS[0], "ES") else case

    patients = (*PATIENTS[:4], "patient100")
    file = write_masks(tmp_path / "nnunet.json", tiny.runs[0], of_masks, patients=patients, change=without_es)
    row = reported(tiny, collected, file).predictions[0]
    assert (row.patients, row.patients_left_out) == (3, 4)
    assert "not in nnunet (2)" in row.left_out_because
    assert "not in gamma_net (1)" in row.left_out_because
    assert "no ES (1)" in row.left_out_because


def test_masks_of_one_set_are_found_by_their_patients_or_by_the_metric(tiny: Experiment, tmp_path: Path) -> None:
    collected = scored(tiny, tmp_path / "store", "validation", "sunnybrook", "test")
    file = write_masks(tmp_path / "nnunet.json", tiny.runs[0], of_masks, set_name="test")
    rows = reported(tiny, collected, file, metrics=["test.dice"]).predictions
    assert {row.metric for row in rows} == {"test.dice.left_ventricle"}
    with pytest.raises(
        InputError, match=r"patients of sunnybrook and test are in it, and masks are compared on one set"
    ):
        reported(tiny, collected, file)


def another_truth(case: CaseScores) -> CaseScores:
    return case.model_copy(update={"false_negative": 101} if case.patient == PATIENTS[1] and case.slices else {})


def another_spacing(case: CaseScores) -> CaseScores:
    known = "true_volume_ml" in case.scores
    return case.model_copy(
        update={"scores": {**case.scores, "true_volume_ml": 1.1 * case.scores["true_volume_ml"]}} if known else {}
    )


def only_ed(case: CaseScores) -> CaseScores | None:
    return case if case.time_point == "ED" else None


def without_dice(case: CaseScores) -> CaseScores:
    return case.model_copy(update={"scores": {k: v for k, v in case.scores.items() if k != "dice"}})


OTHER_NSD = {**METRICS, "dice": METRICS["dice"].model_copy(update={"label": "Dice of the largest part"})}


@pytest.mark.parametrize(
    ("made", "asked", "said"),
    [
        (
            {"change": another_truth},
            {},
            r"truth of 2 masks is not the one .* such as of patient002 ED left ventricle: 1101",
        ),
        ({"change": another_spacing}, {}, r"truth of 12 masks is not the one .* ml"),
        ({"change": only_ed}, {}, r"no patient has a score on both sides: no ES \(6\)"),
        ({"change": without_dice}, {}, r"it has no sunnybrook.dice.left_ventricle, by which is compared"),
        ({"header": {"metrics": OTHER_NSD}}, {}, r"dice is another metric there \(Dice of the largest part"),
        (
            {"header": predicted_by("other-unet-s1-0123abcd", PATIENTS[2])},
            {},
            r"1 patient trained on .* patient003 by other",
        ),
        ({"patients": ("patient100",)}, {}, r"no patient is on both sides: it has patient100, and the runs scored"),
        ({"set_name": "validation"}, {"metrics": ["validation.dice"]}, r"of which each seed validates others"),
        ({}, {"metrics": ["sunnybrook.soft_dice"]}, r"is of slices, and masks have scores of whole volumes"),
        ({}, {"score": "mean"}, r"masks are compared by scores of cases, which score 'mean' has not"),
        ({}, {"unit": "epoch"}, r"masks are compared over patients, and pooled epochs have none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_compared_is_refused(
    made: Mapping[str, Any], asked: Mapping[str, Any], said: str, tiny: Experiment, collected: Collected, tmp_path: Path
) -> None:
    file = write_masks(tmp_path / "nnunet.json", tiny.runs[0], of_masks, **made)
    given = {"metrics": ["sunnybrook.dice"], **asked} if asked.get("score") is None else asked
    with pytest.raises(InputError, match=said):
        reported(tiny, collected, file, **given)


def test_runs_of_the_experiment_never_saw_its_external_patients(
    tiny: Experiment, collected: Collected, tmp_path: Path
) -> None:
    """An id that is also in the training set belongs to another patient in the external set."""
    header = predicted_by(tiny.runs[0].run_id, PATIENTS[2])
    file = write_masks(tmp_path / "ensemble.json", tiny.runs[0], of_masks, header=header)
    assert reported(tiny, collected, file).predictions[0].patients == 6


def test_names_are_those_of_one_side(tiny: Experiment, collected: Collected, tmp_path: Path) -> None:
    file = write_masks(tmp_path / "unet.json", tiny.runs[0], of_masks)
    with pytest.raises(InputError, match="'unet' is a model of the experiment"):
        reported(tiny, collected, file)
    with pytest.raises(InputError, match="is not a valid name for masks"):
        prediction_file("a b", file.file)
    for models, said in ((["gama_net"], "no model of tiny is called 'gama_net'"), (["unet"], "nothing is named")):
        with pytest.raises(InputError, match=said):
            build_report(tiny, collected, ReportRequest(of=models, against=[] if models == ["unet"] else [file]))


def edited(path: Path) -> None:
    path.write_text(path.read_text().replace('"dice": 0.6', '"dice": 0.7', 1))


def of_before(path: Path) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema_version": 1}))


def of_later(path: Path) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema_version": 3, "news": []}))


def cut(path: Path) -> None:
    path.write_text(path.read_text()[:-300])


def rubbish(path: Path) -> None:
    path.write_text("[1, 2]")


def empty(path: Path) -> None:
    path.write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (edited, "it was edited since gridctl score wrote it"),
        (of_before, "it is of version 1, and this gridctl compares version 2"),
        (of_later, "it is of version 3"),
        (cut, "not a file that gridctl score wrote"),
        (rubbish, "it has no list of cases"),
        (empty, "it has no list of cases"),
        (Path.unlink, "there is no such file"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_is_not_as_it_was_written_is_refused(
    spoil: Callable[[Path], object], said: str, tiny: Experiment, tmp_path: Path
) -> None:
    path = tmp_path / "nnunet.json"
    write_masks(path, tiny.runs[0], of_masks)
    spoil(path)
    with pytest.raises(InputError, match=said):
        read_prediction_set(PredictionFile("nnunet", str(path)))


def test_a_file_that_changed_since_the_report_is_refused(tiny: Experiment, tmp_path: Path) -> None:
    file = write_masks(tmp_path / "nnunet.json", tiny.runs[0], of_masks)
    write_masks(tmp_path / "nnunet.json", tiny.runs[0], lambda patient, time: 0.5)
    with pytest.raises(InputError, match=f"and was {file.sha256[:12]} when the report was made"):
        read_prediction_set(file)


def test_other_files_of_scores_are_no_side(tmp_path: Path) -> None:
    for name in ("cases.csv", "cases.jsonl.gz", "cases"):
        (tmp_path / name).write_text("")
        with pytest.raises(InputError, match=r"is a \.parquet or \.json file that gridctl score wrote"):
            read_prediction_set(PredictionFile("cases", str(tmp_path / name)))
    (tmp_path / "cases.parquet").write_text("PAR1")
    with pytest.raises(InputError, match="not a file that gridctl score wrote"):
        read_prediction_set(PredictionFile("cases", str(tmp_path / "cases.parquet")))


def test_a_pipe_that_nobody_writes_to_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match="not a file that gridctl score wrote"):
        read_prediction_set(prediction_file("", tmp_path / "pipe.json"))
