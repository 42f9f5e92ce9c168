"""The commands `gridctl-trainer data ...`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gridctl_trainer.cli import completion
from gridctl_trainer.cli.help_examples import EXAMPLES
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.location import read_folder, read_location
from gridctl_trainer.contract.spec import DEFAULT_STEPS
from gridctl_trainer.contract.wording import count
from gridctl_trainer.terminal.command_app import CommandApp
from gridctl_trainer.terminal.usage_examples import examples

if TYPE_CHECKING:
    from gridctl_trainer.datasets.slices import Progress

app = CommandApp(
    add_completion=False,  # the parent app has completion
    help="Check data, prepare it, and put it where pods find it; make synthetic data.",
    epilog=examples(*EXAMPLES["data"]),
)

STEPS: Final = tuple(item.step for item in DEFAULT_STEPS)


def _folder(text: str) -> Path:
    return read_folder(text, "the folder on the command line")


Root = Annotated[
    Path,
    typer.Argument(
        parser=_folder,
        metavar="ROOT",
        help="Folder of ACDC or Sunnybrook as published, or of both.",
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[=OPTIONS]",
        help="Name of the data set, such as mnms or pkg.module:Name, with its options as JSON.",
        show_default="recognised by its files",
        autocompletion=completion.datasets,
    ),
]
SizePx = Annotated[int, typer.Option(min=1, max=4096, help="Side of the square that models see.")]


@app.callback()
def commands() -> None:
    """Check data, prepare it, and put it where pods find it."""


@app.command(epilog=examples(*EXAMPLES["data check"]))
def check(
    root: Root,
    figures: Annotated[
        Path | None,
        typer.Option(
            parser=_folder, metavar="DIR", help="Folder for a picture of every patient's slices with their outlines."
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STRUCTURE",
            help="A structure to be segmented; faults of other structures are only notes. Repeatable.",
            show_default="left_ventricle",
        ),
    ] = None,
    dataset: Dataset = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show patients, slices, spacing, volumes and ejection fractions, and everything odd with its file.

    Exits with 3 if training would be wrong.
    """
    import json

    from rich.console import Console

    from gridctl_trainer.contract.spec.data import DEFAULT_TARGET
    from gridctl_trainer.dataset_check.check import check_set, find_sets, to_json
    from gridctl_trainer.dataset_check.copies import copies_as_json, find_copies
    from gridctl_trainer.dataset_check.view import print_check, print_copies
    from gridctl_trainer.datasets.registry import find_sources, find_test_root
    from gridctl_trainer.host.available_cores import available_cores
    from gridctl_trainer.plugins.dataset import read_dataset
    from gridctl_trainer.preprocessing.loading import holds_packs

    if holds_packs(root):
        _check_packs(root, as_json=as_json)
        return
    checked = []
    given = read_dataset(dataset, str(root)) if dataset else None
    for kind, (folder, sources) in find_sets(root, given).items():
        with _bar(f"reading {kind}") as progress:
            structures = tuple(target or DEFAULT_TARGET)
            checked.append(check_set(kind, folder, sources, progress, available_cores(), figures, structures))
        options = given.options if given else {}
        if (test := find_test_root(kind, folder, options)) is None:
            continue
        with _bar(f"reading the test set of {kind}") as progress:
            of_test, cores = find_sources(kind, test, options), available_cores()
            checked.append(check_set(kind, test, of_test, progress, cores, figures, structures, is_test=True))
    copies = find_copies(checked)
    if as_json:
        said = [{**to_json(found), "copies": copies_as_json(found, copies)} for found in checked]
        sys.stdout.write(json.dumps(said, indent=2) + "\n")
    else:
        console = Console(highlight=False)
        for found in checked:
            print_check(found, console)
        print_copies(copies, console)
    if figures is not None:
        sys.stderr.write(
            f"pictures of {count(sum(len(found.patients) for found in checked), 'patient')} in {figures}\n"
        )
    if any(found.wrong for found in checked):
        raise typer.Exit(exit_codes.BAD_DATA)


@app.command(epilog=examples(*EXAMPLES["data pack"]))
def pack(
    root: Root,
    out: Annotated[
        Path,
        typer.Argument(
            parser=_folder, metavar="OUT", help="Folder of packs, to be named in an experiment file instead of ROOT."
        ),
    ],
    size_px: SizePx = 176,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP",
            help=f"A preprocessing step to leave out: {', '.join(STEPS)}. Repeatable.",
            autocompletion=completion.steps,
        ),
    ] = None,
    further: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="STEP[=OPTIONS]",
            help="A preprocessing step of a plugin to add, with its options as JSON. Repeatable.",
        ),
    ] = None,
    frames: Annotated[
        int, typer.Option(min=1, max=64, help="Frames of each series, for models with temporal context.")
    ] = 1,
    dataset: Dataset = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Patients at once.", show_default="cores")] = None,
) -> None:
    """Prepare a data set once; if interrupted, the same command continues where it stopped.

    Training does this by itself on first use, into this machine's cache. A pack made here is for
    other machines: it can be copied, put on a shared volume, or uploaded.
    """
    from gridctl_trainer.contract.errors import DataError, SpecError
    from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
    from gridctl_trainer.dataset_check.check import find_sets
    from gridctl_trainer.host.available_cores import available_cores
    from gridctl_trainer.plugins.dataset import read_dataset
    from gridctl_trainer.plugins.step_order import steps_with
    from gridctl_trainer.preprocessing.packs.packing import make_pack
    from gridctl_trainer.preprocessing.recipe import Recipe

    unknown = sorted(set(without or ()) - set(STEPS))
    if unknown:
        raise SpecError(f"no preprocessing step: {', '.join(unknown)}", where="--without", fix=", ".join(STEPS))
    steps = steps_with(further or (), without or ())
    data = DataSpec(train=DatasetSpec(dataset="acdc", path=str(root)), size_px=size_px, preprocessing=steps)
    given = read_dataset(dataset, str(root)) if dataset else None
    for kind, (folder, sources) in find_sets(root, given).items():
        recipe = Recipe.of(kind, data, frames, given.options if given else None)
        try:
            with _bar(f"packing {recipe.name}") as progress:
                prepared, made = make_pack(out, sources, folder, recipe, progress, workers or available_cores())
        except OSError as error:
            raise DataError(f"cannot write it: {error.strerror}", where=error.filename or out) from None
        for oddity in prepared.oddities:
            sys.stderr.write(f"note: {oddity}\n")
        said = "wrote" if made else "there already:"
        sys.stderr.write(
            f"{said} {count(len(prepared), 'image')} of {count(len(sources), 'patient')} in {out / recipe.name}\n"
        )


@app.command(epilog=examples(*EXAMPLES["data upload"]))
def upload(
    folder: Annotated[
        Path,
        typer.Argument(
            parser=_folder,
            metavar="FOLDER",
            help="A data set as published, or a folder of packs.",
        ),
    ],
    url: Annotated[str, typer.Argument(help="s3://bucket/prefix, to be named in an experiment file.")],
) -> None:
    """Upload a folder to a bucket, with checksums; files that are already there are skipped."""
    from gridctl_trainer.datasets.transfer.uploading import upload as uploaded

    _require_bucket(url)
    with _bar("uploading") as progress:
        sent, files = uploaded(folder, url, progress)
    sys.stderr.write(f"sent {sent} of {count(files, 'file')} to {url}, {_already(files - sent)}\n")


def _already(files: int) -> str:
    return f"{files} {'was' if files == 1 else 'were'} there already"


def _require_bucket(url: str) -> None:
    from gridctl_trainer.contract.errors import LocationError

    if not read_location(url, "URL").is_remote:
        raise LocationError("not a location in a bucket", where="URL", fix="use s3://bucket/prefix")


@app.command(epilog=examples(*EXAMPLES["data download"]))
def download(
    url: Annotated[str, typer.Argument(help="s3://bucket/prefix.")],
    folder: Annotated[
        Path,
        typer.Argument(parser=_folder, metavar="FOLDER", help="Where to put it, such as a volume that pods read."),
    ],
) -> None:
    """Download a data set or packs from a bucket to a folder, with checksums; if interrupted, run it again to continue.

    Pods do this by themselves if an experiment names the bucket. This is for a volume that is filled once.
    """
    from gridctl_trainer.datasets.transfer.fetching import download as downloaded

    _require_bucket(url)
    with _bar("downloading") as progress:
        came, files = downloaded(url, folder, progress)
    sys.stderr.write(f"fetched {came} of {count(files, 'file')} to {folder}, {_already(files - came)}\n")


@app.command(epilog=examples(*EXAMPLES["data phantom"]))
def phantom(
    out: Annotated[
        Path,
        typer.Argument(
            parser=_folder,
            metavar="OUT",
            help="Folder to write; it must not exist yet.",
        ),
    ],
    patients: Annotated[int, typer.Option(min=2, max=999, help="Patients in ACDC's format.")] = 12,
    generalisation_patients: Annotated[int, typer.Option(min=1, max=99, help="Patients in Sunnybrook's format.")] = 4,
    slices: Annotated[int, typer.Option(min=1, max=20, help="Slices of each heart.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    series: Annotated[bool, typer.Option("--series", help="Every frame of the cycle, for temporal context.")] = False,
) -> None:
    """Write a synthetic set of beating hearts in the formats of ACDC and Sunnybrook."""
    from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom

    options = PhantomOptions(patients, generalisation_patients, slices, seed, series)
    with _bar("drawing hearts") as progress:
        written = write_phantom(out, options, progress)
    said = "wrote" if written else "there already:"
    sys.stderr.write(
        f"{said} {count(patients, 'patient')} to {out / 'acdc'}, {generalisation_patients} to {out / 'sunnybrook'}\n"
    )


def _check_packs(root: Path, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from rich.console import Console

    from gridctl_trainer.dataset_check.view import print_pack
    from gridctl_trainer.preprocessing.loading import packs_in
    from gridctl_trainer.preprocessing.packs.pack import open_pack

    found = {folder: open_pack(folder, fix="make it again with `data pack`") for folder in packs_in(root)}
    if as_json:
        text = [
            {
                "pack": folder.name,
                "images": len(prepared),
                "patients": len(set(prepared.patients)),
                "oddities": [asdict(oddity) for oddity in prepared.oddities],
            }
            for folder, prepared in found.items()
        ]
        sys.stdout.write(json.dumps(text, indent=2) + "\n")
        return
    for folder, prepared in found.items():
        patients = len(set(prepared.patients))
        counted = f"{count(len(prepared), 'image')} of {count(patients, 'patient')}"
        text_line = f"{counted}, checksums right, {count(len(prepared.oddities), 'oddity', 'oddities')}"
        print_pack(folder, text_line, prepared.oddities, Console(highlight=False))


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Progress]:
    """Show a bar with the remaining time on a terminal."""
    from rich.console import Console

    from gridctl_trainer.terminal.progress_bars import bar

    with bar(Console(stderr=True), title) as progress:
        yield progress
