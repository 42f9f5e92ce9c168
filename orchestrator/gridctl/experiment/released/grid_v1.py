"""The grid of an experiment file of version 1, as that version built it. Frozen: do not change anything here."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gridctl_trainer.contract.released.networks_v1 import NETWORKS_V1
from gridctl_trainer.contract.released.sections_v1 import TrainingV1
from gridctl_trainer.contract.released.spec_v1 import RunSpecV1

_AUGMENTED: Final = {"rotation_degrees": 15.0, "scaling": 0.1, "shift": 0.05, "gamma": 0.2}


def runs_v1(content: Mapping[str, Any]) -> Iterator[RunSpecV1]:
    """Every run of it, in the order of that version: by train ratio, ablation, seed, then model.

    Args:
        content: Content of the file, which was valid in that version.

    Raises:
        ValueError: It was not.
    """
    tree = {**content, "models": models_v1(content.get("models"))}
    variants = [(item["name"], _changed(tree, item)) for item in ablations_v1(content.get("ablations"))]
    for ratio in content["train_ratios"]:
        for ablation, variant in variants:
            for seed in content["seeds"]:
                for name, options in variant["models"].items():
                    yield _run(variant, name, options, train_ratio=ratio, ablation=ablation, seed=seed)


def models_v1(given: Any) -> dict[str, dict[str, Any]]:
    """`[unet, gamma_net]` was short for two models without options."""
    entries = dict.fromkeys(given) if isinstance(given, list) else given
    return {str(name): dict(options or {}) for name, options in entries.items()}


def ablations_v1(given: Any) -> list[dict[str, Any]]:
    """Built-in ablations written out."""
    return [_built_in(item) if isinstance(item, str) else item for item in given or ["none"]]


def _built_in(name: str) -> dict[str, Any]:
    if name == "augmented":
        return {"name": name, "set": {f"data.augmentation.{key}": value for key, value in _AUGMENTED.items()}}
    return {"name": name, "without": [] if name == "none" else [name.removeprefix("no_")]}


def _changed(tree: Mapping[str, Any], ablation: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(dict(tree))
    for step in ablation.get("without") or ():
        _put(changed, ("data", "preprocessing", step), False)
    for path, value in (ablation.get("set") or {}).items():
        _put(changed, tuple(path.split(".")), value)
    return changed


def _put(tree: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        if tree.get(key) is None:
            tree[key] = {}
        tree = tree[key]
    tree[keys[-1]] = value


def _run(variant: Mapping[str, Any], name: str, options: Mapping[str, Any], **cell: Any) -> RunSpecV1:
    architecture = options.get("architecture", name)
    network = {key: value for key, value in options.items() if key in NETWORKS_V1[architecture].model_fields}
    own = {key: value for key, value in options.items() if key in TrainingV1.model_fields}
    return RunSpecV1.model_validate(
        {
            "experiment": variant["name"],
            "model": name,
            "network": {**_given(network), "architecture": architecture},
            "data": _sections(variant["data"]),
            "training": {**(variant.get("training") or {}), **own},
            **cell,
        }
    )


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Empty lists had their default."""
    return {key: value for key, value in options.items() if value is not None}


def _sections(data: Mapping[str, Any]) -> dict[str, Any]:
    """Empty sections had their defaults."""
    return {
        key: value for key, value in data.items() if value is not None or key not in ("preprocessing", "augmentation")
    }
