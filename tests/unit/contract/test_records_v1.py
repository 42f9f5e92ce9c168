"""Records that released versions left in stores are read as today's records, with every number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gridctl_trainer.contract.errors import MetricLogError, StoreError
from gridctl_trainer.contract.records.attempt_log import copied_log, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.records.samples import SamplesIndex
from gridctl_trainer.contract.records.set_scores import SetScores
from tests.scored import BCE, DICE

RELEASED = Path(__file__).parents[2] / "assets" / "released"
LOGS = sorted(RELEASED.rglob("attempts/*.jsonl"))
RESULTS = sorted(RELEASED.rglob("result.json"))
SAMPLES = sorted(RELEASED.rglob("samples/index.json"))


def same(found: SetScores, old: dict[str, Any]) -> bool:
    return (
        found.images == old["images"]
        and found.scores == {DICE: old["dice"], BCE: old["bce"]}
        and {key: list(values) for key, values in found.per_batch.items()}
        == {DICE: old["dice_per_batch"], BCE: old["bce_per_batch"]}
    )


def test_there_are_some() -> None:
    assert LOGS
    assert RESULTS
    assert SAMPLES


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.relative_to(RELEASED).as_posix())
def test_logs(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    log = read_attempt(path.read_bytes(), path)
    assert log.attempt.run_id == lines[0]["run_id"]
    old = [line for line in lines if line["kind"] == "epoch"]
    assert [record.epoch for record in log.epochs] == [line["epoch"] for line in old]
    for record, line in zip(log.epochs, old, strict=True):
        assert record.train_loss == line["train_loss"]
        assert same(record.sets["validation"], line["validation"])
        assert ("sunnybrook" in record.sets) == (line["generalisation"] is not None)
        if line["generalisation"] is not None:
            assert same(record.sets["sunnybrook"], line["generalisation"])
    data = next((line for line in lines if line["kind"] == "data"), None)
    if data is not None:
        assert log.data is not None
        assert list(log.data.sets["train"].patients) == data["train_patients"]
        assert log.data.sets["validation"].images == data["validation_images"]
    copied = read_attempt(copied_log(log, "another", 9999))
    assert copied.epochs == log.epochs, "written in today's form it is the same"


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.relative_to(RELEASED).as_posix())
def test_results(path: Path) -> None:
    old = json.loads(path.read_text(encoding="utf-8"))
    result = ResultRecord.from_json(path.read_bytes(), path)
    assert (result.run_id, result.spec_digest, result.epochs) == (old["run_id"], old["spec_digest"], old["epochs"])
    assert same(result.sets["validation"], old["validation"])
    assert {patient.set for patient in result.function} <= {"validation", "sunnybrook"}
    assert [patient.patient for patient in result.function] == [item["patient"] for item in old.get("function", [])]
    assert ResultRecord.from_json(result.to_json()) == result


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.relative_to(RELEASED).as_posix())
def test_samples(path: Path) -> None:
    old = json.loads(path.read_text(encoding="utf-8"))
    index = SamplesIndex.from_json(path.read_bytes(), path)
    assert [one.name for one in index.slices] == [one["name"] for one in old["slices"]]
    for found, was in zip(index.slices, old["slices"], strict=True):
        assert found.set == ("validation" if was["set"] == "validation" else "sunnybrook")
        assert [output.scores for output in found.outputs] == [{DICE: output["dice"]} for output in was["outputs"]]
    assert SamplesIndex.from_json(index.to_json()) == index


def test_a_damaged_one_is_named_as_one_of_today_is() -> None:
    text = LOGS[0].read_text(encoding="utf-8")
    with pytest.raises(MetricLogError, match=r"here:\d+: not a record of a metric log: .*dice"):
        read_attempt(text.replace('"dice":0.', '"dice":2.', 1), "here")
    with pytest.raises(StoreError, match="not a result: run_id"):
        ResultRecord.from_json('{"schema_version": 1}', "here")
    with pytest.raises(StoreError, match="a result of schema version 7, this gridctl reads 2"):
        ResultRecord.from_json('{"schema_version": 7}', "here")
