"""The keys of an experiment file."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from gridctl.experiment.executor_names import DEFAULT_EXECUTOR
from gridctl.experiment.kubernetes_options import KubernetesOptions
from gridctl.experiment.scores.score import Score
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.location import LocationText
from gridctl_trainer.contract.score_name import ScoreText
from gridctl_trainer.contract.spec import (
    DEFAULT_METRICS,
    DataSpec,
    ExperimentName,
    Identifier,
    ScoringSpec,
    Seed,
    TrainingSpec,
    TrainRatio,
)
from gridctl_trainer.contract.spec.scored import MetricNames

AUGMENTED: Final[Mapping[str, float]] = {"rotation_degrees": 15.0, "scaling": 0.1, "shift": 0.05, "gamma": 0.2}
"""What the built-in ablation `augmented` varies, and by how much; no mirroring, since the heart is not symmetric."""


def built_in_ablations(steps: Iterable[str]) -> tuple[str, ...]:
    """Ablations that need only be named.

    Args:
        steps: Preprocessing steps of the experiment; one named by its path is left out by an ablation with a name.
    """
    return ("none", *(f"no_{step}" for step in steps if re.fullmatch("[a-z0-9_]*[a-z0-9]", step)), "augmented")


TUNED: Final = "tuned"
"""What a cell of the grid is called in which each model has the ablation that it chose."""

T = TypeVar("T")


def _no_duplicates(items: tuple[T, ...]) -> tuple[T, ...]:
    keys: Iterable[Hashable] = (item.name if isinstance(item, Ablation) else item for item in items)
    twice = [str(item) for item, count in Counter(keys).items() if count > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)} appears more than once")
    return items


def _not_empty(items: tuple[T, ...]) -> tuple[T, ...]:
    if not items:
        raise ValueError("the list is empty, so the grid has no runs")
    return items


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


Checked = (AfterValidator(_not_empty), AfterValidator(_no_duplicates))


class Ablation(Frozen):
    """A named change to everything of the grid.

    Attributes:
        name: The ablation's name in labels, tables and columns: lowercase letters, digits and `_`.
        without: Preprocessing steps left out.
        set: Values by dotted path, as `--set` takes them: `training.*`, `data.*`, `models.*`.
    """

    name: Identifier
    without: tuple[str, ...] = ()
    set: Mapping[str, Any] = Field(default_factory=dict)

    @classmethod
    def built_in(cls, name: str) -> Ablation:
        """`none`; `no_<step>`, everything but one preprocessing step; or `augmented`."""
        if name == "augmented":
            return cls(name=name, set={f"data.augmentation.{key}": value for key, value in AUGMENTED.items()})
        return cls(name=name, without=() if name == "none" else (name.removeprefix("no_"),))


Subgroups = Literal["pathology", "vendor", "centre", "time_point", "slice_position"]
"""What tells subgroups of patients, or of their images, apart."""

SLICE_POSITION_METRICS: Final[Mapping[str, str]] = {
    "basal": "slice_hd95_basal",
    "mid": "slice_hd95_mid",
    "apical": "slice_hd95_apical",
}
"""What is scored at each slice position."""


def _rising(items: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in itertools.pairwise(items)):
        raise ValueError("the numbers do not rise")
    return items


class DeclaredLooks(Frozen):
    """Numbers of pairs at which the result is looked at, declared before the first look.

    Attributes:
        looks: Increasing, as `[5, 10, 15]`: seeds (times folds) that each look takes, in the order in which they are
            declared. There is no verdict in between.
    """

    looks: Annotated[
        tuple[Annotated[int, Field(ge=3, le=10_000)], ...], Field(min_length=1, max_length=20), AfterValidator(_rising)
    ]


def _form(value: Any) -> str:
    """Which of the two forms is meant, so that errors are about one form only."""
    return "[section]" if isinstance(value, Mapping | DeclaredLooks) else "[text]"


Stopping = Annotated[
    Annotated[Literal["fixed", "anytime"], Tag("[text]")] | Annotated[DeclaredLooks, Tag("[section]")],
    Discriminator(_form),
]
"""When the result may be looked at."""


def _one_opponent(value: Any) -> Any:
    if isinstance(value, list):  # one that has any was taken apart before
        raise ValueError("the list is empty, so nothing is compared")
    return value


class ComparisonSpec(Frozen):
    """A question: is this model better than that one?

    Attributes:
        model: The model of interest; differences are its score minus the other's.
        against: The model it is compared with; or several, `[unet, resunet]`: a comparison with each of them, all
            corrected together.
        metrics: Scores that are compared, each as SET.METRIC.STRUCTURE, such as `validation.soft_dice.left_ventricle`;
            without the structure, those of each. `validation.dice.left_ventricle+myocardium` pools structures into one
            score: its cases are averaged within each patient, all with the same weight, and a patient who lacks one is
            left out of both models. By default the first of `metrics`, which is `dice` (hard Dice of whole
            volumes, mean over patients), on validation and on every external set; where `score` is a mean over epochs,
            the first that every epoch has.
        secondary: Scores that are tested too, in families of their own, and never speak in the headline; named as
            `metrics` are. By default HD95 (`hd95`) of each structure and set where `metrics` is left out and the first
            of them is one of cases; `[]` for none. A margin, an effect and a trend are those of `metrics` alone.
        score: How the epochs of a run become its one score: the `final` epoch, the `best` on validation by the first
            of `metrics` that every epoch has, the `mean` of all epochs, or of the `last-K`. Scores of cases have no
            mean over epochs.
        family: Tests corrected together: those of one `metric`, of all comparisons of models by it; of this whole
            `comparison`; or of the whole `experiment`.
        equivalence_margin: Largest mean difference, in units of the metric, that does not matter;
            without it equivalence is not tested.
        claim: The population of the headline: `cohort`, these patients, over splits and starts of training; or
            `population`, patients like these, which takes the scores of each patient. Both are printed. By default
            `population` where those scores exist, else `cohort`.
        stopping: When the answer may be looked at: once, with the seeds that are declared (`fixed`); at declared
            `looks`; or after every seed (`anytime`, for `claim: cohort` alone: evidence for about normal differences).
        trend: How the difference changes as the data shrink: it `grows` or `shrinks`. Declare it in advance; without it
            the trend is shown, but is not part of the result. Takes two train ratios or more.
        tuned_on: Set on which each model chooses among the ablations, such as `validation`: for each train ratio (and
            fold) the one with the best mean over its runs by the first of `metrics`. The chosen ones are compared on
            the other sets alone; on this set their scores are shown as selected on these patients. Ablations are then
            not compared with `none`. The same for all comparisons; never `test`.
        subgroups: Subgroups in which the comparison is tested too, declared beforehand: by `pathology` (the data set's
            groups of patients), `vendor`, `centre`, `time_point`, or `slice_position` (in-plane HD95 at the base, the
            middle and the apex). All of one score are one corrected family, apart from the tests of all patients;
            whether the difference is the same in all of them is tested in another one. Those that are not named are
            shown as exploratory: unadjusted intervals and no verdict.
        effect: Smallest mean difference worth finding, in units of the metric; what `gridctl plan`
            counts seeds for.
        effect_sd: Standard deviation of the paired differences expected; by default that measured.
        power: Wanted probability of finding the effect.
    """

    model: Identifier
    against: Annotated[Identifier, BeforeValidator(_one_opponent)]
    metrics: Annotated[tuple[ScoreText, ...], AfterValidator(_no_duplicates)] = ()
    secondary: Annotated[tuple[ScoreText, ...], AfterValidator(_no_duplicates)] | None = None
    score: Score = "final"
    family: Literal["metric", "comparison", "experiment"] = "metric"
    equivalence_margin: float | None = Field(None, gt=0)
    claim: Literal["cohort", "population"] | None = None
    stopping: Stopping = "fixed"
    trend: Literal["grows", "shrinks"] | None = None
    tuned_on: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    subgroups: Annotated[tuple[Subgroups, ...], AfterValidator(_no_duplicates)] = ()
    effect: float | None = Field(None, gt=0)
    effect_sd: float | None = Field(None, gt=0)
    power: float = Field(0.8, gt=0, lt=1)

    @property
    def named_scores(self) -> tuple[str, ...]:
        """Primary and secondary scores, as they are written."""
        return (*self.metrics, *(self.secondary or ()))


class ExperimentFile(Frozen):
    """One experiment: a grid and what it compares. Keys are as users write them.

    Attributes:
        name: The experiment's name in commands, in the store and in Jobs: lowercase letters, digits and `-`.
        models: Models to train, each a name with its options: those of its `architecture` and any key of
            `training`, for this model alone, beside each other or in sections `options` and `training`.
            `[unet, gamma_net]` is short for two models without options.
        train_ratios: Shares of the patients that are trained on, each above 0 and below 1; the rest validate. Under
            `data.split` shares of its training patients, up to 1, which is the default there.
        folds: Folds of `data.split` that are trained, from 0; by default all of them.
        ablations: Variants of everything: `none`, `no_<step>` without one preprocessing step, `augmented` with
            augmentation, or one of your own: `{name: ..., without: [...], set: {...}}`.
        seeds: Each seed is one run of every cell of the grid: it decides the split, the start weights and the
            order of images. With fewer than 6 no exact test can find p < 0.05; with several train ratios, whose tests
            are corrected together, that takes more: 7 for two, 8 for four.
        data: Where the images are, and how they are prepared.
        training: How every model is trained.
        metrics: Scores that every run computes, by their short names, or by path, `pkg.module:name`. The first is
            compared and shown unless something else is declared.
        scoring: How whole cases are scored once a model is trained.
        compare: Which model is compared with which; one comparison, or a list of them.
        reproduces: Tables and figures of a published study whose printed values the report sets beside yours.
        backend: Where runs execute: `local`, this machine, or `kubernetes`; or another executor that is installed.
        store: Where runs keep everything: a folder, or `s3://bucket/prefix`. Without it `$GRIDCTL_STORE`, else
            the folder `runs`.
        uploads_at_once: Requests in flight that write to the store while runs are submitted, cancelled or
            deleted.
        kubernetes: Where and with what pods run, if the backend is `kubernetes`.
        plugin_path: Folders with modules of your own that `architecture: "pkg.module:Name"` names, beside those that
            are installed; relative ones start at this file's folder.
    """

    name: ExperimentName
    models: Mapping[str, Mapping[str, Any]]
    train_ratios: Annotated[tuple[TrainRatio, ...], *Checked]
    folds: Annotated[tuple[Annotated[int, Field(ge=0, lt=1000)], ...], AfterValidator(_no_duplicates)] = ()
    ablations: Annotated[tuple[Ablation, ...], *Checked] = (Ablation(name="none"),)
    seeds: Annotated[tuple[Seed, ...], *Checked]
    data: DataSpec
    training: TrainingSpec = TrainingSpec()
    metrics: MetricNames = DEFAULT_METRICS
    scoring: ScoringSpec = ScoringSpec()
    compare: Annotated[tuple[ComparisonSpec, ...], BeforeValidator(_one_or_many)] = ()
    reproduces: Annotated[tuple[str, ...], AfterValidator(_no_duplicates)] = ()
    backend: str = DEFAULT_EXECUTOR
    store: LocationText | None = None
    uploads_at_once: Annotated[int, Field(ge=1, le=32)] = 16
    kubernetes: KubernetesOptions = KubernetesOptions()
    plugin_path: Annotated[tuple[str, ...], AfterValidator(_no_duplicates)] = ()
