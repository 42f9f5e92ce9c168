"""`data.split` takes files in three forms, or folds as an axis of the grid, and reports mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment, parse_experiment

GRID = "name: tiny\nmodels: {unet: {}, other: {architecture: unet}}\nseeds: [1]\n"
PART = {"train": ["p1", "p2"], "validation": ["p3"]}


def parsed(split: str, more: str = "") -> Experiment:
    text = f"{GRID}{more}data:\n  train: {{dataset: acdc, path: a}}\n  split: {split}\n"
    return parse_experiment(Document.parse(text, "tiny.yaml"))


@pytest.mark.parametrize(
    ("name", "content", "folds"),
    [
        ("split.json", json.dumps(PART), [None]),
        ("split.yaml", "train: [p1, p2]\nvalidation: [p3]\ntest: [p4]\n", [None]),
        (
            "splits_final.json",
            json.dumps([{"train": ["p1_a"], "val": ["p2_a"]}, {"train": ["p2"], "val": ["p1"]}]),
            [0, 1],
        ),
    ],
)
def test_a_file_is_read_and_its_content_travels(
    name: str, content: str, folds: list[int | None], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    experiment = parsed(f"{{file: {path}}}")
    assert [run.fold for run in experiment.runs if run.model == "unet"] == folds
    assert {run.train_ratio for run in experiment.runs} == {1.0}
    path.unlink()
    again = parse_experiment(Document.parse(experiment.document.to_yaml(), "stored"), from_elsewhere=True)
    assert [run.run_id for run in again.runs] == [run.run_id for run in experiment.runs]


def test_folds_are_an_axis_between_ablations_and_seeds() -> None:
    assert [run.fold for run in parsed("{folds: 3}").runs if run.model == "unet"] == [0, 1, 2]
    assert [run.fold for run in parsed("{folds: 3}", "folds: [2]\n").runs] == [2, 2]
    both = parsed("{folds: 2}", "train_ratios: [0.5, 1]\n")
    assert len({run.run_id for run in both.runs}) == 8


@pytest.mark.parametrize(
    ("split", "more", "said"),
    [
        ("{folds: 2}", "folds: [2]\n", "tiny.yaml:4: folds[0]: there is no fold 2\n  folds are numbered from 0 to 1"),
        ("{file: /nowhere/split.json}", "", "data.split.file: /nowhere/split.json: there is no such file"),
        ("{folds: 1}", "", "data.split.folds: must be at least 2"),
        ("{}", "train_ratios: [0.5]\n", "give file: PATH, or folds: NUMBER"),
        ("{fold: 3}", "", "data.split.fold: unknown key 'fold'"),
    ],
)
def test_a_mistake_is_named_with_its_line(split: str, more: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        parsed(split, more)
    assert said in "\n".join(map(str, raised.value.problems))


def test_folds_and_a_ratio_of_one_need_a_split() -> None:
    def mistakes(more: str) -> str:
        with pytest.raises(InputError) as raised:
            parse_experiment(Document.parse(f"{GRID}{more}data: {{train: {{dataset: acdc, path: a}}}}\n", "tiny.yaml"))
        return "\n".join(map(str, raised.value.problems))

    assert "there is no data.split, so there are no folds" in mistakes("train_ratios: [0.5]\nfolds: [0]\n")
    assert "tiny.yaml:4: train_ratios: train_ratio is 1, so nobody validates" in mistakes("train_ratios: [1]\n")
    assert "train_ratios: is missing" in mistakes("")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "it is empty"),
        ("[1]", "fold 0: this is not a mapping of parts"),
        ('{"train": ["a"], "validatoin": ["b"]}', "unknown part 'validatoin'"),
        ('{"train": ["a", "a"], "validation": ["b"]}', "a appears more than once in train"),
        ('{"train": ["a"], "validation": []}', "validation"),
        ('{"train": ["a"]', "neither JSON nor YAML"),
    ],
)
def test_a_file_that_is_no_split_says_why(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text(content)
    with pytest.raises(InputError) as raised:
        parsed(f"{{file: {tmp_path / 'split.json'}}}")
    assert said in str(raised.value)
