"""What each model chose among the ablations, as a table of text."""

from __future__ import annotations

from collections.abc import Iterator

from gridctl.analysis.model import Report
from gridctl.report.numbers import MISSING, mean_sd
from gridctl.report.renderers.sections.section import Section


def tuning_sections(report: Report) -> Iterator[Section]:
    """One row per train ratio, fold and model; nothing where nothing is tuned."""
    if not report.tuned:
        return
    folded = any(row.fold is not None for row in report.tuned)
    first = report.tuned[0]
    columns = ["ratio", *(["fold"] if folded else []), "model", "chosen", first.label, "options", "runs", "epochs"]
    rows = []
    for row in report.tuned:
        cells = [f"{row.train_ratio:g}", *([str(row.fold)] if folded else []), row.model]
        cells += [row.chosen or "not yet" if row.waiting else row.chosen or MISSING, mean_sd(row.mean, row.sd)]
        rows.append([*cells, str(row.options), str(row.runs), f"{row.epochs:,}"])
    caption = (
        "mean (sd) over the chosen ablation's runs, mean of the structures compared: too high, for the best of several "
        "was taken, and not tested; options: ways in which the ablations train this model; runs, epochs: of all of them"
    )
    title = f"What each model chose on {first.set}, selected on these patients"
    yield Section(title, columns, rows, caption=caption, text_columns=("model", "chosen"))
