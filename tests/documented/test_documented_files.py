"""Parts of experiment files on the pages are valid."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from gridctl.experiment import Document, parse_experiment
from gridctl.experiment.reference.json_schema import experiment_schema
from tests.documented.commands import pages
from tests.documented.trained_folder import ROOT

SCHEMA = experiment_schema()

BLOCKS = [
    pytest.param(token.content, id=f"{page.name}:{token.map[0] + 1 if token.map else 0}")
    for page in pages(ROOT)
    for token in MarkdownIt("commonmark").parse(page.read_text())
    if token.type == "fence" and token.info == "yaml"
]


def content_of(text: str) -> Any:
    return YAML(typ="safe").load(text)


def is_experiment(content: Any) -> bool:
    return isinstance(content, dict) and bool(content.keys() <= SCHEMA["properties"].keys())


@pytest.mark.parametrize("text", [block for block in BLOCKS if is_experiment(content_of(str(block.values[0])))])
def test_a_part_of_an_experiment_is_one_to_the_schema(text: str) -> None:
    conditions = ("if", "then", "else")  # these apply to whole files only
    parts = Draft7Validator({key: value for key, value in SCHEMA.items() if key not in conditions} | {"required": []})
    assert not [error.message for error in parts.iter_errors(content_of(text))]


@pytest.mark.parametrize("text", [block for block in BLOCKS if "seeds:" in str(block.values[0])])
def test_a_whole_experiment_is_one_to_the_loader(text: str) -> None:
    parse_experiment(Document.parse(text, "page.yaml"))


def test_there_are_some() -> None:
    assert len(BLOCKS) >= 3
