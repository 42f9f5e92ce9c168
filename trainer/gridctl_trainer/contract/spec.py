"""RunSpec: one cell of the grid, and the name it has everywhere."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from gridctl_trainer.contract.errors import Problem, SpecError, shortened
from gridctl_trainer.contract.fields.text_form import text_form
from gridctl_trainer.contract.frozen import Frozen, canonical_json, misread
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.contract.location import LocationText
from gridctl_trainer.contract.network import NetworkSpec
from gridctl_trainer.contract.wording import count, problem_text

SCHEMA_VERSION: Final = 1

MAX_SPEC_BYTES: Final = 1 << 20

RUN_ID_MAX_LENGTH = 63
"""A Job's name is copied into labels: a longer one is accepted as a name and fails later."""

_HASH_DIGITS = 8


_DNS_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_IDENTIFIER: Final = r"[a-z0-9]([_a-z0-9]*[a-z0-9])?"


def _dns_label(value: str) -> str:
    if not re.fullmatch(_DNS_LABEL, value):
        raise ValueError("use lowercase letters, digits and '-', with a letter or digit at both ends")
    return value


def _identifier(value: str) -> str:
    if not re.fullmatch(_IDENTIFIER, value):
        raise ValueError("use lowercase letters, digits and '_', with a letter or digit at both ends")
    return value


ExperimentName = Annotated[str, AfterValidator(_dns_label), text_form(_DNS_LABEL)]
Identifier = Annotated[str, AfterValidator(_identifier), text_form(_IDENTIFIER)]
TrainRatio = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


CheckpointScore = Literal[
    "train_loss", "validation_dice", "validation_bce", "generalisation_dice", "generalisation_bce"
]
"""By what the best checkpoint can be chosen: the highest Dice, or the lowest of the others."""

_CANNOT_CHANGE_A_RESULT: Final = (
    "checkpoint_every_epochs",
    "checkpoint_keep_last",
    "checkpoint_keep_every_epochs",
    "checkpoint_keep_best",
    "store_outage_minutes",
    "spool_mib",
)
_LEFT_OUT_AT_THEIR_DEFAULT: Final = {"on_nonfinite": "stop", "deterministic": True}
"""Options younger than the digest: without them a run has the name that it always had."""


class PreprocessingSpec(Frozen):
    """Which steps run, in this order; crop and pad always do (thesis 4.2).

    Attributes:
        gaussian: 3x3 Gaussian blur, sigma 1 px.
        clahe: Contrast-limited adaptive histogram equalisation, clip limit 2, 8x8 tiles, uint16.
        minmax: Scaling of each image to [0, 1].
        resize: Downsampling so that the shorter edge equals `size_px`, if it is longer.
    """

    gaussian: bool = True
    clahe: bool = True
    minmax: bool = True
    resize: bool = True


class AugmentationSpec(Frozen):
    """How training images are varied, each anew in every epoch; off by default, as in the thesis.

    Chance depends on the run's seed, the epoch and the image, so both models of a pair see the
    same. Image, its whole series and mask move alike; what comes in from outside is black.

    Attributes:
        rotation_degrees: Images are turned by up to this much either way.
        scaling: Images are enlarged or shrunk by up to this share of their size, such as 0.1.
        shift: Images are moved along both axes by up to this share of the side.
        flip: Whether every other image is mirrored left to right.
        gamma: Intensities scaled to [0, 1] are raised to e^g with g up to this much either way.
    """

    rotation_degrees: float = Field(0.0, ge=0, le=180)
    scaling: float = Field(0.0, ge=0, lt=1)
    shift: float = Field(0.0, ge=0, le=0.5)
    flip: bool = False
    gamma: float = Field(0.0, ge=0, le=2)


class DataSpec(Frozen):
    """Where the images are and how they are prepared.

    Each place is a folder of files as published, a folder of packs that `data pack` made, or
    `s3://bucket/prefix` of either, which is fetched once to the disk of the machine that trains.

    Attributes:
        acdc: Folder or `s3://bucket/prefix` of the set that is split into training and validation patients.
        sunnybrook: Folder or `s3://bucket/prefix` of the set that only measures generalisation; None for none.
        size_px: Side in pixels of the square that models see; each level of a network but the last halves it.
        preprocessing: Steps before that square is cut.
        augmentation: How training images are varied.
    """

    acdc: LocationText
    sunnybrook: LocationText | None = None
    size_px: int = Field(176, ge=1, le=4096)
    preprocessing: PreprocessingSpec = PreprocessingSpec()
    augmentation: AugmentationSpec = AugmentationSpec()


class TrainingSpec(Frozen):
    """How one model is trained (thesis 4.3, 4.5, 5.1). Adam and its rate are the author's code's.

    Attributes:
        epochs: Passes over the training images; there is no early stopping.
        batch_size: Images in one optimizer step.
        learning_rate: Learning rate of Adam.
        validation_batch_size: Images in one validation minibatch; each minibatch's scores are logged.
        generalisation_batch_size: Images in one minibatch of the generalisation set.
        checkpoint_every_epochs: Epochs between periodic checkpoints.
        checkpoint_keep_last: How many of the newest checkpoints stay; with two, the one before the
            last is there if the last is damaged.
        checkpoint_keep_every_epochs: Checkpoints after multiples of this stay for good; None for none.
        checkpoint_keep_best: Keep the checkpoint of the best epoch by this score, and make one
            whenever an epoch is the best so far; None for neither.
        on_nonfinite: What a loss or gradient that is NaN or infinite does: `stop` the run, or
            `skip` that optimizer step.
        deterministic: Whether torch uses deterministic algorithms only.
        store_outage_minutes: How long an attempt that cannot go on without its store waits for it:
            at its start, and with everything trained at its end.
        spool_mib: How much of the checkpoints a failing store has not taken is kept on local disk
            meanwhile; in a pod at most half of `kubernetes.scratch`, where it lies.
        threads: CPU threads of each run; with another number sums may round differently.
        device: Where a run computes; `auto` takes a GPU if there is one, and ends in a pod that was given one and
            cannot use it.
    """

    epochs: int = Field(200, ge=1, le=9999)
    batch_size: int = Field(8, ge=1, le=65536)
    learning_rate: float = Field(1e-3, gt=0)
    validation_batch_size: int = Field(16, ge=1, le=65536)
    generalisation_batch_size: int = Field(8, ge=1, le=65536)
    checkpoint_every_epochs: int = Field(10, ge=1, le=9999)
    checkpoint_keep_last: int = Field(2, ge=1, le=9999)
    checkpoint_keep_every_epochs: int | None = Field(None, ge=1, le=9999)
    checkpoint_keep_best: CheckpointScore | None = None
    on_nonfinite: Literal["stop", "skip"] = "stop"
    deterministic: bool = True
    store_outage_minutes: float = Field(30, ge=0, le=7 * 24 * 60)
    spool_mib: int = Field(2048, ge=1, le=1 << 20)
    threads: int = Field(1, ge=1, le=1024)
    device: Literal["auto", "cpu", "cuda"] = "auto"


class RunSpec(Frozen):
    """All that can change the result of one run, and nothing that cannot.

    Attributes:
        schema_version: Of this format; another one is refused.
        experiment: Name of the experiment, a DNS label.
        model: The model's name in the experiment, as in labels, tables and columns.
        network: What that name stands for.
        train_ratio: Share of the patients trained on, in (0, 1); the others validate.
        ablation: Name of what was left out or changed; `none` for nothing.
        seed: Of the split, the start weights and the order of images.
        data: Where the images are and how they are prepared.
        training: How the model is trained.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    experiment: ExperimentName
    model: Identifier
    network: NetworkSpec
    train_ratio: TrainRatio
    ablation: Identifier = "none"
    seed: Seed
    data: DataSpec
    training: TrainingSpec

    @model_validator(mode="after")
    def _best_can_be_scored(self) -> Self:
        by = self.training.checkpoint_keep_best or ""
        if self.data.sunnybrook is None and by.startswith("generalisation"):
            raise ValueError(f"training.checkpoint_keep_best is {by}, but there is no data.sunnybrook")
        return self

    @model_validator(mode="after")
    def _size_fits_depth(self) -> Self:
        step = 2 ** (self.network.depth - 1)
        if self.data.size_px % step:
            lower = self.data.size_px // step * step
            near = f"{lower} or {lower + step}" if lower else f"{step}"
            raise ValueError(
                f"data.size_px is {self.data.size_px}, but {self.model} halves it "
                f"{count(self.network.depth - 1, 'time')}: use a multiple of {step}, such as {near}"
            )
        return self

    @property
    def run_id(self) -> str:
        """`<experiment>-<model>-r<percent>-<ablation>-s<seed>-<8 hex>`: a DNS label.

        Raises:
            SpecError: It is longer than a label can be.
        """
        run_id = f"{self._slug}-{self.digest[:_HASH_DIGITS]}"
        excess = len(run_id) - RUN_ID_MAX_LENGTH
        if excess > 0:
            raise SpecError(
                f"the run's name '{shortened(run_id)}' is {count(excess, 'character')} longer than the "
                f"{RUN_ID_MAX_LENGTH} that a label can hold",
                where="name",
                fix=f"shorten the experiment's name '{shortened(self.experiment)}' to at most "
                f"{count(max(len(self.experiment) - excess, 1), 'character')}, or a model's or ablation's",
            )
        return run_id

    @property
    def _slug(self) -> str:
        percent = f"{self.train_ratio * 100:.6g}".replace(".", "p")
        parts = (self.experiment, self.model, f"r{percent}", self.ablation, f"s{self.seed}")
        return "-".join(parts).replace("_", "-")

    @property
    def digest(self) -> str:
        """SHA-256, 64 hex digits, over the canonical JSON of `deciding`."""
        return hashlib.sha256(canonical_json(self.deciding).encode()).hexdigest()

    @property
    def deciding(self) -> dict[str, Any]:
        """All that can change the result, as JSON."""
        content = self.model_dump(mode="json")
        for name in _CANNOT_CHANGE_A_RESULT:
            del content["training"][name]
        for name, default in _LEFT_OUT_AT_THEIR_DEFAULT.items():
            if content["training"][name] == default:
                del content["training"][name]
        content["network"].pop("recompute_timesteps", None)
        if not content["network"].get("temporal"):  # younger than the first runs, whose names stay
            content["network"].pop("temporal", None)
        if self.data.augmentation == AugmentationSpec():  # as young
            del content["data"]["augmentation"]
        return content

    @property
    def frames(self) -> int:
        """Frames of the series that the network reads of an image, the labelled one included."""
        network = self.network
        return network.timesteps if network.architecture == "gamma_net" and network.temporal else 1

    @property
    def pair(self) -> tuple[str, float, str, int]:
        """What two runs of a pair have in common: experiment, train ratio, ablation, seed."""
        return (self.experiment, self.train_ratio, self.ablation, self.seed)

    def to_json(self) -> bytes:
        """The specification as it lies in the store."""
        return (json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, text: bytes | str, where: object = "") -> RunSpec:
        """Read a specification.

        Args:
            text: JSON.
            where: File or key named in errors.

        Raises:
            SpecError: Not JSON, another schema version, or invalid: every mistake at once.
        """
        try:
            content = read_json(text, MAX_SPEC_BYTES)
        except ValueError as error:
            raise SpecError(f"not JSON: {error}", where=where, fix="submit the experiment again") from None
        if isinstance(content, dict) and content.get("schema_version") != SCHEMA_VERSION:
            raise SpecError(
                f"schema_version is {shortened(repr(content.get('schema_version')), 40)}, "
                f"this trainer reads {SCHEMA_VERSION}",
                where=where,
                fix="use the trainer image that belongs to the gridctl that submitted it",
            )
        try:
            spec = cls.model_validate(content)
        except ValidationError as error:
            raise SpecError(validation_problems(error, where=where)) from None
        changed = [
            Problem(f"a number is meant, got {shortened(found)}", where=_join(where, field))
            for field, found in misread(content, spec)
        ]
        if changed:
            raise SpecError(changed)
        return spec


def validation_problems(error: ValidationError, where: object = "") -> list[Problem]:
    """Every mistake pydantic found, with the path of its field."""
    return [Problem(problem_text(item), where=_join(where, item["loc"])) for item in error.errors()]


def _join(where: object, loc: tuple[int | str, ...]) -> str:
    path = ".".join(str(part) for part in loc)
    return f"{where}: {path}" if where and path else str(where) or path
