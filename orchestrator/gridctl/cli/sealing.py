"""The commands that say what was planned, and whether a report is what the store gives: seal, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridctl.cli.options import AsJson, ExperimentFile, Overrides, StoreUrl


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
    as_json: AsJson = False,
) -> None:
    """Rebuild a report from the store and say whether anything differs: exit code 0 if nothing does, else 1."""
    from dataclasses import asdict

    from gridctl import api, errors
    from gridctl.terminal import console

    found = api.verify(report, store=store, sealed=sealed, progress=console.on_stderr)
    if as_json:
        console.show_json(asdict(found))
    else:
        for difference in found.differences:
            console.show(str(difference))
        if not found.differences:
            objects, files = console.count(found.objects, "object"), ", ".join(found.files)
            console.show(f"nothing differs: {files} from {objects} of {found.store}")
    if report.is_dir() and (report / "report.html").is_file():
        console.say("note: report.html is not compared: it shows where runs stood when it was written")
    if found.sealed:
        console.say(f"sealed plan: SHA-256 {found.sealed}")
    elif not any(item.where.endswith("seal.json") for item in found.differences):
        console.say(
            "note: no plan was sealed, so nothing shows that it came before the results; the first submission seals it"
        )
    if found.differences:
        raise typer.Exit(errors.RUNS_FAILED)
