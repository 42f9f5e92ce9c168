"""Single patients of the runs that the page shows: pairs, limits of agreement, and the worst cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from gridctl.analysis.model import Report
from gridctl.analysis.scorecards.patient_scores import PatientScores
from gridctl.experiment.scores.measures import Measure, Measures, checkpoint_of_score
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.patient_plots import Volumes, agreement_plot, paired_plot
from gridctl.report.renderers.html.charts.plot import MARKS_DRAWN, Plot
from gridctl.report.renderers.html.gallery import CellGallery, Gallery, Output, Slice
from gridctl.report.renderers.html.representatives import Example, Shown
from gridctl.report.renderers.scorecard_columns import AGREEMENT, BESIDE
from gridctl.report.scope import key_of_time_points
from gridctl.report.scorecard import shown_value
from gridctl_trainer.contract.score_name import ScoreName

WORST: Final = 6
"""How many cases are shown of each set."""

CAVITY: Final = "left_ventricle"
"""The structure whose ejection fractions have a section of their own."""


@dataclass(frozen=True, slots=True)
class WorstCase:
    """One of the cases that a model segments worst.

    Attributes:
        score: In words: `Dice 0.412`.
        beside: Its other metrics, by label.
        picture, output: A slice of it, if the run keeps one as a sample.
    """

    patient: str
    time_point: str
    group: str
    model: Model
    score: str
    beside: Mapping[str, str]
    picture: Slice | None = None
    output: Output | None = None


@dataclass(frozen=True, slots=True)
class SetPatients:
    """What is shown of one set in one cell."""

    set: str
    example: Example
    plots: Sequence[Plot]
    worst: Sequence[WorstCase]
    label: str

    @property
    def time_points(self) -> str:
        """What the abbreviated time points of the worst cases are."""
        return key_of_time_points([case.time_point for case in self.worst])


@dataclass(frozen=True, slots=True)
class CellPatients:
    """One cell of the grid.

    Attributes:
        size_px: Side of the pictures; 0 where there are none.
    """

    shown: Shown
    sets: Sequence[SetPatients]
    size_px: int


@dataclass(frozen=True, slots=True)
class Patients:
    """All cells that fit, and those left out."""

    cells: Sequence[CellPatients]
    left_out: Sequence[str]


def shown_patients(
    report: Report, cases: pd.DataFrame, representatives: Sequence[Shown], models: Sequence[Model], gallery: Gallery
) -> Patients:
    """Patients of the representative runs of each cell.

    Args:
        report: What it compares decides which score and which two models.
        cases: As `Collected.cases`.
        representatives: The runs shown: of one seed each.
        models: All of the experiment.
        gallery: Slices that these runs keep to look at.
    """
    measures = _measures(report)
    checkpoint = checkpoint_of_score(report.score) or "final"
    scores = {name: PatientScores.of(cases, measure, checkpoint) for name, measure in measures.items()}
    of_checkpoint = cases[cases["checkpoint"] == checkpoint] if measures else cases[:0]
    pictured = {cell.shown.key: cell for cell in gallery.cells}
    cells: list[CellPatients] = []
    left_out: list[str] = []
    drawn = 0
    for shown in representatives if measures else ():
        if drawn > MARKS_DRAWN:
            left_out.append(shown.cell)
            continue
        of_sets = []
        for set_name, example in shown.of_set.items():
            if set_name not in measures:
                continue
            pair = _pair(report, models, example)
            of_set = _of_set(
                measures[set_name],
                scores[set_name],
                of_checkpoint,
                example,
                pair,
                pictured.get(shown.key),
                report.measures,
            )
            of_sets += [of_set] if of_set else []
        drawn += sum(len(plot.marks) for of_set in of_sets for plot in of_set.plots)
        if of_sets:
            size = pictured[shown.key].size_px if shown.key in pictured else 0
            cells.append(CellPatients(shown, of_sets, size))
    return Patients(cells, left_out)


def _measures(report: Report) -> dict[str, Measure]:
    """By set, the first score of cases that the report has of it."""
    found: dict[str, Measure] = {}
    for name in dict.fromkeys(summary.metric for summary in report.summaries):
        measure = report.measures[name]
        if measure.level != "slice" and measure.is_score:
            found.setdefault(measure.set, measure)
    return found


def _of_set(
    measure: Measure,
    scores: PatientScores,
    cases: pd.DataFrame,
    example: Example,
    pair: tuple[Model, Model] | None,
    pictured: CellGallery | None,
    measures: Measures,
) -> SetPatients | None:
    of_runs = cases[cases["run_id"].isin(list(example.runs.values())) & (cases["set"] == measure.set)]
    if of_runs.empty:
        return None
    groups = dict(zip(of_runs["patient"].astype(str), of_runs["group"].astype(str), strict=True))
    plots: list[Plot] = []
    if pair is not None:
        found = scores.pair(example.runs[pair[0]], example.runs[pair[1]])
        if found.patients:
            plots.append(paired_plot(measure, *pair, found, example.seed, groups))
    plots += _agreements(of_runs, measure, example, measures)
    worst = list(_worst(of_runs, measure, example, groups, pictured))
    return SetPatients(measure.set, example, plots, worst, measure.metric_label) if plots or worst else None


def _pair(report: Report, models: Sequence[Model], example: Example) -> tuple[Model, Model] | None:
    """The two models that are compared first, if both have a run here."""
    asked = next((part for part in report.comparisons if part.kind == "models"), None)
    by_name = {model.name: model for model in models}
    names = (asked.model, asked.against) if asked else tuple(by_name)[:2][::-1]
    if len(names) < 2 or any(by_name[name] not in example.runs for name in names):
        return None
    return by_name[names[0]], by_name[names[1]]


def _agreements(cases: pd.DataFrame, measure: Measure, example: Example, measures: Measures) -> Iterator[Plot]:
    """Volumes and ejection fraction of the structure that the score is of; that of the cavity has its own section."""
    of_structure = cases[(cases["structure"] == measure.structure) & (cases["time_point"] == "patient")]
    own_section = {"ef"} if measure.structure == CAVITY else set()
    for metric, title in AGREEMENT.items():
        if metric in own_section:
            continue
        both = of_structure[of_structure["metric"].isin([metric, f"true_{metric}"])]
        of_models: dict[Model, Volumes] = {}
        for model, run in example.runs.items():
            of_run = both[both["run_id"] == run]
            table = of_run.pivot_table(index="patient", columns="metric", values="value", observed=True)
            if metric in table and f"true_{metric}" in table:
                known = table[[metric, f"true_{metric}"]].dropna()
                values = (known[metric].to_numpy(dtype=float), known[f"true_{metric}"].to_numpy(dtype=float))
                if len(known):
                    of_models[model] = Volumes([str(name) for name in known.index], *values)
        if of_models:
            unit = measures[str(ScoreName(measure.set, metric, measure.structure))].unit
            yield agreement_plot(f"{title}, limits of agreement", unit, of_models, example.seed)


def _worst(
    cases: pd.DataFrame,
    measure: Measure,
    example: Example,
    groups: Mapping[str, str],
    pictured: CellGallery | None,
) -> Iterator[WorstCase]:
    by_run = {run: model for model, run in example.runs.items()}
    of_structure = cases[cases["structure"].isin(measure.structures)]
    ranked = of_structure[of_structure["metric"] == measure.metric].dropna(subset=["value"])
    ranked = ranked.sort_values("value", ascending=measure.higher_is_better, kind="stable").head(WORST)
    beside = of_structure[of_structure["metric"].isin(list(BESIDE))]
    values = {
        (str(run), str(patient), str(time), str(structure), str(metric)): float(value)
        for run, patient, time, structure, metric, value in beside[
            ["run_id", "patient", "time_point", "structure", "metric", "value"]
        ].itertuples(index=False, name=None)
    }
    for run, patient, time, structure, value in ranked[
        ["run_id", "patient", "time_point", "structure", "value"]
    ].itertuples(index=False, name=None):
        model = by_run[str(run)]
        known = {
            heading: shown_value(metric, number)
            for metric, heading in BESIDE.items()
            if metric != measure.metric
            and (number := values.get((str(run), str(patient), str(time), str(structure), metric))) is not None
            and number == number
        }
        slice_, output = _picture(pictured, measure.set, f"{patient} {time} ", model)
        score = f"{measure.metric_label} {shown_value(measure.metric, float(value))}"
        score += f", {str(structure).replace('_', ' ')}" if measure.is_pooled else ""
        group = groups.get(str(patient), "")
        yield WorstCase(str(patient), str(time), group, model, score, known, slice_, output)


def _picture(
    pictured: CellGallery | None, set_name: str, begins: str, model: Model
) -> tuple[Slice | None, Output | None]:
    for slice_ in pictured.slices if pictured else ():
        if slice_.set == set_name and slice_.name.startswith(begins) and slice_.outputs.get(model):
            return slice_, slice_.outputs[model][-1]
    return None, None
