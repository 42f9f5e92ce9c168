"""RunSpec, the specification of one cell of the grid, and its name."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from gridctl_trainer.contract.errors import Problem, SpecError, shortened
from gridctl_trainer.contract.frozen import Frozen, canonical_json, misread
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.contract.score_name import TRAIN_LOSS, ScoreName
from gridctl_trainer.contract.spec.data import DataSpec
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED, identity
from gridctl_trainer.contract.spec.names import ExperimentName, Identifier, Seed, TrainRatio
from gridctl_trainer.contract.spec.network import NetworkSpec
from gridctl_trainer.contract.spec.problems import joined, validation_problems
from gridctl_trainer.contract.spec.run_id import run_id_of
from gridctl_trainer.contract.spec.scored import DEFAULT_METRICS, MetricNames, scored_sets, structures_of
from gridctl_trainer.contract.spec.scoring import ScoringSpec
from gridctl_trainer.contract.spec.training.training import TrainingSpec

SCHEMA_VERSION: Final = 2

MAX_SPEC_BYTES: Final = 1 << 20


class RunSpec(Frozen):
    """One run. Each field declares whether it can change the result, and thus the run's name, or is only recorded.

    Attributes:
        schema_version: Version of this format. A run of version 1 was named by an earlier version of gridctl: it is
            read but never trained.
        experiment: Name of the experiment, a DNS label.
        model: The model's name in the experiment, as in labels, tables and columns.
        network: The network that this name stands for.
        train_ratio: Share of the patients to train on, in (0, 1); the others validate. With `data.split`, the share of
            its training patients, up to 1.
        fold: The fold that validates, from 0; None without folds.
        ablation: Name of what was left out or changed; `none` for nothing.
        seed: Seed of the split, the initial weights and the order of images.
        data: Where the images are, and how they are prepared.
        training: How the model is trained.
        metrics: The scores to compute. They are only recorded, because another list changes neither the weights nor the
            scores that both lists contain.
        scoring: How whole cases are scored.
        plugin_path: Folders that are searched, after all others, for the modules of plugins named by their path.
    """

    schema_version: Annotated[Literal[1, 2], DECIDES] = SCHEMA_VERSION
    experiment: Annotated[ExperimentName, DECIDES]
    model: Annotated[Identifier, DECIDES]
    network: Annotated[NetworkSpec, DECIDES]
    train_ratio: Annotated[TrainRatio, DECIDES]
    fold: Annotated[int | None, Field(ge=0, lt=1000), DECIDES] = None
    ablation: Annotated[Identifier, DECIDES] = "none"
    seed: Annotated[Seed, DECIDES]
    data: Annotated[DataSpec, DECIDES]
    training: Annotated[TrainingSpec, DECIDES]
    metrics: Annotated[MetricNames, RECORDED] = DEFAULT_METRICS
    scoring: Annotated[ScoringSpec, DECIDES] = ScoringSpec()
    plugin_path: Annotated[tuple[str, ...], RECORDED] = ()

    @model_validator(mode="after")
    def _best_can_be_scored(self) -> Self:
        by = self.training.checkpoint_keep_best
        if by is not None and by != TRAIN_LOSS:
            score = ScoreName.parse(by)
            unknown = {
                f"set '{score.set}'": score.set not in scored_sets(self.data),
                f"metric '{score.metric}'": score.metric not in self.metrics,
                f"structure '{score.structure}'": score.structure not in ("", *structures_of(self.data)),
            }
            for what, is_unknown in unknown.items():
                if is_unknown:
                    raise ValueError(f"training.checkpoint_keep_best is {by}, but this run scores no {what}")
        return self

    @model_validator(mode="after")
    def _weighs_what_is_segmented(self) -> Self:
        if unknown := [name for name in self.training.loss.structure_weights if name not in self.data.target]:
            raise ValueError(
                f"training.loss.structure_weights names {', '.join(unknown)}, "
                f"but data.target is {', '.join(self.data.target)}"
            )
        return self

    @model_validator(mode="after")
    def _is_split(self) -> Self:
        split = self.data.split
        folds = split.number_of_folds if split else None
        if self.train_ratio == 1 and not (split and split.is_fixed):
            raise ValueError(
                "train_ratio is 1, so nobody validates: use one below 1, or give data.split a file or folds"
            )
        if (self.fold is None) != (folds is None) or (self.fold is not None and self.fold >= (folds or 0)):
            said = "there are no folds" if folds is None else f"there are folds 0 to {folds - 1}"
            raise ValueError(f"fold is {self.fold}, but {said}")
        if self.data.test is not None and split and any(part.test for part in split.parts):
            raise ValueError("data.split has test patients, and data.test is given as well: give one of them")
        return self

    @cached_property
    def run_id(self) -> str:
        """The run's name, built by `run_id_of`.

        Raises:
            SpecError: The name is longer than a label may be.
        """
        return run_id_of(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256, 64 hex digits, over the canonical JSON of `deciding`."""
        return hashlib.sha256(canonical_json(self.deciding).encode()).hexdigest()

    @property
    def deciding(self) -> dict[str, Any]:
        """Everything that can change the result and differs from its default, as JSON, and the schema version."""
        return {**identity(self), "schema_version": self.schema_version}

    @property
    def pair(self) -> tuple[str, float, str, int | None, int]:
        """What the two runs of a pair have in common: experiment, train ratio, ablation, fold and seed."""
        return (self.experiment, self.train_ratio, self.ablation, self.fold, self.seed)

    def to_json(self) -> bytes:
        """The specification as it is stored."""
        return (json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, text: bytes | str, where: object = "") -> RunSpec:
        """Read a specification.

        Args:
            text: JSON.
            where: File or key to name in errors.

        Raises:
            SpecError: The text is not JSON, has another schema version, or is not valid; it lists every mistake.
        """
        try:
            content = read_json(text, MAX_SPEC_BYTES)
        except ValueError as error:
            raise SpecError(f"not JSON: {error}", where=where, fix="submit the experiment again") from None
        if isinstance(content, dict) and content.get("schema_version") != SCHEMA_VERSION:
            raise SpecError(
                f"schema_version is {shortened(repr(content.get('schema_version')), 40)}, "
                f"but this trainer needs {SCHEMA_VERSION}",
                where=where,
                fix="use the trainer image that belongs to the gridctl that submitted it",
            )
        try:
            spec = cls.model_validate(content)
        except ValidationError as error:
            raise SpecError(validation_problems(error, where=where)) from None
        changed = [
            Problem(f"expected a number, got {shortened(found)}", where=joined(where, field))
            for field, found in misread(content, spec)
        ]
        if changed:
            raise SpecError(changed)
        return spec
