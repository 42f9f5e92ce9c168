"""The thesis beside ours, before it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThesisCell:
    """One number printed in Li (2020) and ours.

    Attributes:
        row, column: Headings in the printed table.
        architecture, metric, train_ratio: Which of our runs it corresponds to.
        model, ablation: What these are called in this experiment; empty if it has none such.
        printed_mean, printed_sd: As printed; None where nothing is.
        printed_p: As printed, such as `< 0.01`; empty where nothing is.
        n_runs, n_epochs: Ours.
        pooled_mean, pooled_sd: Ours over all epochs of all runs, as the printed ones are.
        run_mean, run_sd: Ours over runs.
        p, p_holm: Of our test over runs that stands where the printed p does.
        p_pooled: The same over pooled epochs, as the printed p is: not to be believed.
        difference: pooled_mean - printed_mean (table 5.6: run_mean - printed_mean).
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
class FigurePoint:
    """One point of a figure, from our runs.

    Attributes:
        x: Train ratio (figures 5.1, 5.2) or epoch (figure 5.3).
        n: Runs.
        ci_low, ci_high: 95% t interval of the mean over runs; None below two runs.
    """

    architecture: str
    model: str
    metric: str
    x: float
    n: int
    mean: float
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class ThesisItem:
    """A table or figure of Li (2020) beside ours.

    Attributes:
        item: `table 5.1`.
        title: What it shows.
        source: Where it is printed.
        statement: What the thesis says of it that is no cell: figures print no numbers.
        cells: Of a table.
        points: Of a figure; ours only.
        said: How ours compare, in words.
    """

    item: str
    title: str
    source: str
    statement: str
    cells: Sequence[ThesisCell] = ()
    points: Sequence[FigurePoint] = ()
    said: str = ""
