"""`gridctl-trainer preflight` finds every kind of wrong data, device, ratio and model, all at once and by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from gridctl_trainer.contract.layout import attempt_of
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.storage.base import open_store
from tests.e2e.short_commands import Command, trainer
from tests.e2e.specification import specification

__all__ = ["trainer"]

BOTH = {
    "train": {"dataset": "acdc", "path": "data/acdc"},
    "external": {"sunnybrook": {"dataset": "sunnybrook", "path": "data/sunnybrook"}},
}
TOO_LARGE = {"architecture": "unet", "options": {"channels": [4096, 4096, 4096], "kernel_size": 31}}
no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")


@pytest.fixture
def data(phantom: Path, tmp_path: Path) -> Path:
    """A data set, which tests damage."""
    shutil.copytree(phantom, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def preflight(trainer: Command, tmp_path: Path) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    """Exit code and findings for runs that differ from a valid one in some fields."""

    def run(*changes: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        names = []
        for number, change in enumerate(changes):
            spec = specification(data=BOTH) | {"seed": number}
            for key, value in change.items():
                spec[key] = {**spec[key], **value} if isinstance(value, dict) and key != "network" else value
            (tmp_path / f"{number}.json").write_text(json.dumps(spec))
            names.append(f"{number}.json")
        done = trainer("preflight", "--progress", "json", *names)
        assert done.stderr == ""
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert events[-1] == {"event": "end"}
        return done.returncode, [event for event in events[:-1] if event["event"] != "phase"]

    return run


Preflight = Callable[..., tuple[int, list[dict[str, Any]]]]


def said(findings: list[dict[str, Any]], kind: str = "problem") -> str:
    return "\n".join(f"{item['where']}: {item['what']}\n  {item['fix']}" for item in findings if item["event"] == kind)


def swapped(data: Path) -> tuple[str, ...]:
    (data / "acdc").rename(data / "moved")
    (data / "sunnybrook").rename(data / "acdc")
    (data / "moved").rename(data / "sunnybrook")
    return (
        "data/acdc: there is no patient of ACDC in this folder: this looks like Sunnybrook",
        "data/sunnybrook: there is no inner contour of Sunnybrook in this folder: this looks like ACDC",
        "are two of them swapped?",
    )


def empty(data: Path) -> tuple[str, ...]:
    shutil.rmtree(data / "acdc")
    (data / "acdc").mkdir()
    return ("data/acdc: there is no patient of ACDC in this folder: it is empty", "give another folder")


def something_else(data: Path) -> tuple[str, ...]:
    shutil.rmtree(data / "sunnybrook")
    (data / "sunnybrook").mkdir()
    (data / "sunnybrook" / "holiday.jpg").write_text("not a heart")
    return ("there is no inner contour of Sunnybrook in this folder: it holds holiday.jpg",)


def one_level_too_high(data: Path) -> tuple[str, ...]:
    (data / "acdc").rename(data / "moved")
    (data / "acdc").mkdir()
    (data / "moved").rename(data / "acdc" / "download")
    return ("ACDC lies below it, in data/acdc/download", "give that folder")


def one_damaged_patient(data: Path) -> tuple[str, ...]:
    volume = sorted((data / "acdc").rglob("*_gt.nii.gz"))[3]
    volume.write_bytes(b"not a volume")
    return (volume.name,)


def two_damaged_files(data: Path) -> tuple[str, ...]:
    volumes = sorted((data / "acdc").rglob("*_gt.nii.gz"))
    for volume in (volumes[0], volumes[-1]):
        volume.unlink()
    return (volumes[0].name, volumes[-1].name)


def in_both_sets(data: Path) -> tuple[str, ...]:
    contour = sorted((data / "sunnybrook").rglob("*-icontour-manual.txt"))[0]
    contour.write_text("here comes text")
    return (contour.name, *one_damaged_patient(data))


DAMAGES = [
    swapped,
    empty,
    something_else,
    one_level_too_high,
    one_damaged_patient,
    two_damaged_files,
    in_both_sets,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_data_that_are_not_what_they_should_be(
    damage: Callable[[Path], tuple[str, ...]], data: Path, preflight: Preflight
) -> None:
    named = damage(data)
    code, findings = preflight({})
    assert code == 3
    for words in named:
        assert words in said(findings), said(findings)


def test_what_is_sound_is_said_with_numbers(data: Path, preflight: Preflight) -> None:
    code, findings = preflight({}, {})
    assert code == 0
    facts = said(findings, "fact")
    assert "data.train: 6 patients, " in facts
    assert "data.external.sunnybrook: 2 patients, " in facts
    assert "3 train and 3 validate at ratio 0.5" in facts
    assert facts.count("one step of unet on") == 1, "two runs of one shape are tried once"
    assert not said(findings, "note")


def test_ratios_that_leave_nobody_and_ratios_that_leave_one(data: Path, preflight: Preflight) -> None:
    code, findings = preflight(*({"train_ratio": ratio} for ratio in (0.02, 0.15, 0.2, 0.5, 0.84, 0.95)))
    assert code == 3
    problems, notes = said(findings), said(findings, "note")
    assert "a train ratio of 0.02 leaves none of 6 patients to train on\n  use one from 0.084 to 0.916" in problems
    assert "a train ratio of 0.95 leaves none of 6 patients to validate on" in problems
    assert problems.count("leaves none") == 2
    assert "at train ratio 0.15 there is one training patient of 6" in notes
    assert "at train ratio 0.84 there is one validation patient of 6" in notes
    assert "train ratios 0.15 and 0.2 give the same number of training patients, 1 of 6" in notes


@no_gpu
def test_a_gpu_that_is_not_there(data: Path, preflight: Preflight) -> None:
    code, findings = preflight({"training": {"device": "cuda"}})
    assert code == 2
    assert "training.device: no GPU here: " in said(findings)
    assert "--set training.device=cpu" in said(findings)


BAD_MODELS: dict[str, tuple[dict[str, Any], str, str]] = {
    "out of memory": ({"network": TOO_LARGE}, "out of memory: weights, gradients", "lower models.bad.batch_size"),
    "one pixel is left": (
        {"network": {"architecture": "unet", "options": {"channels": [2, 2, 2, 2, 2, 2]}}},
        "leave one pixel at the last of 6 levels",
        "use 64",
    ),
    "not finite": (
        {
            "network": {"architecture": "unet", "options": {"channels": [4, 8], "norm": "none"}},
            "training": {"learning_rate": 1e30},
        },
        "not finite",
        "lower training.learning_rate",
    ),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_a_model_that_cannot_take_a_step_is_named_and_the_others_are_tried(
    case: str, data: Path, preflight: Preflight
) -> None:
    change, what, fix = BAD_MODELS[case]
    code, findings = preflight({"model": "bad", **change}, {})
    assert code == 2
    (problem,) = [item for item in findings if item["event"] == "problem"]
    assert problem["where"] == "models.bad"
    assert problem["what"].startswith("its first step fails: ")
    assert what in problem["what"]
    assert fix in problem["fix"]
    assert len(problem["runs"]) == 1
    assert "one step of unet on" in said(findings, "fact")


@no_gpu
def test_all_that_is_wrong_is_said_at_once(data: Path, preflight: Preflight) -> None:
    named = one_damaged_patient(data)[0]
    alone = {"data": {"train": {"dataset": "acdc", "path": "data/sunnybrook"}}, "training": {"device": "cuda"}}
    _, findings = preflight(alone, {}, {"data": {"train": {"dataset": "acdc", "path": "nowhere"}}})
    for words in ("no GPU here", "this looks like Sunnybrook", named, "nowhere: there is no such folder"):
        assert said(findings).count(words) == 1, said(findings)


CANNOT_BEGIN: dict[str, tuple[dict[str, Any], int, str]] = {
    "device": ({"training": {"epochs": 1, "device": "cuda"}}, 2, "no GPU here"),
    "model": ({"network": TOO_LARGE}, 2, "its first step fails: out of memory"),
    "ratio": ({"train_ratio": 0.02}, 3, "leaves none of 6 patients to train on"),
    "data": (
        {"data": {**BOTH, "train": {"dataset": "acdc", "path": "data/sunnybrook"}, "size_px": 32}},
        3,
        "this looks like Sunnybrook",
    ),
}


@no_gpu
@pytest.mark.parametrize("case", CANNOT_BEGIN)
def test_an_attempt_that_cannot_train_ends_before_its_first_epoch_and_its_log_says_why(
    case: str, data: Path, tmp_path: Path, trainer: Command
) -> None:
    """The exit codes are those of a pod, where 2 and 3 end the Job without another attempt."""
    change, code, why = CANNOT_BEGIN[case]
    (tmp_path / "spec.json").write_text(json.dumps(specification(data=BOTH) | change))
    done = trainer("run", "spec.json", "--store", "runs")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    store = open_store(str(tmp_path / "runs"))
    (log,) = [read_attempt(store.get(stat.key).data, stat.key) for stat in store.list() if attempt_of(stat.key)]
    assert log.end is not None
    assert log.end.exit_code == code
    assert why in log.end.message
    assert not log.epochs


def test_a_step_tried_before_changes_no_bit_of_the_run(data: Path, tmp_path: Path, trainer: Command) -> None:
    """γ-Net with noise draws from torch's generator in every forward pass."""
    options = {"channels": [4, 6], "down_fgru_kernels": [3, 1], "up_fgru_kernels": [1], "initial_state": "noise"}
    spec = {
        "schema_version": 2,
        "experiment": "tiny",
        "model": "gamma_net",
        "network": {"architecture": "gamma_net", "options": options},
        "train_ratio": 0.5,
        "seed": 1,
        "data": {"train": {"dataset": "acdc", "path": "data/acdc"}, "size_px": 32},
        "training": {"epochs": 2, "batch_size": 4},
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    weights = {}
    for passed in ("", "1"):
        store = f"tried-{passed or 'here'}"
        done = trainer("run", "spec.json", "--store", store, env={"GRIDCTL_PREFLIGHT_PASSED": passed})
        assert done.returncode == 0, done.stderr
        (result,) = (tmp_path / store).rglob("result.json")
        weights[passed] = ResultRecord.from_json(result.read_bytes(), str(result)).weights_sha256
    assert weights[""] == weights["1"]
