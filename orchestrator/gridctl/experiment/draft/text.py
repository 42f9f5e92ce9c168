"""The text of a first experiment file, with comments that say why each value is what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from gridctl.experiment.draft.proposal import Draft, Place, seeds_for
from gridctl.terminal.console import count
from gridctl_trainer.contract.split_size import training_patients

_COLUMN: Final = 40
"""Column at which comments begin."""

_PLAIN: Final = re.compile(
    r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z~./][A-Za-z0-9_./~-]+(?::[A-Za-z0-9_./~-]+)*"
)

_KUBERNETES: Final = """\
kubernetes:
  namespace: gridctl                    # <-- where Jobs are created
  image: registry.example.org/lab/gridctl-trainer:1   # <-- as the nodes pull it
  secret: gridctl-store                 # its keys become the pods' environment: AWS_ACCESS_KEY_ID, ...
  gpus: 1                               # of each pod; 0 trains on CPUs
  cpu: 1
  memory: 8Gi
"""
_VOLUME: Final = "  volumes: {/data: {claim: gridctl-data}}   # <-- the claim with the data, mounted at /data\n"


def draft_text(draft: Draft, schema: str = "") -> str:
    """The file.

    Args:
        draft: What it says.
        schema: JSON Schema of its keys, as a path from the file; empty to name none.
    """
    return "\n".join(_lines(draft, schema)) + "\n"


def _lines(draft: Draft, schema: str) -> Iterator[str]:
    study, (unet, gamma) = draft.is_study, draft.batch_sizes
    if schema:
        yield f"# yaml-language-server: $schema={schema}"
    yield f"# Is γ-Net better than a U-Net on few patients? Written by `{draft.command}`."
    if study:
        yield "# Sizes are those of a study: one GPU for each run. Edit what is marked <-- before the first submit."
    else:
        yield "# Small on purpose: a first answer, not a study. Raise size_px, epochs and train_ratios for one."
    yield "# Every key: docs/experiment.md where gridctl comes from, or `gridctl schema`."
    yield "# What this file would start: `gridctl submit --dry-run`."
    yield f"name: {_scalar(draft.name)}"
    yield ""
    yield "models:"
    yield _noted(f"  unet: {{batch_size: {unet}}}", "images per step")
    yield _noted(
        f"  gamma_net: {{batch_size: {gamma}, timesteps: 2}}",
        "" if study else "as many for both, for a fair comparison",
    )
    yield ""
    yield from _ratios(draft)
    yield from _seeds(draft)
    yield "# ablations: [none, no_clahe]          # the same again without a preprocessing step"
    yield ""
    yield "data:"
    yield _noted(f"  train: {_place(draft.train)}", _patients(draft.train, "trained on and validated on", study))
    if draft.test:
        yield _noted(f"  test: {_place(draft.test)}", _patients(draft.test, "scored once, after the last epoch", study))
    if draft.external:
        yield _noted("  external:", "sets that are only scored, each with a name of yours")
        for place in draft.external:
            yield _noted(f"    {place.dataset}: {_place(place)}", _patients(place, "never trained on", study))
    else:
        yield _noted("  # external: {NAME: {dataset: DATASET, path: PATH}}", "sets that are only scored")
    yield _noted(f"  size_px: {draft.size_px}", f"side of the images{'' if study else '; a study has 176'}")
    yield ""
    yield "training:"
    yield _noted(f"  epochs: {draft.epochs}", "" if study else "a study has 200")
    if not study and draft.has_few:
        yield _noted("  learning_rate: 5e-3", "few epochs of few images are few steps; the default is 1e-3")
    yield _noted(f"  checkpoint_every_epochs: {10 if study else 2}", "at most so many are lost when a run is killed")
    yield ""
    yield _noted("compare: {model: gamma_net, against: unet}", "score: final, best, mean or last-K")
    yield ""
    yield _noted(f"backend: {draft.backend}", "local or kubernetes" if not study else "")
    if draft.store is None:
        yield _noted("# store: runs", "left out: $GRIDCTL_STORE names it")
    else:
        note = "<-- a bucket that pods and you can reach" if study else "a folder, or s3://bucket/prefix"
        yield _noted(f"store: {_scalar(draft.store)}", note)
    if study:
        yield ""
        yield _KUBERNETES.rstrip("\n") + ("" if draft.train.location.startswith("s3://") else f"\n{_VOLUME.rstrip()}")


def _ratios(draft: Draft) -> Iterator[str]:
    ratios, patients = draft.train_ratios, draft.train.patients
    yield "# Share of the patients trained on; the others validate."
    note = ""
    if patients is not None:
        counts = [training_patients(patients, ratio) for ratio in ratios]
        note = f"of {patients} train {' or '.join(map(str, counts))}"
    yield _noted(f"train_ratios: [{', '.join(f'{ratio:g}' for ratio in ratios)}]", note)


def _seeds(draft: Draft) -> Iterator[str]:
    seeds, tests = draft.seeds, len(draft.train_ratios)
    each = "one ratio" if tests == 1 else f"{tests} ratios, which are {tests} tests corrected together (Holm)"
    yield f"# One run of each model, ratio and seed. With {each},"
    yield f"# no exact test can find p < 0.05 with fewer than {seeds_for(tests)} seeds."
    yield f"seeds: [{', '.join(map(str, seeds))}]"


def _patients(place: Place, use: str, study: bool) -> str:
    number = f"{count(place.patients, 'patient')}, " if place.patients is not None else ""
    seen = "; as pods see it" if study and not place.location.startswith("s3://") else ""
    return f"{number}{use}{seen}"


def _place(place: Place) -> str:
    return f"{{dataset: {_scalar(place.dataset)}, path: {_scalar(place.location)}}}"


def _noted(text: str, note: str) -> str:
    return f"{text:<{_COLUMN - 2}}  # {note}" if note else text


def _scalar(text: str) -> str:
    """A text as YAML: in quotes unless it cannot be misread."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
