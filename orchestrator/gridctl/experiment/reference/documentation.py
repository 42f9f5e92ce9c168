"""docs/experiment.md and docs/experiment.schema.json, made from the models.

`make docs` calls this module; a test fails while the files are older than the models.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gridctl.experiment.data.preprocessing_steps import USUAL
from gridctl.experiment.reference.json_schema import experiment_schema, options_of_model, schema_text
from gridctl.experiment.reference.value_words import default_words, value_words
from gridctl_trainer.contract.spec.choice import Choice
from gridctl_trainer.plugins.model import MODELS
from gridctl_trainer.plugins.step import STEPS

_INTRODUCTION: Final = """\
# The experiment file

Every key of an experiment file, with its values, default and meaning. `gridctl init DATA_FOLDER` writes a file to start
from; the files in `experiments/` are whole studies. This page is made from the program itself by `make docs`.

A file is YAML 1.2, at most 256 KiB. Unknown keys are mistakes. `gridctl submit --dry-run` checks a file and starts
nothing.

**Editors** complete and check keys as you type: the first line of each file names the JSON Schema of its keys, for the
YAML extension of VS Code and every other editor with yaml-language-server. `gridctl schema` prints that schema. What a
schema cannot say, such as whether `size_px` fits a network's depth, `gridctl` does, with the line. A number in
quotes, or 0 and 1 for false and true, which `gridctl` takes, are mistakes to the schema.

**Overriding**: any key can be given on the command line by its path, as in `--set training.epochs=20` or
`--set models.unet.batch_size=4`. An ablation's `set` takes the same paths below `data`, `models` and `training`.

In the tables a quantity is a number of CPUs or bytes as Kubernetes writes it: `500m`, `2`, `512Mi`, `8Gi`. A section
without a default may be left out: its keys have defaults."""

_STEPS: Final = """\
Which steps run, in this order; crop and pad always follow. A step of a plugin is turned on by its name or
its path, with `true` or with its options: `{clahe: false, mylab_n4: {iterations: 50}}`. It takes the place that it
declares; one named by its path comes first. A list has exactly these steps, first to last:
`[{mylab_n4: {iterations: 50}}, gaussian, minmax, resize]`. See [plugins.md](plugins.md)."""

_SECTIONS: Final = (
    ("", "", "Top level"),
    ("ComparisonSpec", "compare", "`compare`"),
    ("DeclaredLooks", "compare.stopping", "`compare.stopping`, where looks are declared"),
    ("Ablation", "ablations[]", "An item of `ablations`"),
    ("DataSpec", "data", "`data`"),
    ("DatasetSpec", "data.train", "`data.train`, `data.test`, a value of `data.external`"),
    ("SplitSpec", "data.split", "`data.split`"),
    ("SplitParts", "data.split.parts[]", "An item of `data.split.parts`"),
    ("AugmentationSpec", "data.augmentation", "`data.augmentation`"),
    ("TrainingSpec", "training", "`training`"),
    ("LossSpec", "training.loss", "`training.loss`"),
    ("OptimizerSpec", "training.optimizer", "`training.optimizer`"),
    ("ScheduleSpec", "training.schedule", "`training.schedule`"),
    ("ScoringSpec", "scoring", "`scoring`"),
    *((options_of_model(name), "models.NAME", f"Options of a model: `{name}`") for name in MODELS.names()),
    ("KubernetesOptions", "kubernetes", "`kubernetes`"),
    ("Toleration", "kubernetes.tolerations[]", "An item of `kubernetes.tolerations`"),
    ("Volume", "kubernetes.volumes", "A value of `kubernetes.volumes`"),
    ("SecretKey", "kubernetes.secret_env", "A value of `kubernetes.secret_env`"),
    ("DataCache", "kubernetes.data_cache", "`kubernetes.data_cache`"),
)


_CHOICES: Final[Mapping[str, type[Choice]]] = {choice.__name__: choice for choice in Choice.__subclasses__()}
"""Sections that may be written as a name alone, by their definition's."""


def reference() -> str:
    """The page."""
    return "\n\n".join([_INTRODUCTION, *_sections()]) + "\n"


def write(folder: Path) -> None:
    """Write the page and the schema into a folder."""
    (folder / "experiment.md").write_text(reference(), encoding="utf-8")
    (folder / "experiment.schema.json").write_text(schema_text(), encoding="utf-8")


def _sections() -> Iterator[str]:
    schema = experiment_schema(may_be_empty=False)
    definitions = schema["definitions"]
    missing = definitions.keys() - {definition for definition, _, _ in _SECTIONS}
    assert not missing, f"no section of the page is about {missing}"
    for definition, _, title in _SECTIONS:
        section = definitions[definition] if definition else schema
        text, properties = section["description"], section["properties"]
        if definition.endswith("_options"):
            properties = {key: value for key, value in properties.items() if key not in _training(definitions)}
            text += " Any key of `training` may be given here as well, for this model alone."
        if definition in _CHOICES:
            text += f" {_options_of(_CHOICES[definition])}"
        if definition == "AugmentationSpec":
            yield f"## `data.preprocessing`\n\n{_STEPS}\n\n{_step_table()}"
        yield f"## {title}\n\n{text}\n\n{_table(properties, section.get('required', ()))}"


def _options_of(choice: type[Choice]) -> str:
    """The options of each choice, in words."""
    said = (f"of `{name}` {', '.join(f'`{key}`' for key in keys)}" for name, keys in choice.options_of.items() if keys)
    return f"Options: {'; '.join(said)}."


def _step_table() -> str:
    rows = ["| key | values | default | meaning |", "|---|---|---|---|"]
    rows += [f"| `{name}` | `true` or `false` | `true` | {_sentence(STEPS.find(name).summary)} |" for name in USUAL]
    return "\n".join(rows)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _training(definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = definitions["TrainingSpec"]["properties"]
    return properties


def _table(properties: Mapping[str, Any], required: Any) -> str:
    rows = ["| key | values | default | meaning |", "|---|---|---|---|"]
    for key, schema in properties.items():
        default = "must be given" if key in required else default_words(schema)
        cells = (f"`{key}`", value_words(schema), default, schema["description"])
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
