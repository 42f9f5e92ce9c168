"""Options of `predict`, which both programs share."""

from __future__ import annotations

from typing import Annotated

import typer

EndDiastole = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="FRAME",
        help="For models that read series: number of the end-diastolic frame of recordings, from 1. Time runs backward "
        "to this frame and forward to every other frame, as in training.",
        show_default="from Info.cfg beside a scan, else 1",
    ),
]
