"""Completion of option and argument values of `gridctl-trainer`."""

from __future__ import annotations

from collections.abc import Iterable

from gridctl_trainer.terminal.completion import completer, typed_words


@completer
def models(incomplete: str) -> Iterable[str]:
    """Propose architectures."""
    from gridctl_trainer.plugins.model import MODELS

    return MODELS.names()


@completer
def options(incomplete: str) -> Iterable[str]:
    """Propose options of the network to be described, and after `OPTION=` the values of an option that has few."""
    from gridctl_trainer.contract.fields.few_values import few_values
    from gridctl_trainer.plugins.model import installed_options

    named = [network for name, network in installed_options().items() if name in typed_words()]
    option, equals, _ = incomplete.partition("=")
    if equals:
        fields = [network.model_fields[option] for network in named if option in network.model_fields]
        return [f"{option}={value}" for field in fields for value in few_values(field.annotation)]
    return [f"{name}=" for network in named for name in network.model_fields]


@completer
def datasets(incomplete: str) -> Iterable[str]:
    """Propose data sets."""
    from gridctl_trainer.plugins.dataset import DATASETS

    return DATASETS.names()


@completer
def steps(incomplete: str) -> Iterable[str]:
    """Propose preprocessing steps."""
    from gridctl_trainer.contract.spec import DEFAULT_STEPS

    return [item.step for item in DEFAULT_STEPS]


@completer
def case_metrics(incomplete: str) -> Iterable[str]:
    """Propose metrics of masks."""
    from gridctl_trainer.plugins.metric import METRICS

    return [name for name in METRICS.names() if METRICS.find(name).level != "slice"]
