"""Shell completion of values: from this folder and local stores only, so that it is instant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gridctl_trainer.terminal.completion import completer, typed_option, typed_words


@completer
def experiments(incomplete: str) -> Iterable[str]:
    """Names of experiments: those of `--store` if it is a folder, else those submitted from here; or files."""
    folder = _given_store()
    names = _experiments_in(folder) if folder else sorted(_submitted())
    return [*names, *_files(incomplete)] if incomplete or not names else names


@completer
def files(incomplete: str) -> Iterable[str]:
    """Experiment files here, and in folders one level down."""
    return _files(incomplete)


@completer
def runs(incomplete: str) -> Iterable[str]:
    """Runs of the experiment that the command is about, or of all that were submitted from here."""
    from gridctl.submissions.submitted_runs import submitted_runs

    submissions = _submitted()
    folder = _given_store()
    there = _experiments_in(folder) if folder else sorted(submissions)
    wanted = [name for name in there if name in typed_words()] or there
    for name in wanted:
        store = folder or _local(submissions.get(name, {}).get("store", ""))
        known = submitted_runs(name) if not folder else ()
        yield from known or (_runs_in(store / name) if store else ())


@completer
def keys(incomplete: str) -> Iterable[str]:
    """Keys of an experiment file by their paths, as `--set` takes them; after `KEY=` the values of one that has few."""
    from gridctl.experiment.reference.key_paths import key_paths, key_values

    path, equals, _ = incomplete.partition("=")
    if equals:
        return [f"{path}={value}" for value in key_values(path)]
    return [f"{path}=" for path in key_paths(_models_of(_typed_file()))]


@completer
def executors(incomplete: str) -> Iterable[str]:
    """Executors that are installed."""
    from gridctl.experiment.executor_names import installed_executors

    return list(installed_executors())


@completer
def metrics(incomplete: str) -> Iterable[str]:
    """Metrics of a report."""
    from gridctl_trainer.plugins.metric import METRICS

    return [f"validation.{name}" for name in METRICS.names()]


@completer
def scores(incomplete: str) -> Iterable[str]:
    """How a run's epochs become one score."""
    return "final", "best", "mean", "last-5", "last-10"


def _submitted() -> Mapping[str, Mapping[str, str]]:
    """Read as plain JSON: the model that validates it takes longer to import than this takes in all."""
    from gridctl.submissions.submitted_experiments import FOLDER

    found = json.loads((Path(FOLDER) / "submitted.json").read_bytes()) if Path(FOLDER).is_dir() else {}
    experiments: Mapping[str, Mapping[str, str]] = found.get("experiments", {})
    return experiments


def _given_store() -> Path | None:
    return _local(typed_option("--store"))


def _local(store: str) -> Path | None:
    """The folder of a store; None for a bucket, which is not asked."""
    from gridctl_trainer.contract.location import read_location

    location = read_location(store) if store else None
    return location.folder if location and not location.is_remote else None


def _experiments_in(store: Path) -> list[str]:
    return sorted(path.parent.name for path in store.glob("*/experiment.yaml"))


def _runs_in(experiment: Path) -> list[str]:
    return sorted(path.parent.name for path in experiment.glob("*/spec.json"))


def _files(incomplete: str) -> Iterator[str]:
    """YAML files whose names begin so, and those in folders whose names do."""
    before, slash, begun = incomplete.rpartition("/")
    folder = Path(before + slash) if before + slash else Path()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.name.startswith(begun):
            continue
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        yield from (f"{before}{slash}{found.relative_to(folder)}" for found in inside if _is_yaml(found))


def _is_yaml(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml") and path.is_file()


def _typed_file() -> Path | None:
    """The experiment file on the command line so far, else the first of this folder."""
    from gridctl.cli.experiment_files import experiment_files

    typed = (Path(word) for word in typed_words() if word.endswith((".yaml", ".yml")))
    return next(typed, None) or next(experiment_files(Path()), None)


def _models_of(path: Path | None) -> list[str]:
    """Names of the models in an experiment file."""
    from gridctl.experiment.document import Document

    if path is None or not path.is_file():
        return []
    models = Document.read(path).content.get("models", [])
    return list(models)


@completer
def datasets(incomplete: str) -> Iterable[str]:
    """Data sets that are installed."""
    from gridctl_trainer.plugins.dataset import DATASETS

    return DATASETS.names()


@completer
def case_metrics(incomplete: str) -> Iterable[str]:
    """Metrics of masks."""
    from gridctl_trainer.plugins.metric import METRICS

    return [name for name in METRICS.names() if METRICS.find(name).level != "slice"]
