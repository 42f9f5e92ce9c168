"""The JSON Schema of an experiment file, for editors: made from the models that the file is validated with."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel

from gridctl.experiment.empty_sections import holds_others
from gridctl.experiment.executor_names import DEFAULT_EXECUTOR, installed_executors
from gridctl.experiment.grid import MAX_OF_EACH
from gridctl.experiment.reference.field_descriptions import field_descriptions
from gridctl.experiment.reference.steps_schema import ablation_names, left_out, steps_schema
from gridctl.experiment.schema import ExperimentFile
from gridctl.experiment.study_registry import known_items
from gridctl_trainer.contract.spec import AugmentationSpec, TrainingSpec
from gridctl_trainer.contract.spec.choice import Choice
from gridctl_trainer.plugins.model import ModelOptions, installed_options

_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""The version that every editor supports."""

_CHANGEABLE: Final = r"^(data|models|training)\..+$"
"""Paths that an ablation can set."""

_ARCHITECTURE: Final = (
    "Which network this is, by default the one that is called like the model: a name, or `pkg.module:Name`."
)

_BY_PATH: Final = r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"
"""A model named by its path, whose options are unknown to the schema."""


def schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(experiment_schema(), indent=2, ensure_ascii=False) + "\n"


def experiment_schema(*, may_be_empty: bool = True) -> dict[str, Any]:
    """The JSON Schema of an experiment file, as far as a schema can express the rules.

    Only the loader checks whether values fit each other (a size and a network's depth, a model's name in `compare`).
    A number in quotes, which the loader takes, is a mistake here.

    Args:
        may_be_empty: Whether it allows sections and lists with a default to be empty.
    """
    made = ExperimentFile.model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    sections: set[type[BaseModel]] = {ExperimentFile, *models_in(ExperimentFile)}
    for model in sections:
        _explain(made if model is ExperimentFile else definitions[model.__name__], model)
    _let_names_stand_alone(definitions)
    networks = installed_options()
    for architecture, network in networks.items():
        definitions[options_of_model(architecture)] = _options(architecture, network, definitions, may_be_empty)
    properties = made["properties"]
    properties["models"] = _models(properties["models"]["description"], list(networks), definitions)
    ablation = properties["ablations"]["items"]
    properties["ablations"]["items"] = {"anyOf": [*ablation_names(), ablation]}
    definitions["Ablation"]["properties"]["without"]["items"] = left_out()
    for unwritten in ("StepSpec", "JsonValue"):
        definitions.pop(unwritten, None)
    steps = definitions["DataSpec"]["properties"]["preprocessing"]
    definitions["DataSpec"]["properties"]["preprocessing"] = {"description": steps["description"], **steps_schema()}
    definitions["Ablation"]["properties"]["set"]["propertyNames"] = {"pattern": _CHANGEABLE}
    properties["backend"] = {**properties["backend"], "enum": list(installed_executors())}
    has_none = (*properties, DEFAULT_EXECUTOR)
    properties |= {
        name: {"type": ["object", "null"], "description": f"Options of the executor `{name}`."}
        for name in installed_executors()
        if name not in has_none
    }
    compare = properties["compare"]
    properties["compare"] = {
        "description": compare["description"],
        "anyOf": [compare["items"], {"type": "array", "items": compare["items"], "maxItems": MAX_OF_EACH}],
    }
    for name in ("train_ratios", "ablations", "seeds"):
        properties[name] |= {"minItems": 1, "uniqueItems": True}
    comparison = definitions["ComparisonSpec"]["properties"]
    comparison["metrics"] |= {"minItems": 1, "uniqueItems": True}
    comparison["against"] = _one_or_several(comparison["against"])
    items = {"items": {"type": "string", "enum": known}} if (known := list(known_items())) else {"maxItems": 0}
    properties["reproduces"] |= {**items, "uniqueItems": True}
    for model in sections if may_be_empty else ():
        if model is ExperimentFile or model.__name__ in definitions:
            _let_be_empty(properties if model is ExperimentFile else definitions[model.__name__]["properties"], model)
    if may_be_empty:
        for architecture in networks:
            _let_be_empty(definitions[options_of_model(architecture)]["properties"], TrainingSpec)
    if may_be_empty:  # for editors: under a split there is a default
        made["required"] = [name for name in made["required"] if name != "train_ratios"]
        made["if"] = {"properties": {"data": {"required": ["split"]}}}
        made["else"] = {"required": ["train_ratios"]}
    schema = {"$schema": _DIALECT, **_tidied(made), "definitions": _tidied(definitions)}
    return {**schema, "title": "gridctl experiment"}


def _one_or_several(one: dict[str, Any]) -> dict[str, Any]:
    """A value, or a list of such."""
    beside: dict[str, Any] = {key: one[key] for key in ("description", "title") if key in one}
    form = {key: value for key, value in one.items() if key not in beside}
    several = {"type": "array", "items": form, "minItems": 1, "maxItems": MAX_OF_EACH, "uniqueItems": True}
    return {**beside, "anyOf": [form, several]}


def _let_be_empty(properties: dict[str, Any], model: type[BaseModel]) -> None:
    """Allow sections and lists with a default to be empty."""
    for name, field in model.model_fields.items():
        if field.is_required() or not holds_others(field.annotation):
            continue
        given = dict(properties[name])
        beside = {key: given.pop(key) for key in ("description", "default") if key in given}
        forms = given.pop("anyOf") if set(given) == {"anyOf"} else [given]
        properties[name] = {**beside, "anyOf": [*forms, {"type": "null"}]}


def _let_names_stand_alone(definitions: dict[str, Any]) -> None:
    """`optimizer: sgd` is short for `optimizer: {name: sgd}`; each choice has options of its own."""
    training = definitions[TrainingSpec.__name__]["properties"]
    for name, field in TrainingSpec.model_fields.items():
        choice = field.annotation
        if not (isinstance(choice, type) and issubclass(choice, Choice)):
            continue
        definition = definitions[choice.__name__]
        names = definition["properties"]["name"]
        training[name] = {
            "description": training[name]["description"],
            "anyOf": [
                {"type": "string", "enum": names["enum"]},
                {"$ref": f"#/definitions/{choice.__name__}"},
            ],
            "default": names["default"],
        }
        definition["allOf"] = [
            {
                "if": {"properties": {"name": {"const": name}}, **({} if usual else {"required": ["name"]})},
                "then": {"propertyNames": {"enum": ["name", *options]}},
            }
            for name, options in choice.options_of.items()
            for usual in [name == names["default"]]
        ]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that a type leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            for inner in _directly_in(field.annotation):
                yield inner
                yield from models_in(inner)


def _directly_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _directly_in(argument)


def _explain(schema: dict[str, Any], model: type[BaseModel]) -> None:
    schema["description"] = inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    for name, text in field_descriptions(model).items():
        if name in schema["properties"]:
            schema["properties"][name]["description"] = text


def options_of_model(architecture: str) -> str:
    """The name of the definition of an entry of `models`."""
    return f"{architecture}_options"


def _options(
    architecture: str, network: type[ModelOptions], definitions: dict[str, Any], may_be_empty: bool
) -> dict[str, Any]:
    """A network's own options, and each of training for this model alone: beside each other, or in a section each."""
    schema = network.model_json_schema(ref_template="#/definitions/{model}")
    for name, definition in schema.pop("$defs", {}).items():
        definitions.setdefault(name, definition)
    _explain(schema, network)
    if may_be_empty:
        _let_be_empty(schema["properties"], network)
    schema.pop("required", None)  # it may be given in either of two places
    own, training = schema["properties"], definitions[TrainingSpec.__name__]["properties"]
    closed = {"type": ["object", "null"], "additionalProperties": False}
    sections = {
        "architecture": {"const": architecture, "description": _ARCHITECTURE},
        "options": {**closed, "properties": own, "description": "Options of the network alone."},
        "training": {
            "anyOf": [{"$ref": f"#/definitions/{TrainingSpec.__name__}"}, {"type": "null"}],
            "description": "Keys of `training`, for this model alone.",
        },
        "augmentation": {
            "anyOf": [{"$ref": f"#/definitions/{AugmentationSpec.__name__}"}, {"type": "null"}],
            "description": "Keys of `data.augmentation`, for this model alone.",
        },
    }
    return {**schema, "type": ["object", "null"], "properties": {**own, **training, **sections}}


def _models(description: str, names: Sequence[str], definitions: dict[str, Any]) -> dict[str, Any]:
    """A mapping of names to options, or a list of names; `architecture` says whose options, else the name does."""
    of = {name: {"$ref": f"#/definitions/{options_of_model(name)}"} for name in names}

    def chosen(architecture: str) -> dict[str, Any]:
        given = {"required": ["architecture"], "properties": {"architecture": {"const": architecture}}}
        return {"if": given, "then": of[architecture]}

    other = {
        "type": "object",
        "required": ["architecture"],
        "properties": {"architecture": {"anyOf": [{"enum": list(names)}, {"type": "string", "pattern": _BY_PATH}]}},
        "allOf": [chosen(name) for name in names],
    }
    named = {}
    for name in names:
        another = {"architecture": {"not": {"const": name}}}
        given = {"type": "object", "required": ["architecture"], "properties": another}
        named[name] = {"if": given, "then": other, "else": of[name]}
    identifier = definitions["ComparisonSpec"]["properties"]["model"]["pattern"]
    mapping = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_OF_EACH,
        "propertyNames": {"pattern": identifier},
        "properties": named,
        "additionalProperties": other,
    }
    listed = {"type": "array", "items": {"enum": list(names)}, "minItems": 1, "uniqueItems": True}
    return {"description": description, "anyOf": [mapping, listed]}


def _tidied(node: Any) -> Any:
    """The schema without generated titles and sections as defaults; keys of a mapping by their pattern."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {}
    for key, value in node.items():
        if key == "title" and isinstance(value, str):
            continue
        if key == "default" and (isinstance(value, dict) or (isinstance(value, list) and not _is_plain(value))):
            continue
        tidied[key] = value if key == "default" else _tidied(value)
    if len(patterns := tidied.get("patternProperties", {})) == 1:
        ((pattern, values),) = tidied.pop("patternProperties").items()
        tidied |= {"propertyNames": {**tidied.get("propertyNames", {}), "pattern": pattern}}
        tidied["additionalProperties"] = values
    assert len(patterns) < 2
    return tidied


def _is_plain(value: list[Any]) -> bool:
    return not any(isinstance(item, dict | list) for item in value)
