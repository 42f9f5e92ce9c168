"""docs/experiment.md describes every key and is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from gridctl.experiment.reference.documentation import reference
from gridctl.experiment.reference.field_descriptions import field_descriptions
from gridctl.experiment.reference.json_schema import models_in, schema_text
from gridctl.experiment.reference.key_paths import key_paths
from gridctl.experiment.schema import ExperimentFile
from gridctl_trainer.plugins.model import installed_options

MODELS = sorted(
    {ExperimentFile, *installed_options().values(), *models_in(ExperimentFile)}, key=lambda model: model.__name__
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_every_key_is_explained_in_a_sentence(model: type[BaseModel]) -> None:
    described = field_descriptions(model)
    assert described.keys() == model.model_fields.keys()
    for name, text in described.items():
        assert len(text) > 10, name
        assert text.endswith("."), name


@pytest.mark.parametrize(("file", "made"), [("experiment.md", reference), ("experiment.schema.json", schema_text)])
def test_the_files_in_docs_are_what_the_models_say_today(file: str, made: object, project_root: Path) -> None:
    assert callable(made)
    assert (project_root / "docs" / file).read_text() == made(), "make docs writes it anew"


def test_every_key_is_in_the_reference() -> None:
    page = reference()
    for path in key_paths():
        assert f"| `{path.rpartition('.')[2]}` |" in page, path


def test_bounds_defaults_and_choices_are_in_the_reference() -> None:
    page = reference()
    assert "| `epochs` | whole number, 1 to 9999 | `200` |" in page
    assert "| `train_ratios` | list of numbers, each above 0, at most 1, at least one | must be given |" in page
    assert "| `cpu_limit` | quantity, or `none`, or null | null |" in page
    assert "| `device` | `auto`, `cpu`, `cuda` | `auto` |" in page
