"""A published study beside ours, before it is rendered. Every name here is a key of the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StudyCell:
    """One number that a study prints, and ours.

    Attributes:
        row, column: Headings in the printed table.
        architecture, metric, train_ratio: What identifies the corresponding runs of ours.
        model, ablation: Their names in this experiment; empty if it has none.
        printed_mean, printed_sd: As printed; None where nothing is.
        printed_p: As printed, such as `< 0.01`; empty where nothing is.
        n_runs, n_epochs: Numbers of our runs and epochs.
        pooled_mean, pooled_sd: Ours over all epochs of all runs.
        run_mean, run_sd: Ours over runs.
        p, p_holm: From our test over runs that corresponds to the printed p.
        p_pooled: The same over pooled epochs: not to be believed.
        difference: Ours minus printed_mean: pooled_mean, or run_mean where the print is over runs.
    """

    row: str
    column: str
    architecture: str
    metric: str
    train_ratio: float
    model: str
    ablation: str
    printed_mean: float | None
    printed_sd: float | None
    printed_p: str
    n_runs: int
    n_epochs: int
    pooled_mean: float | None
    pooled_sd: float | None
    run_mean: float | None
    run_sd: float | None
    p: float | None
    p_holm: float | None
    p_pooled: float | None
    difference: float | None


@dataclass(frozen=True, slots=True)
class StudyPoint:
    """One point of a figure, from our runs.

    Attributes:
        label: Name of the score in text.
        x: Value of its item's `x_axis`.
        n: Number of runs.
        ci_low, ci_high: 95% t interval of the mean over runs; None below two runs.
    """

    architecture: str
    model: str
    metric: str
    label: str
    x: float
    n: int
    mean: float
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class StudyItem:
    """A table or figure of a study beside ours.

    Attributes:
        item: `table 5.1`.
        title: What it shows.
        source: Where it is printed.
        statement: What the study says about it besides cells: figures may print no numbers.
        cells: Cells of a table.
        points: Points of a figure, from our runs only.
        said: How ours compare, in words.
        notes: Models and metrics that only one of the two has, one sentence each.
        caption: How to read the numbers.
        x_axis: Axis of a figure: `epoch` or `train ratio`; empty for a table.
    """

    item: str
    title: str
    source: str
    statement: str
    cells: Sequence[StudyCell] = ()
    points: Sequence[StudyPoint] = ()
    said: str = ""
    notes: Sequence[str] = ()
    caption: str = ""
    x_axis: str = ""


@dataclass(frozen=True, slots=True)
class StudySection:
    """All that an experiment reproduces of one study.

    Attributes:
        study: Its name among the registered studies.
        title: Title of the section.
        lead: How to read it, in a sentence or two.
        items: Tables and figures, in the order of `reproduces`.
    """

    study: str
    title: str
    lead: str
    items: Sequence[StudyItem]
