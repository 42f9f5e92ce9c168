"""The plan of an experiment, hashed and kept when it is first submitted: what was asked before there was an answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, ClassVar, Final, Literal

from pydantic import ConfigDict

from gridctl.analysis.provenance_record import SealedPlan
from gridctl.collection.specifications import different_values, flat
from gridctl.experiment import Experiment
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.contract.fields.bounds import Count, Time
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.records.base import Record
from gridctl_trainer.storage.base import Store

_MOST_SHOWN: Final = 6
"""How many changes of a plan are named one by one."""

_WHAT_TO_DO: Final = "submit the sealed file again to report what was planned, or call what the report says exploratory"


class Seal(Record):
    """The sealed plan as it is stored.

    Attributes:
        at: When it was sealed, by the clock of the machine that submitted.
        gridctl: Version that sealed it.
        finished: Runs of the experiment that were finished by then; 0 where nothing was known yet.
        sha256: Of the plan.
        plan: As `plan_of`.
    """

    model_config = ConfigDict(extra="ignore")
    kind: ClassVar[str] = "a sealed plan"
    max_bytes: ClassVar[int] = 64 << 20

    schema_version: Literal[1] = 1
    at: Time
    gridctl: str
    finished: Count
    sha256: str
    plan: Mapping[str, Any]


def plan_of(experiment: Experiment) -> dict[str, Any]:
    """What an experiment will train and test: its comparisons, the axes of its grid, and a digest of each run.

    A run's digest covers all that can change its result, and no path, device or comment.
    """
    return {
        "experiment": experiment.name,
        "models": list(experiment.models),
        "train_ratios": list(experiment.train_ratios),
        "ablations": list(experiment.ablations),
        "seeds": list(experiment.seeds),
        "compare": [item.model_dump(mode="json") for item in experiment.compare],
        "runs": {run.run_id: run.digest for run in sorted(experiment.runs, key=lambda run: run.run_id)},
    }


def digest_of(plan: Mapping[str, Any]) -> str:
    """SHA-256 of a plan, as JSON with its keys sorted and without spaces."""
    return hashlib.sha256(canonical_json(plan).encode()).hexdigest()


def seal(store: Store, experiment: Experiment, finished: int) -> str:
    """Keep the plan of an experiment, unless one is kept already.

    Args:
        store: Of the experiment.
        experiment: As it is submitted.
        finished: Runs of it that are finished by now.

    Returns:
        A message if it could not be kept, or if another plan was sealed before; else empty.
    """
    plan = plan_of(experiment)
    made = Seal(at=datetime.now(UTC), gridctl=version("gridctl"), finished=finished, sha256=digest_of(plan), plan=plan)
    try:
        key = layout.seal(experiment.name)
        if store.create(key, (json.dumps(made.model_dump(mode="json"), indent=2) + "\n").encode()):
            return ""
    except StoreError as error:
        return f"the plan cannot be sealed, so no report can show that it came first: {error.problems[0]}"
    return "; ".join(edits_of(store, experiment))


def sealed_plan(store: Store, experiment: Experiment) -> SealedPlan | None:
    """What a report says about the seal; None where nothing was sealed.

    Raises:
        StoreError: The store cannot be reached.
    """
    try:
        found = _read(store, experiment.name)
    except NotFoundError:
        return None
    except StoreError as error:
        if error.passing:
            raise
        return SealedPlan("", "", 0, [_unreadable(error, experiment.name)])
    return SealedPlan(found.sha256, found.at.isoformat(), found.finished, list(_edits(found, experiment)))


def edits_of(store: Store, experiment: Experiment) -> Sequence[str]:
    """What differs from the sealed plan, in sentences; empty if nothing does or nothing was sealed.

    Raises:
        StoreError: The store cannot be reached.
    """
    found = sealed_plan(store, experiment)
    return found.edits if found else ()


def _read(store: Store, experiment: str) -> Seal:
    key = layout.seal(experiment)
    return Seal.from_json(store.get(key, Seal.max_bytes).data, f"{store.url}/{key}")


def _unreadable(error: StoreError, experiment: str) -> str:
    return f"the sealed plan cannot be read ({error.problems[0].what}): restore the original {layout.seal(experiment)}"


def _edits(found: Seal, experiment: Experiment) -> Iterator[str]:
    actual = digest_of(found.plan)
    when = f"{found.at:%Y-%m-%d %H:%M} UTC"
    if actual != found.sha256:
        yield (
            f"the sealed plan was edited after it was sealed on {when}: its SHA-256 is {actual[:12]}, and not "
            f"{found.sha256[:12]}; restore the original {layout.seal(experiment.name)}"
        )
        return
    changes = list(_changes(found.plan, plan_of(experiment)))
    if changes:
        more = len(changes) - _MOST_SHOWN
        said = "; ".join(changes[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        yield f"the plan is not the one sealed on {when}: {said}; {_WHAT_TO_DO}"


def _changes(sealed: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What was changed in a plan; keys that the gridctl of that time did not know do not count."""
    for axis in ("models", "train_ratios", "ablations", "seeds"):
        was, is_ = sealed.get(axis, []), now[axis]
        if was != is_:
            yield f"{axis} were {_shown(was)}, are {_shown(is_)}"
    before, after = sealed.get("compare", []), now["compare"]
    if len(before) != len(after):
        yield f"compare had {len(before)} comparisons, has {len(after)}"
    for number, (was, is_) in enumerate(zip(before, after, strict=False)):
        at = f"compare[{number}]" if len(after) > 1 else "compare"
        known = {name: value for name, value in is_.items() if name in was}
        for path, (old, new) in different_values(dict(flat(was)), dict(flat(known))).items():
            yield f"{at}.{path} was {_shown(old)}, is {_shown(new)}"
    runs, runs_now = sealed.get("runs", {}), now["runs"]
    added, lost = runs_now.keys() - runs.keys(), runs.keys() - runs_now.keys()
    other = [name for name in runs_now.keys() & runs.keys() if runs_now[name] != runs[name]]
    if added or lost or other:
        yield f"{len(added)} runs were added, {len(lost)} taken out and {len(other)} changed"


def _shown(value: Any) -> str:
    return "none" if value is None else canonical_json(value) if isinstance(value, list | dict) else str(value)
