"""Arguments and options of `score`, which both programs share."""

from __future__ import annotations

from typing import Annotated

import typer

Predictions = Annotated[
    str,
    typer.Argument(metavar="PREDICTIONS", help="Folder of NIfTI label maps, such as nnU-Net's output; or one file."),
]
Truth = Annotated[
    str,
    typer.Argument(
        metavar="TRUTH", help="The same for the truth, with the same names apart from an ending _gt; or a data set."
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER=NAME,...",
        help="What the numbers stand for: 1=right_ventricle,2=myocardium,3=left_ventricle.",
        show_default="dataset.json beside PREDICTIONS, or those of --dataset",
    ),
]
TruthLabels = Annotated[
    str | None,
    typer.Option(metavar="NUMBER=NAME,...", help="The same for TRUTH, if it differs.", show_default="as --labels"),
]
Pattern = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Pattern of names, with groups patient and time_point.",
        show_default="_ED and _ES at the end are time points",
    ),
]
OutputFile = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Also write every case to a .parquet, .json, .csv or .jsonl.gz file."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]

DATASET_HELP = "Data set whose layout TRUTH has, such as acdc."
METRIC_HELP = "Compute only this metric of cases or patients. Repeatable."
