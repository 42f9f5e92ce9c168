"""A value of the wrong type in any field gives a message in plain words with a line."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from gridctl.errors import InputError
from gridctl.experiment import Document, parse_experiment
from gridctl.experiment.known_keys import section_of
from gridctl.experiment.schema import ExperimentFile
from gridctl_trainer.contract.spec import TrainingSpec
from gridctl_trainer.plugins.model import installed_options
from tests.networks import unet

SOUND: dict[str, Any] = {
    "name": "tiny",
    "models": {"unet": {}, "gamma_net": {}},
    "train_ratios": [0.5],
    "ablations": ["none", {"name": "long", "without": ["clahe"], "set": {"training.epochs": 3}}],
    "seeds": [1],
    "data": {"train": {"dataset": "acdc", "path": "data"}, "size_px": 32},
    "training": {},
    "compare": [{"model": "gamma_net", "against": "unet"}],
    "kubernetes": {
        "volumes": {"/data": {"claim": "c"}},
        "tolerations": [{}],
        "secret_env": {"A": {"secret": "s", "key": "k"}},
        "data_cache": {"claim": "c"},
        "env": {"B": "b"},
        "labels": {"a": "b"},
        "node_selector": {"a": "b"},
        "image_pull_secrets": ["s"],
    },
}
WRONG = [None, True, -1, 0.5, 10**12, "", "2024-01-01", [], [[]], [None], [{}], {"a": {}}]
PYTHON = re.compile(
    r"\b(tuple|dict|dictionary|instance|NoneType|none type|input|model_type|valid|validator|pydantic|tagged|union|"
    r"integer|boolean|string|float|null|object|iterable|sequence|discriminator|literal|regex|extra inputs|"
    r"value error|type error|unable|parse|assertion)\b",
    re.IGNORECASE,
)


def fields() -> Iterator[tuple[str | int, ...]]:
    """The path of every field of the schema, and of every item of a list or mapping in the valid file."""
    yield from _below(ExperimentFile, (), SOUND)
    for name, network in installed_options().items():
        for field in [*network.model_fields, *TrainingSpec.model_fields]:
            yield ("models", name, field)
            yield ("models", name, field, 0)


def _below(model: type[BaseModel], at: tuple[str | int, ...], sound: Any) -> Iterator[tuple[str | int, ...]]:
    for name, field in model.model_fields.items():
        here, there = (*at, name), sound.get(name) if isinstance(sound, dict) else None
        yield here
        section = section_of(field.annotation)
        if section is None:
            section = next((item for item in get_args(field.annotation) if isinstance(item, type)), None)
            section = section if isinstance(section, type) and issubclass(section, BaseModel) else None
        if isinstance(there, list):
            for index, item in enumerate(there):
                yield (*here, index)
                if section and isinstance(item, dict):
                    yield from _below(section, (*here, index), item)
        elif isinstance(there, dict) and section_of(field.annotation) is None:
            for key, item in there.items():
                yield (*here, key)
                inner = get_args(field.annotation)[1]
                if isinstance(inner, type) and issubclass(inner, BaseModel):
                    yield from _below(inner, (*here, key), item)
        elif section:
            yield from _below(section, here, there)


def changed(at: tuple[str | int, ...], value: Any) -> str:
    """The valid file as JSON, which is also YAML, with one key per line and one value changed."""
    content = copy.deepcopy(SOUND)
    node: Any = content
    for part, following in itertools.pairwise(at):
        if isinstance(part, int) or part in node:
            node = node[part]
        else:
            node[part] = node = [] if isinstance(following, int) else {}
    if isinstance(at[-1], int) and at[-1] >= len(node):
        node.append(value)
    else:
        node[at[-1]] = value
    return json.dumps(content, indent=1)


FIELDS = sorted(set(fields()), key=str)


def test_every_field_is_tried() -> None:
    assert len(FIELDS) > 120
    assert ("kubernetes", "volumes", "/data", "claim") in FIELDS
    assert ("ablations", 1, "without") in FIELDS
    assert parse_experiment(Document.parse(changed(("seeds",), [1]), "tiny.yaml")).runs


@pytest.mark.parametrize("section", sorted({str(field[0]) for field in FIELDS}))
def test_a_wrong_value_is_named_in_plain_words_at_its_line(section: str) -> None:
    odd = {}
    for at in (field for field in FIELDS if field[0] == section):
        for value in WRONG:
            try:
                parse_experiment(Document.parse(changed(at, value), "tiny.yaml"))
            except InputError as error:
                for problem in error.problems:
                    # values, paths and names that the author gave may contain any word
                    said = re.sub(r"'[^']*'|^[\w.\[\]/]+: |known: .*|Kubernetes object", "", str(problem))
                    if PYTHON.search(said) or not re.match(r"tiny\.yaml:\d+$", problem.where):
                        odd[(at, repr(value))] = str(problem)
    assert odd == {}


def test_the_test_itself_finds_pythons_words() -> None:
    assert PYTHON.search("input should be a valid tuple")


@pytest.mark.parametrize(
    "empty", ["training", "kubernetes", "ablations", "compare", "reproduces", "models.unet", "models.unet.channels"]
)
def test_an_empty_section_or_list_has_its_defaults(empty: str) -> None:
    content = changed(("training",), {})
    document = Document.parse(content, "tiny.yaml").with_overrides([f"{empty}=null"])
    runs = parse_experiment(document).runs
    assert runs[0].training == TrainingSpec()
    assert runs[0].network == unet()


@pytest.mark.parametrize(
    ("nested", "value"),
    [("data.preprocessing", "null"), ("data.augmentation", "null"), ("kubernetes.volumes", "null")],
)
def test_an_empty_section_within_a_section_has_its_defaults(nested: str, value: str) -> None:
    document = Document.parse(changed(("seeds",), [1]), "tiny.yaml").with_overrides([f"{nested}={value}"])
    plain = parse_experiment(Document.parse(changed(("seeds",), [1]), "tiny.yaml"))
    assert parse_experiment(document).runs == plain.runs


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("seeds: 3", "seeds: expected a list, got 3\n  for one item write [3]"),
        ("seeds: 1e3", "seeds: expected a list, got 1e3"),
        ("seeds: [2024-01-01]", "seeds[0]: expected a whole number, got '2024-01-01'"),
        ("seeds: [yes]", "seeds[0]: expected a whole number, got 'yes'"),
        ("seeds: [true]", "seeds[0]: expected a number, got true"),
        ("seeds: [1.5]", "seeds[0]: expected a whole number, got 1.5"),
        ("seeds:", "seeds: expected a list, got nothing"),
        ("seeds: [~]", "seeds[0]: expected a whole number, got nothing"),
        ("seeds: [1]\ntraining: {deterministic: on}", ""),
        ("seeds: [1]\nepochs: 3", "epochs: unknown key 'epochs'\n  it belongs under training: training.epochs"),
        ("seeds: [1]\ntraining: {lr: 3}", "training.lr: unknown key 'lr'\n  did you mean 'learning_rate'?"),
        ("seeds: [1]\nlr: 3", "lr: unknown key 'lr'\n  did you mean 'training.learning_rate'?"),
        ("seeds: [1]\ngpus: 3", "gpus: unknown key 'gpus'\n  it belongs under kubernetes: kubernetes.gpus"),
        ("seeds: [1]\ngpu: 3", "gpu: unknown key 'gpu'\n  did you mean 'kubernetes.gpus'?"),
        (
            "seeds: [1]\ndata: {train: {dataset: acdc, path: x}, clahe: no}",
            "it belongs under data.preprocessing: data.preprocessing.clahe",
        ),
    ],
)
def test_a_common_slip_is_answered(written: str, said: str) -> None:
    text = f"name: tiny\nmodels: [unet]\ntrain_ratios: [0.5]\n{written}\n"
    text += "" if "data:" in written else "data: {train: {dataset: acdc, path: data}, size_px: 32}\n"
    if not said:
        assert parse_experiment(Document.parse(text, "tiny.yaml")).runs
        return
    with pytest.raises(InputError) as caught:
        parse_experiment(Document.parse(text, "tiny.yaml"))
    assert said in str(caught.value)


def test_octal_is_a_number_and_the_old_octal_a_decimal() -> None:
    text = "name: tiny\nmodels: [unet]\ntrain_ratios: [0.5]\nseeds: [0o10, 011]\n"
    text += "data: {train: {dataset: acdc, path: data}, size_px: 32}\n"
    assert parse_experiment(Document.parse(text, "tiny.yaml")).seeds == (8, 11)


def test_what_is_to_be_typed_again_is_quoted_for_the_shell() -> None:
    document = Document.parse(changed(("seeds",), [1]), "tiny.yaml").with_overrides(["seeds=3"])
    with pytest.raises(InputError) as caught:
        parse_experiment(document)
    assert "for one item write --set 'seeds=[3]'" in str(caught.value)


def test_a_section_that_only_an_override_made_is_named_by_it() -> None:
    document = Document.parse(changed(("seeds",), [1]), "tiny.yaml").with_overrides(["optimizer.lr=3"])
    with pytest.raises(InputError) as caught:
        parse_experiment(document)
    assert caught.value.problems[0].where == "--set optimizer.lr"
