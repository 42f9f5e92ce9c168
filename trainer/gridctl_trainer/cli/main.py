"""The program `gridctl-trainer`, with commands such as `run SPEC`, `data ...` and `describe MODEL`.

Exit codes are defined in `gridctl_trainer.contract.exit_codes`.
"""

from __future__ import annotations

import logging
import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gridctl_trainer.cli import completion
from gridctl_trainer.cli.faults import exit_code_of, show, unforeseen
from gridctl_trainer.cli.help_examples import EXAMPLES
from gridctl_trainer.terminal import score_options
from gridctl_trainer.terminal.command_app import CommandApp
from gridctl_trainer.terminal.completion import answer_shell, is_completing
from gridctl_trainer.terminal.prediction_options import EndDiastole
from gridctl_trainer.terminal.usage_examples import examples

if TYPE_CHECKING:
    from gridctl_trainer.host.signals import StopSignal

app = CommandApp(
    name="gridctl-trainer",
    epilog=examples(*EXAMPLES[""]),
)


class ProgressStyle(StrEnum):
    """How to show progress."""

    AUTO = "auto"
    JSON = "json"
    NONE = "none"


class Device(StrEnum):
    """The device to compute on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def _show_version(wanted: bool) -> None:
    if wanted:
        from gridctl_trainer.host.source_version import git_sha, version

        sys.stdout.write(f"gridctl-trainer {version() or 'unknown'} (commit {git_sha() or 'unknown'})\n")
        raise typer.Exit


@app.callback()
def commands(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show version and commit, and exit."),
    ] = False,
) -> None:
    """Train one model of a grid, and inspect data and models."""


@app.command(epilog=examples(*EXAMPLES["run"]))
def run(
    spec: Annotated[str, typer.Argument(help="A spec.json: a file, a URL in a store, or - for standard input.")],
    store: Annotated[
        str | None, typer.Option(help="Where to keep everything.", show_default="the store that holds SPEC")
    ] = None,
    progress: Annotated[
        ProgressStyle, typer.Option(help="auto: a bar on a terminal; json: lines on standard output.")
    ] = ProgressStyle.AUTO,
) -> None:
    """Train one run, from its last checkpoint if there is one."""
    from gridctl_trainer.training.preflight.installation import InstallationError, note_in_log, required
    from gridctl_trainer.training.progress.display import Bar, JsonLines, Silent, TrainingProgress

    try:
        stop = _prepare_to_train()
        with required():
            from gridctl_trainer.training.attempt.run import run as attempt
    except InstallationError as fault:
        note_in_log(spec, store, fault)
        raise

    shown: TrainingProgress = Silent()
    if progress is ProgressStyle.JSON:
        shown = JsonLines(sys.stdout)
    elif progress is ProgressStyle.AUTO and sys.stderr.isatty():
        shown = Bar("training")
    try:
        raise typer.Exit(attempt(spec, store, shown, stop))
    finally:
        shown.close()


@app.command(epilog=examples(*EXAMPLES["preflight"]))
def preflight(
    specs: Annotated[
        list[str], typer.Argument(metavar="SPEC...", help="A spec.json: a file or a URL; - reads one per line.")
    ],
    progress: Annotated[
        ProgressStyle, typer.Option(help="auto: a bar on a terminal; json: lines on standard output.")
    ] = ProgressStyle.AUTO,
) -> None:
    """Find what would keep runs from training here: device, data, patients of each part, one step of each model.

    Exits like a run: with 2 for a wrong specification or device, 3 for wrong data.
    """
    stop = _prepare_to_train(logging.ERROR)  # what is odd about the data is reported as a finding
    from gridctl_trainer.training.preflight.installation import required

    with required():
        from gridctl_trainer.cli.preflight import preflight as looked_at

    raise typer.Exit(looked_at(specs, as_json=progress is ProgressStyle.JSON, stop=stop))


@app.command(epilog=examples(*EXAMPLES["predict"]))
def predict(
    specs: Annotated[
        list[str],
        typer.Argument(metavar="SPEC...", help="spec.json of a finished run in its store; several form an ensemble."),
    ],
    place: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="A NIfTI file, or a folder of NIfTI files or DICOM series."),
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="DIR", help="Folder for the masks.")],
    best: Annotated[
        bool, typer.Option("--best", help="Use the weights of the best epoch, not those of the last.")
    ] = False,
    device: Annotated[Device, typer.Option(help="Where to compute; auto takes a GPU if there is one.")] = Device.AUTO,
    end_diastole: EndDiastole = None,
    store: Annotated[
        str | None, typer.Option(help="Where the runs are.", show_default="the store that holds SPEC")
    ] = None,
) -> None:
    """Segment scans with one finished run or the mean of several, as NIfTI masks on the grid of each scan."""
    _log_to_stderr(logging.WARNING)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from gridctl_trainer.training.preflight.installation import required

    with required():
        from gridctl_trainer.cli.prediction import predict_and_show
        from gridctl_trainer.training.prediction.predict import Request

    from gridctl_trainer.contract.location import read_folder

    folders = read_folder(place, "INPUT"), read_folder(output, "--output")
    predict_and_show(Request(specs, store, *folders, best=best, device=device.value, diastole=end_diastole))


@app.command(epilog=examples(*EXAMPLES["weights"]))
def weights(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="spec.json of a finished run in its store.")],
    store: Annotated[
        str | None, typer.Option(help="Where the run is.", show_default="the store that holds SPEC")
    ] = None,
) -> None:
    """Print the SHA-256 of a finished run's weights, computed from its last checkpoint; result.json has the same."""
    _log_to_stderr(logging.WARNING)
    from gridctl_trainer.training.preflight.installation import required

    with required():
        from gridctl_trainer.training.checkpoints.finished_weights import finished_weights_sha256

    sys.stdout.write(f"{finished_weights_sha256(spec, store)}\n")


def _prepare_to_train(level: int = logging.INFO) -> StopSignal:
    """Make settings that torch and OpenCV read only once, when they are imported."""
    from gridctl_trainer.host.signals import StopSignal
    from gridctl_trainer.training.machine.memory_allocator import keep_freed_memory

    stop = StopSignal().install()
    keep_freed_memory()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the number in the specification is applied later
    _log_to_stderr(level)
    return stop


def _log_to_stderr(level: int) -> None:
    from gridctl_trainer.contract.secrets import MaskingFormatter
    from gridctl_trainer.training.logs.attempt_output import FORMAT

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
    logging.captureWarnings(True)
    for library in ("boto3", "botocore", "s3transfer", "urllib3"):  # they log where they found credentials, and more
        logging.getLogger(library).setLevel(logging.WARNING)


@app.command(epilog=examples(*EXAMPLES["describe"]))
def describe(
    model: Annotated[
        str,
        typer.Argument(
            help="unet, gamma_net, or another installed model; or PKG.MODULE:NAME.", autocompletion=completion.models
        ),
    ],
    size_px: Annotated[int, typer.Option(min=1, help="Side of the images.")] = 128,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per step.")] = 2,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="OPTION=VALUE",
            help="An option of the network, such as timesteps=4. Repeatable.",
            autocompletion=completion.options,
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Optimizer: adam, adamw, sgd, or a section as JSON.",
            show_default="that of the model's preset, else adam",
        ),
    ] = None,
    card_gib: Annotated[float, typer.Option(min=0.1, help="Memory of the device; the thesis's card had 11.")] = 11,
    plugin_path: Annotated[
        list[str] | None,
        typer.Option(metavar="FOLDER", help="Where to find a model that is named by its path. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show layers, shapes, parameters, FLOPs and memory of a network, and whether training it fits on a device."""
    import json

    from gridctl_trainer.cli.description_options import described_network, described_optimizer
    from gridctl_trainer.plugins.class_path import extend_import_path
    from gridctl_trainer.training.network_description import describe as described

    extend_import_path(plugin_path or ())
    trains = described_optimizer(model, assignments or (), optimizer)
    found = described(described_network(model, assignments or ()), size_px, batch_size, trains)
    if as_json:
        sys.stdout.write(json.dumps(found.to_json(), indent=2) + "\n")
        return
    from rich.console import Console

    from gridctl_trainer.cli.description_view import print_description

    print_description(found, card_gib, Console(highlight=False))


@app.command(epilog=examples(*EXAMPLES["score"]))
def score(
    predictions: score_options.Predictions,
    truth: score_options.Truth,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=score_options.DATASET_HELP, autocompletion=completion.datasets),
    ] = None,
    labels: score_options.Labels = None,
    truth_labels: score_options.TruthLabels = None,
    pattern: score_options.Pattern = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help=score_options.METRIC_HELP,
            show_default="all",
            autocompletion=completion.case_metrics,
        ),
    ] = None,
    output: score_options.OutputFile = None,
    as_json: score_options.AsJson = False,
) -> None:
    """Score any masks against the truth: overlap, surface distances in mm, volumes, ejection fraction.

    Exits with 1 if some cases could not be scored; the others are scored.
    """
    from pathlib import Path

    from gridctl_trainer.contract.location import read_folder
    from gridctl_trainer.file_scoring.command import score as scored
    from gridctl_trainer.file_scoring.request import ScoreRequest

    wanted = ScoreRequest(
        read_folder(predictions, "PREDICTIONS"),
        read_folder(truth, "TRUTH"),
        dataset,
        labels,
        truth_labels,
        pattern,
        metrics or (),
    )
    raise typer.Exit(scored(wanted, None if output is None else Path(output), json_wanted=as_json))


def _mount_data_commands() -> None:
    from gridctl_trainer.cli.data import app as data

    app.add_typer(data, name="data")


def main() -> None:
    """Run a command, and turn a fault into its message and exit code."""
    from gridctl_trainer.terminal.command_line import run_command

    if sys.argv[1:2] not in (
        ["run"],
        ["preflight"],
        ["predict"],
        ["weights"],
    ):  # these must start fast and need no image formats
        _mount_data_commands()
    if is_completing("gridctl-trainer"):
        answer_shell(app)
        return
    run_command(
        app,
        "gridctl-trainer",
        show=show,
        exit_code_of=exit_code_of,
        unforeseen=unforeseen,
    )


if __name__ == "__main__":
    main()
