"""`gridctl verify`: whether a report is what its store gives, object by object and value by value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from gridctl.collection.specifications import different_values
from gridctl.commands.lookup.experiments import Found, GoneExperimentError, stored_experiment
from gridctl.commands.reporting.report import document
from gridctl.commands.reporting.report_result import ReportResult, answer
from gridctl.errors import InputError
from gridctl.experiment.yaml_text.text_file import decode_text
from gridctl.history.record import read_history
from gridctl.history.report_objects import object_digests
from gridctl.report import FILES, ReportRequest
from gridctl.report.renderers.csv_and_json import side_tables
from gridctl.submissions.submitted_experiments import Submissions
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import Fault, StoreError, shortened
from gridctl_trainer.contract.json_text import require_keys_once
from gridctl_trainer.host.bounded_file import UnreadableFileError, read_bounded
from gridctl_trainer.storage.base import Store, open_store

if TYPE_CHECKING:
    from gridctl.commands.retrain import Retrained

_MAX_BYTES: Final = 1 << 30
_NOT_COMPARED: Final = "report.html"
"""The page shows the state of runs at the time it is written."""

_ANOTHER: Final = "gridctl report -o DIR writes one"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the report says.

    Attributes:
        where: An object's key in the store, or a file of the report.
        what: What is different, in words.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a verification.

    Attributes:
        experiment: Name of the report's experiment.
        store: URL of the store that it was compared with.
        differences: All of them; empty where the report is what the store gives.
        objects: How many objects of the store were compared.
        files: Files that were compared, by name.
        sealed: SHA-256 of the sealed plan; empty where none was sealed.
        finished_at_seal: Runs that were finished when it was sealed.
        retrained: The run that was trained again; None where none was asked for.
    """

    experiment: str
    store: str
    differences: tuple[Difference, ...]
    objects: int
    files: tuple[str, ...]
    sealed: str
    finished_at_seal: int
    retrained: Retrained | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    """A report read from a file, and what it says it was made from."""

    path: Path
    text: str
    content: Mapping[str, Any]
    experiment: str
    request: ReportRequest
    objects: Mapping[str, str]


def verify_report(path: Path, store_url: str | None = None, *, sealed: str | None = None) -> Verification:
    """Compare a report with what its store gives now; nothing is written.

    Args:
        path: A `report.json`, or the folder that `gridctl report -o` wrote, whose other tables are compared too.
        store_url: Where its experiment is kept; by default where it was submitted to from this folder.
        sealed: SHA-256 that the sealed plan must have, as `gridctl seal` printed it.

    Raises:
        InputError: It is not a report that can be verified, or its experiment was not submitted from this folder.
        StoreError: The store cannot be reached.
    """
    written = _read(path)
    store = open_store(store_url or Submissions.read().find(written.experiment).store)
    differences: list[Difference] = []
    try:
        result = _made_again(store, written)
    except (GoneExperimentError, StoreError) as error:
        if not isinstance(error, StoreError) or error.passing:
            raise
        return _not_made_again(store, written, error)
    except Fault as error:
        return _not_made_again(store, written, error)
    result = _without_later_history(result, written)
    made = result.report.provenance
    differences += _of_objects(written.objects, made.objects)
    differences += (
        Difference(layout.seal(written.experiment), edit) for edit in (made.plan.edits if made.plan else ())
    )
    differences += _of_seal(written.experiment, made.plan.sha256 if made.plan else "", sealed)
    differences += _of_content(written, result)
    files = [written.path.name]
    if path.is_dir():
        for name, text in _other_files(result):
            if (path / name).is_file():
                files.append(name)
                if _bytes(path / name) != text.encode():
                    differences.append(Difference(name, "its text is not what the store gives"))
    return Verification(
        experiment=written.experiment,
        store=store.url,
        differences=tuple(differences),
        objects=len(made.objects),
        files=tuple(files),
        sealed=made.plan.sha256 if made.plan else "",
        finished_at_seal=made.plan.finished if made.plan else 0,
    )


def _made_again(store: Store, written: _Written) -> ReportResult:
    """The report rebuilt from the store as it is now and the history that it was made with."""
    experiment = stored_experiment(store, written.experiment)
    history = read_history(store, written.experiment, written.objects)
    result, _ = answer(Found(experiment, store, experiment.backend, None), written.request, history, fresh=True)
    return result


def _not_made_again(store: Store, written: _Written, why: Fault) -> Verification:
    """The objects that differ, if the store no longer yields a report."""
    listed = store.list(layout.experiment_prefix(written.experiment))
    now = object_digests(store, [stat for stat in listed if stat.key in written.objects], fresh=True)
    differences = [
        *_of_objects(written.objects, now),
        Difference(written.path.name, f"it cannot be made again: {why.problems[0]}"),
    ]
    return Verification(written.experiment, store.url, tuple(differences), len(now), (), "", 0)


def _read(path: Path) -> _Written:
    file = path / FILES["json"] if path.is_dir() else path
    text = decode_text(_bytes(file), str(file))
    try:
        content = json.loads(text)
        require_keys_once(text)
        if not isinstance(content, dict):
            raise ValueError("it is not an object")
        made_from = content["provenance"]
        request = TypeAdapter(ReportRequest).validate_python(made_from["request"], extra="forbid")
        objects = TypeAdapter(dict[str, str]).validate_python(made_from["objects"])
        experiment = TypeAdapter(str).validate_python(content["experiment"])
        if request.unit not in ("run", "epoch") or request.seed < 0:
            raise ValueError(f"provenance.request has unit {request.unit!r} and seed {request.seed}")
    except KeyError as error:
        raise InputError(
            f"not a report that can be verified: it has no {error}, so it is of an earlier version or was edited",
            where=file,
            fix=_ANOTHER,
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"not a report in JSON: {shortened(said)}", where=file, fix=_ANOTHER) from None
    if not re.fullmatch(r"[a-z0-9][-a-z0-9]*", experiment) or not objects:
        raise InputError("not a report that can be verified: it names no experiment", where=file, fix=_ANOTHER)
    return _Written(file, text, content, experiment, request, objects)


def _bytes(path: Path) -> bytes:
    try:
        return read_bounded(path, _MAX_BYTES)
    except FileNotFoundError:
        raise InputError("there is no such report", where=path, fix=_ANOTHER) from None
    except UnreadableFileError as error:
        raise InputError(str(error), where=path, fix="give a report.json or its folder") from None


def _without_later_history(result: ReportResult, written: _Written) -> ReportResult:
    """Leave out events after the report, and the report itself: these are not differences."""
    past = layout.history_prefix(written.experiment)
    made = result.report.provenance
    objects = {
        key: digest for key, digest in made.objects.items() if key in written.objects or not key.startswith(past)
    }
    return replace(result, report=replace(result.report, provenance=replace(made, objects=objects)))


def _of_objects(said: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Difference]:
    for key in sorted(said.keys() | now.keys()):
        was, is_ = said.get(key), now.get(key)
        if was == is_:
            continue
        if is_ is None:
            yield Difference(key, "it is gone from the store")
        elif was is None:
            yield Difference(key, "it is in the store, and was not when the report was made")
        else:
            yield Difference(key, f"its SHA-256 is {is_[:12]}, and was {was[:12]} when the report was made")


def _of_seal(experiment: str, found: str, wanted: str | None) -> Iterator[Difference]:
    if wanted is None or found == wanted.removeprefix("sha256:").lower():
        return
    key = layout.seal(experiment)
    yield Difference(key, f"the sealed plan has SHA-256 {found}, not {wanted}" if found else "no plan was sealed")


def _of_content(written: _Written, result: ReportResult) -> Iterator[Difference]:
    text = result.text("json")
    file = written.path.name
    as_shown = {text, _ascii(text)}
    if written.text.removesuffix("\n") in as_shown:
        return
    said = dict(_leaves({**written.content, "provenance": _without_objects(written.content)}))
    content = json.loads(text)
    now = dict(_leaves({**content, "provenance": _without_objects(content)}))
    differing = different_values(said, now)
    for path, (was, is_) in differing.items():
        hint = "; verify with the versions that made the report" if path.startswith("provenance.analysis.") else ""
        yield Difference(file, f"{path} is {_value(was)}, and {_value(is_)} from the store{hint}")
    if not differing and written.content["provenance"]["objects"] == content["provenance"]["objects"]:
        yield Difference(file, "its text was edited, though each of its values is what the store gives")


def _without_objects(content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out objects that differ: they are named by their keys already."""
    return {name: value for name, value in content["provenance"].items() if name != "objects"}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, _Exact(value)


class _Exact:
    """A JSON value that is compared exactly: 1 is not true, and 1.0 is not 1."""

    def __init__(self, value: Any) -> None:
        self.text = json.dumps(value, ensure_ascii=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Exact) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def _value(value: _Exact | None) -> str:
    return "not there" if value is None else shortened(value.text)


def _ascii(text: str) -> str:
    """The text as `gridctl report --json` writes it where the encoding lacks characters."""
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)


def _other_files(result: ReportResult) -> Iterator[tuple[str, str]]:
    for output_format, name in FILES.items():
        if name not in (FILES["json"], _NOT_COMPARED):
            yield name, document(result.report, output_format)
    yield from side_tables(result.report).items()
