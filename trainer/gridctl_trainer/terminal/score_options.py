"""Arguments and options of `score`, which both commands have."""

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
        metavar="TRUTH", help="The same of the truth, with the same names (_gt is left out of account); or a data set."
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER=NAME,...",
        help="What the numbers are: 1=right_ventricle,2=myocardium,3=left_ventricle.",
        show_default="dataset.json beside PREDICTIONS, or those of --dataset",
    ),
]
TruthLabels = Annotated[
    str | None,
    typer.Option(metavar="NUMBER=NAME,...", help="Those of TRUTH, if it has others.", show_default="as --labels"),
]
Pattern = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Of names, with groups patient and time_point.",
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

DATASET_HELP = "Whose layout TRUTH has, such as acdc."
METRIC_HELP = "Only this metric of cases or patients. Repeatable."
