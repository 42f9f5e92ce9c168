"""Experiment file -> validated experiment -> grid of RunSpec, with every mistake at once."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from gridctl.experiment.data.data_sets import with_data_sets_checked, with_data_sets_said
from gridctl.experiment.data.former_data_keys import refuse_former_keys
from gridctl.experiment.data.preprocessing_steps import steps_of, with_steps, with_steps_said
from gridctl.experiment.data.split_file import folds_of, with_split_read
from gridctl.experiment.document import Document, Location
from gridctl.experiment.empty_sections import without_empty_sections
from gridctl.experiment.executor_names import unknown_executor
from gridctl.experiment.kubernetes_environment import check_environment
from gridctl.experiment.kubernetes_options import KubernetesOptions
from gridctl.experiment.models.trained_networks import TrainedNetworks
from gridctl.experiment.models.variants import Variant, variants
from gridctl.experiment.opponents import number_of_comparisons, with_opponents_apart
from gridctl.experiment.schema import Ablation, ComparisonSpec, ExperimentFile, built_in_ablations
from gridctl.experiment.scores.claim_checks import check_claims, check_subgroups
from gridctl.experiment.scores.measures import Measures, measures_of, measures_of_test_set, scores_of_data
from gridctl.experiment.scores.pooled_structures import with_pooled
from gridctl.experiment.scores.score_checks import best_written_out, check_metrics, with_scores
from gridctl.experiment.study_registry import check_reproduced
from gridctl.experiment.validation import Problems, validate
from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.contract.spec import RunSpec, TrainingSpec
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.contract.wording import problem_text
from gridctl_trainer.plugins.image_size import why_unfit
from gridctl_trainer.plugins.model import MODELS

DEFAULT_STORE: Final = "runs"

MAX_RUNS: Final = 10_000
"""Most runs of one experiment."""

MAX_OF_EACH: Final = 100
"""Most models, ablations and comparisons of one experiment, since each is validated with every other."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A valid experiment and its grid.

    Attributes:
        store: The file's, else that of the variable GRIDCTL_STORE, else the folder `runs`.
        uploads_at_once: Requests in flight that write to the store while runs are submitted, cancelled or
            deleted.
        runs: All runs, pairs next to each other: by train ratio, ablation, seed, then model.
        document: The file it was read from, overrides applied.
        measures: The scores of its runs, with what is known about each.
        reproduces: Tables and figures of published studies that it repeats, as `study_registry` names them.
        executor_options: Options of a plugin's executor as they were written; None if there are none.
    """

    name: str
    models: tuple[str, ...]
    train_ratios: tuple[float, ...]
    ablations: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: tuple[int | None, ...]
    compare: tuple[ComparisonSpec, ...]
    backend: str
    store: str
    uploads_at_once: int
    kubernetes: KubernetesOptions
    runs: tuple[RunSpec, ...]
    document: Document
    measures: Measures = field(default_factory=dict)
    reproduces: tuple[str, ...] = ()
    executor_options: Any = None


def load_experiment(
    path: Path, overrides: Sequence[str] = (), *, store: str | None = None, backend: str | None = None
) -> Experiment:
    """Read and validate an experiment file.

    Args:
        path: The YAML file.
        overrides: `path=value` assignments of `--set`.
        store: Value of `--store`, taken literally.
        backend: Value of `--backend`.

    Raises:
        InputError: With every mistake of the file, each with its line and a suggestion.
    """
    options = {"store": store, "backend": backend}
    given = {name: text for name, text in options.items() if text is not None}
    document = Document.read(path).with_overrides(overrides).with_options(given)
    return parse_experiment(document.with_folders_resolved("plugin_path", path.parent.absolute()))


def parse_experiment(
    document: Document, *, from_elsewhere: bool = False, trained: TrainedNetworks | None = None
) -> Experiment:
    """Validate an experiment and expand its grid.

    Args:
        document: The experiment file.
        from_elsewhere: Whether its executor need not be installed here: what it trained is reported without it.
        trained: What runs of it were trained with, for models that cannot be imported here.

    Raises:
        InputError: With every mistake, each with its line and a suggestion.
    """
    problems = Problems(document)
    tree = without_empty_sections(ExperimentFile, document.content)
    _check_counts(tree, problems)
    problems.raise_if_any()
    tree = refuse_former_keys(tree, problems)
    if "models" in tree:
        tree["models"] = _models(tree["models"], problems)
    tree["ablations"] = _ablations(tree.get("ablations", ["none"]), steps_of(tree), problems)
    if isinstance(tree.get("compare"), dict):
        tree["compare"] = [tree["compare"]]
    tree["compare"] = with_opponents_apart(tree.get("compare", ()), problems.add)
    executor_options = _take_executor_options(tree)
    if not from_elsewhere and isinstance(tree.get("backend"), str) and (unknown := unknown_executor(tree["backend"])):
        problems.add(("backend",), *unknown)
    if not from_elsewhere:
        check_metrics(tree.get("metrics"), problems)
        if "data" in tree:
            tree["data"] = with_data_sets_checked(tree["data"], problems)
    tree = with_split_read(tree, problems)
    stepped = with_steps(tree, problems.add, from_elsewhere=from_elsewhere)
    file = validate(ExperimentFile, stepped, (), problems.add)
    grid = list(variants(tree, problems, trained))
    _check_comparisons(tree, problems)
    check_reproduced(tree.get("reproduces"), problems)
    check_environment(tree.get("kubernetes"), problems)
    problems.raise_if_any()
    assert file is not None
    check_claims(file, problems)
    _check_size(file, problems)
    problems.raise_if_any()
    runs = tuple(_expand(file, grid, problems))
    problems.raise_if_any()
    measures, of_test = measures_of(runs), measures_of_test_set(runs)
    every = with_pooled(measures | of_test, [name for item in file.compare for name in item.named_scores])
    compare = tuple(with_scores(item, index, every, problems) for index, item in enumerate(file.compare))
    named = dict.fromkeys(name for item in compare for name in item.named_scores)
    measures |= {name: every[name] for name in named if name in every}
    problems.raise_if_any()
    for index, item in enumerate(compare):
        check_subgroups(item, index, measures, problems)
    problems.raise_if_any()
    return Experiment(
        name=file.name,
        models=tuple(file.models),
        train_ratios=file.train_ratios,
        ablations=tuple(ablation.name for ablation in file.ablations),
        seeds=file.seeds,
        folds=folds_of(file.data.split, file.folds),
        compare=compare,
        backend=file.backend,
        store=file.store or _default_store(),
        uploads_at_once=file.uploads_at_once,
        kubernetes=file.kubernetes,
        runs=runs,
        document=with_steps_said(
            with_data_sets_said(document, tree["data"]),
            file.data.preprocessing,
            [step for ablation in file.ablations for step in ablation.without],
        ),
        measures=measures,
        reproduces=file.reproduces,
        executor_options=executor_options,
    )


def _take_executor_options(tree: dict[str, Any]) -> Any:
    """The section named like the file's executor; the executor validates it."""
    name = tree.get("backend")
    if not isinstance(name, str) or name not in tree or name in ExperimentFile.model_fields:
        return None
    section = tree.pop(name)
    return {} if section is None else section


def _default_store() -> str:
    given = os.environ.get("GRIDCTL_STORE")
    if not given:
        return DEFAULT_STORE
    read_location(given, "GRIDCTL_STORE")
    return given


def _models(value: Any, problems: Problems) -> Any:
    """`models` as a mapping; `[unet, gamma_net]` is short for two models without options."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        for index, name in enumerate(value):
            if name in value[:index]:
                problems.add(("models", index), f"'{name}' appears more than once")
        value = dict.fromkeys(value)
    if not isinstance(value, dict):
        problems.add(("models",), "models are a mapping of names to options", "for example models: {unet: {}}")
        return {}
    if not value:
        problems.add(("models",), "there is no model, so the grid has no runs", did_you_mean("", MODELS.names()))
    return {name: {} if options is None else options for name, options in value.items()}


def _ablations(value: Any, steps: Sequence[str], problems: Problems) -> Any:
    """Built-in ablations written out."""
    built_in = built_in_ablations(steps)
    if not isinstance(value, list):
        return value
    written = []
    for index, item in enumerate(value):
        if isinstance(item, str) and item not in built_in:
            fix = did_you_mean(item, built_in)
            problems.add(("ablations", index), f"unknown ablation '{item}'", fix)
            written.append({"name": f"unknown_{index}"})
        else:
            written.append(Ablation.built_in(item).model_dump() if isinstance(item, str) else item)
    return written


def _check_counts(tree: dict[str, Any], problems: Problems) -> None:
    """Refuse too many models, ablations or comparisons before anything is validated."""
    for key in ("models", "ablations", "compare"):
        items = tree.get(key)
        number_of = number_of_comparisons if key == "compare" else len
        if isinstance(items, dict | list) and (number := number_of(items)) > MAX_OF_EACH:
            problems.add((key,), f"there are {number:,}, more than {MAX_OF_EACH}", "split it into experiments")


def _check_size(file: ExperimentFile, problems: Problems) -> None:
    """Refuse too many runs before any is made."""
    parts = {
        "models": len(file.models),
        "train_ratios": len(file.train_ratios),
        "ablations": len(file.ablations),
        "seeds": len(file.seeds),
        **({"folds": len(folds)} if (folds := folds_of(file.data.split, file.folds)) != (None,) else {}),
    }
    runs = math.prod(parts.values())
    if runs > MAX_RUNS:
        said = " x ".join(f"{number:,} {name}" for name, number in parts.items())
        largest = max(parts, key=lambda name: parts[name])
        problems.add((largest,), f"{said} are {runs:,} runs, more than {MAX_RUNS:,}", "split it into experiments")


def _check_comparisons(tree: dict[str, Any], problems: Problems) -> None:
    comparisons = tree.get("compare")
    models = list(tree["models"]) if isinstance(tree.get("models"), dict) else []
    for index, comparison in enumerate(comparisons if isinstance(comparisons, list) else []):
        if not isinstance(comparison, dict):
            continue
        at = ("compare", index)
        for key in ("model", "against"):
            name = comparison.get(key)
            if isinstance(name, str) and models and name not in models:
                problems.add((*at, key), f"there is no model '{name}' here", did_you_mean(name, models))
        if comparison.get("model") is not None and comparison.get("model") == comparison.get("against"):
            problems.add(at, "a model is compared with itself")
        if comparison.get("metrics") == []:
            problems.add((*at, "metrics"), "the list is empty, so nothing is compared", "leave the key out")


def _with_best(
    file: ExperimentFile, variant: Variant, model: str, training: TrainingSpec, problems: Problems
) -> TrainingSpec:
    """Training with the full name of the score that decides the best checkpoint."""
    if training.checkpoint_keep_best is None:
        return training
    written, wrong = best_written_out(training, scores_of_data(variant.data, file.metrics))
    if wrong:
        own = "checkpoint_keep_best" in file.models[model]
        at = ("models", model) if own else ("training",)
        problems.add((*at, "checkpoint_keep_best"), *wrong)
        return training.model_copy(update={"checkpoint_keep_best": None})
    return written


def _expand(file: ExperimentFile, grid: Iterable[Variant], problems: Problems) -> Iterator[RunSpec]:
    by_name = {variant.ablation: variant for variant in grid}
    too_long: list[SpecError] = []
    for train_ratio in file.train_ratios:
        for index, ablation in enumerate(file.ablations):
            variant = by_name[ablation.name]
            for fold, seed in itertools.product(folds_of(variant.data.split, file.folds), file.seeds):
                for model in file.models:
                    chosen = variant.models[model]
                    blamed = ("ablations", index) if "data.size_px" in ablation.set else ("data", "size_px")
                    if unfit := why_unfit(variant.data.size_px, chosen.size_multiple, model):
                        problems.add(blamed, *unfit)
                        continue
                    training = _with_best(file, variant, model, chosen.training, problems)
                    try:
                        run = RunSpec(
                            experiment=file.name,
                            model=model,
                            network=chosen.network,
                            train_ratio=train_ratio,
                            fold=fold,
                            ablation=ablation.name,
                            seed=seed,
                            data=chosen.data(variant.data),
                            training=training,
                            metrics=file.metrics,
                            scoring=file.scoring,
                            plugin_path=file.plugin_path,
                        )
                        _ = run.run_id  # refuses a name that a label cannot hold
                    except ValidationError as error:
                        problems.add(_blamed(error, file, model) or blamed, problem_text(error.errors()[0]))
                    except SpecError as error:
                        too_long.append(error)
                    else:
                        yield run
    if too_long:
        longest = max(too_long, key=lambda error: len(error.problems[0].what)).problems[0]
        problems.add(("name",), longest.what, longest.fix)


def _blamed(error: ValidationError, file: ExperimentFile, model: str) -> Location | None:
    """The field that keeps a run from being made, if it is one of the split or of the loss."""
    what = str(error.errors()[0].get("msg", ""))
    if "structure_weights" in what:
        own = file.models[model]
        section = own if "loss" in own else own.get("training")
        at: Location = ("training",) if not section else ("models", model, *(() if section is own else ("training",)))
        return (*at, "loss", "structure_weights")
    if "train_ratio" in what:
        return ("train_ratios",)
    if "data.split" in what:
        return ("data", "split")
    return None
