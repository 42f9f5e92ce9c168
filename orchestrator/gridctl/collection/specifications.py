"""Specifications of stored runs, and the fields in which two specifications differ."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.released.reading import read_specification
from gridctl_trainer.contract.spec import MAX_SPEC_BYTES, RunSpec, StepSpec
from gridctl_trainer.contract.spec.identity import RECORDED, identity
from gridctl_trainer.plugins.model import ModelOptions, options_of
from gridctl_trainer.storage.base import Store

_AT_ONCE: Final = 16


class StoredSpecifications:
    """Specifications of an experiment's runs, each read from its store once."""

    def __init__(self, store: Store, experiment: str) -> None:
        self._store = store
        self._experiment = experiment
        self._known: dict[str, RunSpec | None] = {}

    def read(self, run_ids: Sequence[str]) -> list[RunSpec]:
        """Those that can be read; a run without a valid one is left out."""
        new = [run_id for run_id in dict.fromkeys(run_ids) if run_id not in self._known]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            self._known |= zip(new, pool.map(self._read, new), strict=True)
        return [spec for run_id in run_ids if (spec := self._known[run_id]) is not None]

    def _read(self, run_id: str) -> RunSpec | None:
        key = RunLayout(self._experiment, run_id).spec
        try:
            spec = read_specification(self._store.get(key, MAX_SPEC_BYTES).data, key)
        except Fault:
            return None
        return spec if spec.run_id == run_id else None


def differences(old: RunSpec, new: RunSpec) -> dict[str, tuple[Any, Any]]:
    """Fields that can change a result and differ, by path: old and new value."""
    return different_values(dict(flat(deciding_values(old))), dict(flat(deciding_values(new))))


def deciding_values(run: RunSpec) -> dict[str, Any]:
    """Everything that can change a run's result, for display: with defaults, and steps by name and options."""
    content = identity(run, with_defaults=True)
    del content["schema_version"]
    content["data"]["preprocessing"] = [_shown_step(item) for item in run.data.preprocessing]
    with contextlib.suppress(Fault):  # the model may be one that is not installed here
        content["network"] = {"architecture": run.network.architecture, **_options(options_of(run.network))}
    return content


def _options(options: ModelOptions) -> dict[str, Any]:
    deciding = {key for key, field in type(options).model_fields.items() if RECORDED not in field.metadata}
    return options.model_dump(mode="json", include=deciding - ({"preset"} if options.presets else set()))


def _shown_step(step: StepSpec) -> str:
    options = ", ".join(f"{name}: {value}" for name, value in step.options.items())
    return f"{step.step} {{{options}}}" if options else step.step


def different_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Old and new value of each path whose values differ; None for one that is not there."""
    paths = [*before, *(path for path in after if path not in before)]
    return {path: (before.get(path), after.get(path)) for path in paths if before.get(path) != after.get(path)}


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Every leaf value by its dotted path."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from flat(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item
