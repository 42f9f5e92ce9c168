"""The JSON Schema agrees with the loader, as far as a schema can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from gridctl.errors import Fault
from gridctl.experiment import Document, parse_experiment
from gridctl.experiment.reference.json_schema import experiment_schema
from gridctl.experiment.reference.key_paths import key_paths
from gridctl.experiment.study_registry import known_items
from gridctl_trainer.plugins.model import installed_options

SCHEMA = experiment_schema()
VALIDATOR = Draft7Validator(SCHEMA)

EVERYTHING: dict[str, Any] = {
    "name": "everything",
    "models": {
        "unet": {"batch_size": 4, "preset": "table", "checkpoint_keep_best": None},
        "gamma_net": None,
        "plain": {"architecture": "gamma_net", "attention": False, "channels": [4, 8, 8, 8, 8]},
    },
    "train_ratios": [0.1, 0.5],
    "ablations": ["none", "no_clahe", "augmented", {"name": "long", "set": {"training.epochs": 9}}],
    "seeds": [0, 1, 4294967295],
    "data": {
        "train": {"dataset": "acdc", "path": "~/acdc"},
        "external": {"sunnybrook": {"dataset": "sunnybrook", "path": "s3://bucket/sunny"}},
        "size_px": 64,
        "preprocessing": {"clahe": False},
    },
    "training": {
        "epochs": 3,
        "learning_rate": 5e-3,
        "device": "cpu",
        "loss": {"name": "dice_bce", "structure_weights": {"left_ventricle": 2.0}},
        "optimizer": {"weight_decay": 0.1},
        "schedule": "one_cycle",
        "gradient_clip_norm": 12,
    },
    "compare": [
        {"model": "unet", "against": "plain", "metrics": ["validation.soft_dice"], "score": "last-5", "effect": 1}
    ],
    "reproduces": list(known_items())[:2],
    "backend": "kubernetes",
    "store": "s3://bucket/runs",
    "kubernetes": {
        "namespace": "team.a",
        "image": "registry:5000/trainer@sha256:0",
        "node_selector": {"nvidia.com/gpu.product": "A100", "zone": 1},
        "tolerations": [{"key": "gpu", "operator": "Equal", "value": "yes"}, {}],
        "cpu": 2,
        "cpu_limit": "none",
        "memory": "16Gi",
        "volumes": {"/data": {"claim": "data", "sub_path": "acdc"}},
        "data_cache": {"host_path": "/var/lib/gridctl"},
        "env": {"A": 1.5, "B": "x"},
        "secret_env": {"KEY": {"secret": "tracking", "key": "wandb"}},
        "labels": {"team": "a"},
    },
}

VALUES: tuple[Any, ...] = (
    *(None, True, False, 2, 3, 64, 0.25, 1.5, -1, 10**10, "text", "", "none", "author", "table", "final", "a_b", "A"),
    *("8Gi", "500m", "/data", "x/y", "s3://bucket/a", "gamma_net", "unet", [], [1, 3], [0.5, 0.5], ["none"], ["x"]),
    *({}, {"a": "b"}, {"A_B": 3}, {"/data": {"claim": "c"}}, {"claim": "c"}, {"name": "x"}, [{"key": "k"}]),
)


def is_loaded(tree: Any) -> bool:
    try:
        parse_experiment(Document.parse(json.dumps(tree), "generated.yaml"))
    except Fault:
        return False
    return True


def put(tree: Any, path: str, value: Any) -> Any:
    copied = json.loads(json.dumps(tree))
    *above, last = path.split(".")
    node = copied
    for key in above:
        if not isinstance(node.get(key), dict):
            node[key] = {}
        node = node[key]
    node[last] = value
    return copied


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


def experiment_files(project_root: Path) -> list[Path]:
    return sorted((project_root / "experiments").glob("*.yaml"))


def test_every_experiment_of_ours_is_valid_and_names_its_schema(project_root: Path) -> None:
    for path in experiment_files(project_root):
        assert not list(VALIDATOR.iter_errors(YAML(typ="safe").load(path))), path
        named = path.read_text().splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        assert json.loads((path.parent / named).read_text()) == SCHEMA


def test_what_uses_every_kind_of_key_is_valid() -> None:
    assert is_loaded(EVERYTHING)
    assert not list(VALIDATOR.iter_errors(EVERYTHING))
    assert VALIDATOR.is_valid(
        {**EVERYTHING, "models": ["unet", "gamma_net"], "compare": {"model": "a", "against": "b"}}
    )


PATHS = [*key_paths(["unet", "gamma_net", "plain"]), "models", "data", "training", "kubernetes", "models.unet"]
CHANGES = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(VALUES)), min_size=1, max_size=3)


@given(changes=CHANGES)
@settings(max_examples=300)
def test_what_the_loader_takes_the_schema_takes(changes: list[tuple[str, Any]]) -> None:
    tree = EVERYTHING
    for path, value in changes:
        tree = put(tree, path, value)
    if is_loaded(tree):
        assert not [error.message for error in VALIDATOR.iter_errors(tree)]


SECTIONS = (
    *("", "data", "data.preprocessing", "data.augmentation", "training", "models.unet", "models.plain", "kubernetes"),
    *("kubernetes.data_cache", "kubernetes.volumes./data", "kubernetes.secret_env.KEY"),
)


@pytest.mark.parametrize("section", SECTIONS)
def test_an_unknown_key_is_refused_everywhere(section: str) -> None:
    tree = put(EVERYTHING, f"{section}.learning_rat".lstrip("."), 1)
    assert not is_loaded(tree)
    assert not VALIDATOR.is_valid(tree)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Not a label"),
        ("name", 3),
        ("models", {}),
        ("models", ["vnet"]),
        ("models.vnet", {}),
        ("models.plain", {"architecture": "vnet"}),
        ("models.unet", {"timesteps": 2}),
        ("models.gamma_net", {"architecture": "unet", "timesteps": 2}),
        ("models.Unet", {"architecture": "unet"}),
        ("models.unet.channels", []),
        ("train_ratios", []),
        ("train_ratios", [1.5]),
        ("train_ratios", [0.5, 0.5]),
        ("train_ratios", 0.5),
        ("ablations", ["no_clah"]),
        ("ablations", [{"name": "x", "set": {"store": "y"}}]),
        ("seeds", [-1]),
        ("seeds", [True]),
        ("seeds", [1.5]),
        ("data", None),
        ("data.size_px", 0),
        ("data.size_px", "large"),
        ("training.epochs", 0),
        ("training.device", "tpu"),
        ("training.loss", "dise"),
        ("training.loss", {"name": "dice", "gamma": 2}),
        ("training.loss", {"smoothing": 2}),
        ("training.optimizer", {"name": "sgd", "betas": [0.9, 0.99]}),
        ("training.optimizer", {"name": "adam", "betas": [0.9]}),
        ("training.schedule", {"name": "cosine", "power": 1}),
        ("training.gradient_clip_norm", 0),
        ("compare", [{"model": "unet"}]),
        ("compare", [{"model": "unet", "against": "plain", "score": "last-0"}]),
        ("compare", [{"model": "unet", "against": "plain", "metrics": []}]),
        ("reproduces", ["table-9"]),
        ("backend", "slurm"),
        ("kubernetes.image", "UPPER"),
        ("kubernetes.memory", "8 GB"),
        ("kubernetes.memory", "none"),
        ("kubernetes.volumes", {"data": {"claim": "x"}}),
        ("kubernetes.env", {"GRIDCTL_STORE": "x"}),
        ("kubernetes.env", {"a-b": "x"}),
        ("kubernetes.labels", {"a b": "x"}),
        ("kubernetes.secret_env", {"KEY": "hunter2"}),
    ],
)
def test_a_mistake_that_a_schema_can_see_is_refused_by_both(path: str, value: Any) -> None:
    tree = put(EVERYTHING, path, value)
    assert not is_loaded(tree)
    assert not VALIDATOR.is_valid(tree)


@pytest.mark.parametrize("key", ["name", "models", "train_ratios", "seeds", "data"])
def test_what_must_be_given_is_asked_for(key: str) -> None:
    tree = {name: value for name, value in EVERYTHING.items() if name != key}
    assert not is_loaded(tree)
    assert not VALIDATOR.is_valid(tree)


def test_every_architecture_has_options() -> None:
    assert {f"{name}_options" for name in installed_options()} <= SCHEMA["definitions"].keys()
