"""The commands that say what was planned, and whether a report is what the store gives: seal, verify."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridctl.cli.options import AsJson, ExperimentFile, Overrides, StoreUrl

if TYPE_CHECKING:
    from gridctl.commands.retrain import Retrained


def seal(experiment: ExperimentFile, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Print the SHA-256 of an experiment's plan, as its first submission seals it: for preregistration.

    The plan is what is compared and how, the grid, and a digest of all that can change the result of each run.
    Nothing is written, and no store is asked.
    """
    from gridctl import api
    from gridctl.history.seal import digest_of, plan_of
    from gridctl.terminal import console

    loaded = api.load(experiment, overrides or [])
    plan = plan_of(loaded)
    digest = digest_of(plan)
    compared = console.count(len(loaded.compare), "comparison")
    console.say(f"plan of {loaded.name}: {console.count(len(loaded.runs), 'run')}, {compared}")
    if as_json:
        console.show_json({"sha256": digest, "plan": plan})
    else:
        console.show(digest)


def verify(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="A report.json, or the folder that `gridctl report -o` wrote.")
    ],
    store: StoreUrl = None,
    sealed: Annotated[
        str | None,
        typer.Option(
            "--sealed", metavar="SHA256", help="SHA-256 that the sealed plan must have, as gridctl seal printed it."
        ),
    ] = None,
    retrain: Annotated[
        bool,
        typer.Option("--retrain", help="Also train one finished run again here, and compare its weights and log."),
    ] = False,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="Which one: its id, or a beginning of it.", show_default="at random"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random choice of a run.")] = 0,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="NAME=PATH", help="Where a data set lies here, such as train=PATH. Repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild a report from the store and say whether anything differs: exit code 0 if nothing does, else 1."""
    from dataclasses import asdict

    from gridctl import api, errors
    from gridctl.terminal import console

    places = _places(data or (), wanted=retrain, run=run)
    found = api.verify(
        report,
        store=store,
        sealed=sealed,
        retrain=retrain,
        run=run,
        seed=seed,
        data=places,
        progress=console.on_stderr,
    )
    again = found.retrained
    if as_json:
        console.show_json({name: value for name, value in asdict(found).items() if name != "retrained" or again})
    else:
        for difference in found.differences:
            console.show(str(difference))
        if not found.differences:
            objects, files = console.count(found.objects, "object"), ", ".join(found.files)
            console.show(f"nothing differs: {files} from {objects} of {found.store}")
        if again:
            _show_retrained(again)
    if report.is_dir() and (report / "report.html").is_file():
        console.say("note: report.html is not compared: it shows where runs stood when it was written")
    if found.sealed:
        console.say(f"sealed plan: SHA-256 {found.sealed}")
    elif not any(item.where.endswith("seal.json") for item in found.differences):
        console.say(
            "note: no plan was sealed, so nothing shows that it came before the results; the first submission seals it"
        )
    if found.differences or (again and not again.same):
        raise typer.Exit(errors.RUNS_FAILED)


def _places(given: Sequence[str], *, wanted: bool, run: str | None) -> dict[str, str]:
    """Data sets and where they lie here.

    Raises:
        InputError: They are not NAME=PATH, or nothing is to be trained.
    """
    from gridctl.errors import InputError

    if not wanted and (given or run):
        option = "--data" if given else "--run"
        raise InputError(f"{option} is for a run that is trained again", where=option, fix="add --retrain")
    places = {}
    for text in given:
        name, separator, path = text.partition("=")
        if not separator or not name or not path:
            raise InputError(f"'{text}' is not NAME=PATH", where="--data", fix="for example --data train=data/acdc")
        places[name] = path if "://" in path else str(Path(path).absolute())
    return places


def _show_retrained(again: Retrained) -> None:
    from gridctl.terminal import console

    for difference in again.differences:
        console.show(f"{again.run_id}: {difference}")
    if again.same:
        console.show(f"{again.run_id} ({again.chosen}): trained again it has the same weights and the same metric log")
    elif not again.expected:
        console.show(f"{again.run_id}: the same cannot be expected here: {'; '.join(again.elsewhere)}")
