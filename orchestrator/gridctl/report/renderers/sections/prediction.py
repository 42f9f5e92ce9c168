"""Tables of comparisons with masks that somebody else made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from gridctl.analysis.model import Report
from gridctl.analysis.model.predictions import PredictionsRow
from gridctl.analysis.predictions.wording import is_significant
from gridctl.experiment.scores.measures import titled
from gridctl.report.numbers import effect, interval, mean_sd, p_value, share, signed
from gridctl.report.predictions import place
from gridctl.report.renderers.sections.section import Section
from gridctl.terminal.console import count


def prediction_sections(report: Report) -> Iterator[Section]:
    """One table per comparison and score; then what else was computed of it."""
    parts: dict[tuple[str, str, str], list[PredictionsRow]] = defaultdict(list)
    for row in report.predictions:
        parts[row.model, row.against, row.metric].append(row)
    for rows in parts.values():
        yield _tests(report, rows)
    for rows in parts.values():
        if any(row.patients > 1 for row in rows):
            yield _other_tests(report, rows)


def _title(report: Report, rows: Sequence[PredictionsRow]) -> str:
    first = rows[0]
    role = " (secondary)" if first.secondary else ""
    return f"{titled(report.measures[first.metric])}{role}, {first.model} against the masks of {first.against}"


def _tests(report: Report, rows: Sequence[PredictionsRow]) -> Section:
    first, of_runs = rows[0], rows[0].train_ratio is not None
    columns = [*(["ratio", "networks"] if of_runs else []), first.model, first.against]
    columns += ["diff.", "95% CI", "p", "Holm", "g_z", "n", "left out"]
    table = []
    for row in rows:
        cells = [place(row), str(row.networks)] if of_runs else []
        cells += [mean_sd(row.model_mean, row.model_sd), mean_sd(row.against_mean, row.against_sd)]
        cells += [signed(row.difference), interval(row.ci_low, row.ci_high), p_value(row.p), p_value(row.p_holm)]
        table.append([*cells, effect(row.hedges_g_z), str(row.patients), str(row.patients_left_out)])
    better = "higher" if first.higher_is_better else "lower"
    mean = "scores of several networks are averaged within each patient; " if of_runs else ""
    caption = (
        f"mean (sd) over n patients, time points of each averaged; {mean}difference, interval and p: paired t over "
        f"patients, p after Holm over {count(first.family_size, 'test')} of {first.family!r}; g_z: Hedges' g of the "
        "differences"
    )
    emphasised = frozenset(at for at, row in enumerate(rows) if is_significant(row))
    notes = list(_notes(rows))
    return Section(f"{_title(report, rows)} ({better} is better)", columns, table, emphasised, caption, notes)


def _notes(rows: Sequence[PredictionsRow]) -> Iterator[str]:
    said: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        said[row.verdict].append(place(row))
    for verdict, places in said.items():
        named = ", ".join(name for name in places if name)
        yield f"ratio {named}: {verdict}" if named else verdict
    for why in dict.fromkeys(row.left_out_because for row in rows if row.left_out_because):
        yield f"left out of both sides: {why}"
    if left_out := sum(row.runs_left_out for row in rows):
        verbs = ("has", "is") if left_out == 1 else ("have", "are")
        yield f"{count(left_out, 'finished run')} {verbs[0]} no scores of cases and {verbs[1]} left out"
    for population in dict.fromkeys(row.population for row in rows if row.p is not None):
        yield f"holds for {population}"


def _other_tests(report: Report, rows: Sequence[PredictionsRow]) -> Section:
    of_runs = rows[0].train_ratio is not None
    columns = [*(["ratio"] if of_runs else []), "BCa 95% CI", "flips", "ranks", "BH", "wins", "wins 95% CI"]
    table = []
    for row in rows:
        cells = [place(row)] if of_runs else []
        cells += [interval(row.bca_low, row.bca_high), p_value(row.p_permutation), p_value(row.p_wilcoxon)]
        cells += [p_value(row.p_bh), share(row.probability_of_improvement)]
        table.append([*cells, interval(row.improvement_low, row.improvement_high)])
    caption = (
        "over patients: BCa bootstrap of the mean difference; sign-flip test; signed-rank test; p after Benjamini and "
        f"Hochberg; patients in whom {rows[0].model} scores better, ties a half, with Wilson's interval"
    )
    return Section(f"{_title(report, rows)}: other tests", columns, table, caption=caption)
