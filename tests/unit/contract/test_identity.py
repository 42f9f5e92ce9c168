"""Every field has decided whether it belongs to a run's identity, and every default is frozen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec import LossSpec, OptimizerSpec, RunSpec, ScheduleSpec
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED, identity, role_of
from gridctl_trainer.plugins.model import MODELS, options_class
from gridctl_trainer.plugins.step import STEPS, step_options

DEFAULTS = Path(__file__).parents[2] / "assets" / "defaults_of_specification_2.json"
WHAT_TO_DO = """\
A default of version 2 of the specification was changed, or an option was taken away. Runs that have it do not say so
in their identity: finished runs would pass for what they are not. Leave the default, and give the option another
value to be asked for, or raise SCHEMA_VERSION and freeze the shapes of before in contract/released.
If an option was only added, write the table anew: python -m tests.unit.contract.test_identity"""


def run(**changes: Any) -> RunSpec:
    content: dict[str, Any] = {
        "experiment": "demo",
        "model": "mine",
        "network": {"architecture": "unet"},
        "train_ratio": 0.5,
        "seed": 1,
        "data": {"train": {"dataset": "acdc", "path": "here"}},
        "training": {},
    }
    for path, value in changes.items():
        node = content
        *keys, last = path.split("__")
        for key in keys:
            node = node.setdefault(key, {})
        node[last] = value
    return RunSpec.model_validate(content)


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A section and all sections within it."""
    yield model
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield from sections(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


@pytest.mark.parametrize("section", dict.fromkeys(sections(RunSpec)), ids=lambda section: section.__name__)
def test_every_field_says_whether_it_decides(section: type[BaseModel]) -> None:
    for name in section.model_fields:
        role_of(section, name)  # raises a TypeError that names an undecided field


DECIDING = {
    "experiment": "other",
    "model": "other",
    "network__architecture": "gamma_net",
    "network__options": {"kernel_size": 5},
    "train_ratio": 0.25,
    "ablation": "other",
    "seed": 2,
    "data__train__dataset": "other",
    "data__train__options": {"frames": 3},
    "data__train__version": "2",
    "data__external": {"other": {"dataset": "acdc", "path": "there"}},
    "data__test": {"dataset": "acdc", "path": "there"},
    "data__target": ["myocardium"],
    "data__split": {"parts": [{"train": ["a"], "validation": ["b"]}]},
    "data__copies": "keep",
    "data__size_px": 64,
    "data__preprocessing": [{"step": "minmax"}, {"step": "clahe"}],
    "data__augmentation__flip": True,
    "training__epochs": 7,
    "training__batch_size": 3,
    "training__learning_rate": 0.5,
    "training__loss": {"name": "focal", "gamma": 3.0},
    "training__optimizer": {"name": "sgd", "momentum": 0.5},
    "training__schedule": {"name": "cosine"},
    "training__gradient_clip_norm": 1.0,
    "training__validation_batch_size": 3,
    "training__external_batch_size": 3,
    "training__on_nonfinite": "skip",
    "training__deterministic": False,
    "scoring__clean_up": "largest_component",
}
MERELY_RECORDED = {
    "network__execution": {"recompute_timesteps": True},
    "data__train__path": "elsewhere",
    "data__on_wrong": "train",
    "training__threads": 4,
    "training__device": "cpu",
    "training__validate_every_epochs": 3,
    "scoring__every_epochs": 3,
    "training__checkpoint_every_epochs": 3,
    "training__checkpoint_keep_last": 3,
    "training__checkpoint_keep_every_epochs": 3,
    "training__checkpoint_keep_best": "train_loss",
    "training__store_outage_minutes": 3,
    "training__spool_mib": 3,
    "metrics": ["bce"],
    "plugin_path": ["somewhere"],
}


def leaves(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Paths of all fields that are not sections themselves."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and f"{before}{name}" not in DECIDING:
            yield from leaves(inner, f"{before}{name}__")
        else:
            yield f"{before}{name}"


def test_every_field_is_tried() -> None:
    kinds = {path.removesuffix("__flip") for path in (*DECIDING, *MERELY_RECORDED)}
    untried = {path for path in leaves(RunSpec) if path not in kinds and "augmentation" not in path} - {
        "schema_version",
        "fold",  # goes with a split: see test_fixed_splits
    }
    assert not untried, "give each a value in DECIDING or MERELY_RECORDED"


@pytest.mark.parametrize("path", DECIDING)
def test_what_decides_makes_another_run(path: str) -> None:
    assert run(**{path: DECIDING[path]}).digest != run().digest


CHOICES = {"loss": LossSpec, "optimizer": OptimizerSpec, "schedule": ScheduleSpec}
OTHER_VALUES: dict[str, Any] = {
    "structure_weights": {"left_ventricle": 2.0},
    "smoothing": 0.5,
    "batch_dice": True,
    "dice_weight": 0.5,
    "bce_weight": 0.5,
    "gamma": 1.0,
    "alpha": 0.25,
    "weight_decay": 0.5,
    "betas": [0.8, 0.9],
    "eps": 1e-5,
    "amsgrad": True,
    "momentum": 0.5,
    "dampening": 0.5,
    "nesterov": True,
    "warmup_epochs": 2.0,
    "warmup_start_factor": 0.5,
    "eta_min": 1e-6,
    "power": 2.0,
    "pct_start": 0.5,
    "div_factor": 5.0,
    "final_div_factor": 5.0,
    "anneal_strategy": "linear",
    "three_phase": True,
    "cycle_momentum": False,
}


@pytest.mark.parametrize(
    ("section", "name", "option"),
    [
        (section, name, option)
        for section, choice in CHOICES.items()
        for name, options in choice.options_of.items()
        for option in options
    ],
)
def test_every_option_of_a_choice_makes_another_run(section: str, name: str, option: str) -> None:
    plain = run(**{f"training__{section}": name})
    other = run(**{f"training__{section}": {"name": name, option: OTHER_VALUES[option]}})
    assert other.digest != plain.digest
    written = other.model_dump(mode="json")["training"][section]
    assert set(written) == {"name", *CHOICES[section].options_of[name]}, "options of other choices are not written"
    assert RunSpec.from_json(other.to_json()) == other
    defaults_written = run(**{f"training__{section}": plain.model_dump(mode="json")["training"][section]})
    assert defaults_written.digest == plain.digest


@given(st.sets(st.sampled_from(sorted(MERELY_RECORDED))), st.sets(st.sampled_from(sorted(DECIDING)), max_size=2))
def test_what_is_recorded_never_does(recorded: set[str], deciding: set[str]) -> None:
    given_ = {
        path: DECIDING[path] for path in deciding if not {"network__options", "network__architecture"} <= deciding
    }
    also = {path: MERELY_RECORDED[path] for path in recorded}
    assert run(**given_, **also).run_id == run(**given_).run_id


def test_where_data_lie_is_recorded_of_every_set() -> None:
    sets = {"data__external": {"a": {"dataset": "acdc", "path": "x"}}, "data__test": {"dataset": "acdc", "path": "y"}}
    moved = {"data__external": {"a": {"dataset": "acdc", "path": "X"}}, "data__test": {"dataset": "acdc", "path": "Y"}}
    assert run(**sets).run_id == run(**moved).run_id != run().run_id


def defaults() -> dict[str, Any]:
    """Every default that decides, of the specification and of the options of gridctl's own plugins."""
    found = {}
    for section in dict.fromkeys(sections(RunSpec)):
        for name, field in section.model_fields.items():
            if role_of(section, name).decides and not field.is_required():
                found[f"{section.__name__}.{name}"] = field.get_default(call_default_factory=True)
    options = [(f"model {name}", options_class(name)) for name in MODELS.names() if MODELS.is_built_in(name)]
    options += [(f"step {name}", step_options(name)) for name in STEPS.names() if STEPS.is_built_in(name)]
    for owner, model in options:
        for name, field in model.model_fields.items():
            if RECORDED not in field.metadata and not field.is_required():
                found[f"{owner}: {name}"] = field.get_default(call_default_factory=True)
    made: dict[str, Any] = json.loads(json.dumps(found, default=identity))
    return made


def test_what_has_its_default_is_left_out() -> None:
    written: dict[str, Any] = {}
    plain = run()
    for section, fields in (("training", plain.training), ("data", plain.data)):
        for name in type(fields).model_fields:
            if not type(fields).model_fields[name].is_required():
                written[f"{section}__{name}"] = fields.model_dump(mode="json")[name]
    assert run(**written).deciding == plain.deciding
    assert plain.deciding["training"] == {}
    assert plain.deciding["data"] == {"train": {"dataset": "acdc"}}


def test_an_option_that_is_added_with_a_default_renames_no_run() -> None:
    class Before(Frozen):
        size: Annotated[int, DECIDES] = 1

    after: Any = create_model("After", __base__=Before, kind=(Annotated[str, DECIDES], "usual"))
    assert identity(after(size=2)) == identity(Before(size=2)) == {"size": 2}
    assert identity(after(kind="other")) == {"kind": "other"}


def test_a_section_within_a_list_or_a_mapping_leaves_its_defaults_out_as_well() -> None:
    class Inner(Frozen):
        name: Annotated[str, DECIDES]
        path: Annotated[str, RECORDED] = ""
        size: Annotated[int, DECIDES] = 1

    class Outer(Frozen):
        several: Annotated[tuple[Inner, ...], DECIDES] = ()
        named: Annotated[dict[str, Inner], DECIDES] = Field(default_factory=dict)

    inner = Inner(name="a", path="x")
    assert identity(Outer(several=(inner,), named={"b": inner})) == {
        "several": [{"name": "a"}],
        "named": {"b": {"name": "a"}},
    }


def test_a_field_that_says_nothing_is_an_error_by_name() -> None:
    class Undecided(Frozen):
        size: int = 1

    with pytest.raises(TypeError, match=r"Undecided\.size must be marked as DECIDES or RECORDED"):
        identity(Undecided())


def test_the_defaults_are_those_that_were_frozen() -> None:
    kept = json.loads(DEFAULTS.read_text())
    now = defaults()
    assert {name: now.get(name, "(gone)") for name in kept} == kept, WHAT_TO_DO
    assert now.keys() == kept.keys(), WHAT_TO_DO


@pytest.mark.parametrize(
    ("changes", "digest"),
    [
        ({}, "e6d3c2b9572a0b39f640db256409c87b8ef61f1b7bdb3ade56591a5d3d2eceef"),
        (
            {"network__architecture": "gamma_net", "network__options": {"timesteps": 3}},
            "3f6c4ef1b287ac0a2589f4d999526e69740ba3ee255827ec573bc2366953cf69",
        ),
        (
            {"data__preprocessing": {"clahe": False}, "ablation": "no_clahe"},
            "0c9eb0fd4bdaf1b7259379346d3daeebda721cca51f6b22219f1ff39ac0c6803",
        ),
        (
            {"data__external": {"sunnybrook": {"dataset": "sunnybrook", "path": "x"}}, "data__size_px": 64},
            "f17e1c052bbaee5eb5a7b0e08d339621340726072df248ec5200f491bffd598c",
        ),
        (
            {"training__epochs": 10, "training__learning_rate": 0.005, "data__augmentation__flip": True},
            "257148d378d4caf510e29b191de5ae077227b97e270132ee8381634f6608dd7f",
        ),
    ],
)
def test_run_ids_are_the_same_today_as_when_this_was_written(changes: dict[str, Any], digest: str) -> None:
    """If a digest changed, every finished run of every user would be trained again."""
    assert run(**changes).digest == digest


if __name__ == "__main__":
    DEFAULTS.write_text(json.dumps(defaults(), indent=1, sort_keys=True) + "\n")
