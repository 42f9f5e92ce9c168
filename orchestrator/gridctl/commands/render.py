"""`gridctl render`: the Jobs as YAML, for review and for `kubectl apply`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gridctl.errors import InputError
from gridctl.executors.capabilities import Renders
from gridctl.executors.registry import executor_classes
from gridctl.experiment import Experiment


@dataclass(frozen=True, slots=True)
class JobText:
    """The Job of one run as YAML."""

    run_id: str
    text: str


def render_jobs(experiment: Experiment) -> list[JobText]:
    """The Jobs of all runs, in the order of the grid. Asks neither cluster nor store.

    Raises:
        InputError: The `kubernetes` section or the template is not valid.
    """
    for executor in executor_classes(experiment):
        if isinstance(executor, Renders):
            return [JobText(run_id, text) for run_id, text in executor.render(experiment)]
    raise InputError("no installed executor can show its manifests")


def as_stream(rendered: Iterable[JobText]) -> str:
    """All Jobs as one YAML stream."""
    return "---\n".join(item.text for item in rendered)


def write_jobs(rendered: Iterable[JobText], folder: Path) -> list[Path]:
    """Each Job as `<run_id>.yaml` in a folder, which is made if missing.

    Raises:
        InputError: It cannot be written.
    """
    from gridctl_trainer.host.atomic_file import replacing

    written = []
    for item in rendered:
        path = folder / f"{item.run_id}.yaml"
        try:
            with replacing(path) as file:
                file.write(item.text.encode())
        except OSError as error:
            raise InputError(
                f"cannot write it: {error.strerror}", where=path, fix="choose another folder with -o"
            ) from None
        written.append(path)
    return written
