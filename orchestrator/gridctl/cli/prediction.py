"""`gridctl predict`: masks of scans by trained runs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from gridctl.cli import completion
from gridctl.cli.options import ExperimentOfRun, StoreUrl, output_path
from gridctl_trainer.terminal.prediction_options import EndDiastole


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def predict(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A finished run's id, or the beginning of it; with --ensemble the beginning that its members share.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ],
    place: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="A NIfTI file, or a folder with NIfTI files or DICOM series below it.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Folder for the masks.", show_default=False)
    ],
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="Mean probability of all seeds and folds of one model.")
    ] = False,
    best: Annotated[
        bool, typer.Option("--best", help="Use the weights of the best epoch, not those of the last.")
    ] = False,
    device: Annotated[Device, typer.Option(help="Where to compute; auto takes a GPU if there is one.")] = Device.AUTO,
    end_diastole: EndDiastole = None,
    experiment: ExperimentOfRun = None,
    store: StoreUrl = None,
) -> None:
    """Segment scans with a trained model: NIfTI masks on each scan's own grid, and dataset.json, which names labels."""
    from gridctl.commands.predict import arguments_for_trainer, predicting_runs
    from gridctl.executors.trainer_command import run_trainer_command
    from gridctl_trainer.contract.location import read_folder

    folders = str(read_folder(place, "INPUT")), str(output_path(output))
    where, runs = predicting_runs(run, experiment, store, ensemble=ensemble)
    wanted = arguments_for_trainer(where, runs, *folders, device.value, best=best, end_diastole=end_diastole)
    raise typer.Exit(run_trainer_command(wanted))
