"""A report as headed tables of text: what the terminal, Markdown and LaTeX show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from gridctl.analysis.inference.families import is_selected
from gridctl.analysis.model import Comparison, ComparisonRow, Overall, Report, Summary
from gridctl.analysis.wording import bca_coverage, cell_name, is_significant
from gridctl.experiment.scores.measures import primary_label, titled
from gridctl.report.conditions import comparison_name
from gridctl.report.numbers import MISSING, effect, interval, mean_sd, p_value, share, signed
from gridctl.report.renderers.sections.effect import effect_sizes, improvement_said, place_cells, place_columns
from gridctl.report.renderers.sections.section import Section
from gridctl.report.renderers.sections.trend import trend_sections
from gridctl.terminal.console import count


def sections(report: Report) -> Iterator[Section]:
    """All tables of what was measured and tested, in the order of reading."""
    tested = {row.metric for part in report.comparisons for row in part.rows}
    by_metric: dict[str, list[Summary]] = defaultdict(list)
    for summary in report.summaries:
        if not report.comparisons or summary.metric not in tested:
            by_metric[summary.metric].append(summary)
    for metric, summaries in by_metric.items():
        yield _summary(report, metric, summaries)
    for comparison in report.comparisons:
        rows: dict[str, list[ComparisonRow]] = defaultdict(list)
        for row in comparison.rows:
            rows[row.metric].append(row)
        for metric, family in rows.items():
            yield _comparison(report, comparison, metric, family)
        for metric, family in rows.items():
            if any(row.population_p is not None and row.test != "Nadeau-Bengio" for row in family):
                yield _readings(report, comparison, metric, family)
        alone = {row.metric: row for row in comparison.overall if row.cells == 1}  # of more there is a table below
        for metric, family in rows.items():
            if report.unit == "run" and any(row.n_pairs > 1 for row in family):
                yield _other_tests(report, comparison, metric, family)
                notes = list(improvement_said(alone[metric])) if metric in alone else []
                yield effect_sizes(_title(report, comparison, metric, family), place_columns(family), family, notes)
    yield from _whole_grid(report)
    yield from trend_sections(report)


def definitions(report: Report, metrics: Iterable[str] = ()) -> dict[str, str]:
    """The definition of each metric by its label, in order of first mention: those of the report's tables, and more.

    Args:
        report: Its summaries come first.
        metrics: Names of further scores.
    """
    names = dict.fromkeys([*(summary.metric for summary in report.summaries), *metrics])
    known = [report.measures[name] for name in names if name in report.measures]
    return {measure.metric_label: measure.definition for measure in known if measure.definition}


def footer(report: Report) -> str:
    """Versions and resampling behind the numbers, in one line."""
    made = report.provenance
    libraries = ", ".join(f"{name} {version}" for name, version in made.analysis.items())
    drawn = f"{made.resamples} resamples, seed {made.resampling_seed}"
    return f"made with {libraries}; {drawn}"


def _observations(report: Report, score: str) -> str:
    if report.unit == "epoch":
        return "every epoch of every run is one observation"
    named = {
        "final": "that of its final epoch",
        "best": f"that of its epoch of best {primary_label(report.measures)}",
        "mean": "the mean of all its epochs",
        "last-1": "that of its final epoch",
    }
    return f"a run's score is {named.get(score) or f'the mean of its last {score[5:]} epochs'}"


def tuned_on(report: Report) -> str | None:
    """The set on which each model chose among the ablations; None where nothing is tuned."""
    return report.tuned[0].set if report.tuned else None


def _summary(report: Report, metric: str, summaries: Sequence[Summary]) -> Section:
    cells: dict[tuple[float, str], dict[str, Summary]] = defaultdict(dict)
    for summary in summaries:
        cells[summary.train_ratio, summary.ablation][summary.model] = summary
    models = list(dict.fromkeys(summary.model for summary in summaries))
    ablated = any(summary.ablation != "none" for summary in summaries)
    rows = []
    for (ratio, ablation), of_cell in cells.items():
        row = [f"{ratio:g}", *([ablation] if ablated else [])]
        for model in models:
            row += [mean_sd(of_cell[model].mean, of_cell[model].sd), str(of_cell[model].n)]
        rows.append(row)
    columns = ["ratio", *(["ablation"] if ablated else [])]
    for model in models:
        columns += [model, "n"]
    caption = f"mean (sd) over n {report.unit}s; {_observations(report, report.score)}"
    measure = report.measures[metric]
    better = f" ({_better(higher=measure.higher_is_better)} is better)" if measure.is_score else ""
    selected = ", selected on these patients" if is_selected(report.score, measure, tuned_on(report)) else ""
    return Section(f"{titled(measure)}{selected}{better}", columns, rows, caption=caption)


def _comparison(report: Report, comparison: Comparison, metric: str, family: Sequence[ComparisonRow]) -> Section:
    ablated, place = any(row.ablation != "none" for row in family), place_columns(family)
    names = ("without", "none") if comparison.kind == "ablations" else (comparison.model, comparison.against)
    g = [] if ablated else ["g"]  # both do not fit into 80 columns; g is then in the second table
    columns = [*place, *names, "diff.", "95% CI", "p", "Holm", *g, "n"]
    rows = []
    for row in family:
        cells = place_cells(row, place)
        cells += [mean_sd(row.model_mean, row.model_sd), mean_sd(row.against_mean, row.against_sd)]
        cells += [signed(row.difference), interval(row.ci_low, row.ci_high)]
        cells += [p_value(row.p), p_value(row.p_holm), *([effect(row.hedges_g_av)] if g else []), _count(row)]
        rows.append(cells)
    emphasised = frozenset(index for index, row in enumerate(family) if report.unit == "run" and is_significant(row))
    better = _better(higher=family[0].higher_is_better)
    title = f"{_title(report, comparison, metric, family)} ({better} is better)"
    return Section(title, columns, rows, emphasised, _caption(report, comparison, family), list(_verdicts(family)))


def _title(report: Report, comparison: Comparison, metric: str, family: Sequence[ComparisonRow]) -> str:
    at = "" if "ratio" in place_columns(family) else f", ratio {family[0].train_ratio:g}"
    role = " (secondary)" if family[0].secondary else ""
    return f"{titled(report.measures[metric])}{role}, {comparison_name(comparison)}{at}"


def _count(row: ComparisonRow) -> str:
    return f"{row.n_model}+{row.n_against}" if row.test == "welch" else str(row.n_pairs)


def _verdicts(family: Sequence[ComparisonRow]) -> Iterator[str]:
    """Each verdict once, with the cells it is about."""
    cells: dict[str, list[ComparisonRow]] = defaultdict(list)
    for row in family:
        cells[row.verdict].append(row)
    for verdict, rows in cells.items():
        yield f"ratio {', '.join(cell_name(row) for row in rows)}: {verdict}"


def _better(*, higher: bool) -> str:
    return "higher" if higher else "lower"


def _caption(report: Report, comparison: Comparison, family: Sequence[ComparisonRow]) -> str:
    size = family[0].family_size
    tests = f"{tests_made(family)}, p after Holm over {count(size, 'test')}; " if size else ""
    unpaired = "n a+b: unpaired runs, Welch's t; " if any(row.test == "welch" for row in family) else ""
    g = "" if any(row.ablation != "none" for row in family) else "g: Hedges' g_av"
    return f"mean (sd) over n pairs; {_observations(report, comparison.score)}; {tests}{unpaired}{g}".removesuffix("; ")


def tests_made(family: Sequence[ComparisonRow]) -> str:
    """Which tests p comes from, in words."""
    names = {
        "two-way": "difference, interval and p: two-way t over seeds and patients",
        "Nadeau-Bengio": "difference, interval and p: t of Nadeau and Bengio over random splits",
        "e-value": "interval and p hold after every look (e-value)",
    }
    first = next((row for row in family if row.test in names), None)
    looks = "; p for all declared looks" if family[0].first_look else ""
    return (names[first.test] if first else "paired t") + looks


def _readings(report: Report, comparison: Comparison, metric: str, family: Sequence[ComparisonRow]) -> Section:
    """Both readings side by side: the one that is not declared is shown too."""
    place = place_columns(family)
    columns = [*place, "these patients", "p", "patients like these", "p", "seeds", "patients"]
    rows = []
    for row in family:
        cells = place_cells(row, place)
        for reading in ("cohort", "population"):
            difference, low, high, p = (
                getattr(row, f"{reading}_{part}") for part in ("difference", "low", "high", "p")
            )
            cells += [MISSING if difference is None else f"{signed(difference)} {interval(low, high)}", p_value(p)]
        rows.append([*cells, str(row.n_seeds), str(row.patients)])
    said = (
        "difference [95% CI], p not corrected; these patients: paired t over seeds; patients like these: two-way t "
        "over seeds and patients, for models trained on subsets of this cohort"
    )
    title = f"{_title(report, comparison, metric, family)}, read in both ways"
    return Section(title, columns, rows, caption=said)


def _other_tests(report: Report, comparison: Comparison, metric: str, family: Sequence[ComparisonRow]) -> Section:
    place = place_columns(family)
    declared = any(row.equivalence_margin is not None for row in family)
    columns = [*place, "BCa 95% CI", "flips", "ranks", "BH", *(["TOST", "ROPE"] if declared else [])]
    rows = []
    for row in family:
        cells = place_cells(row, place)
        cells += [interval(row.bca_low, row.bca_high), p_value(row.p_permutation), p_value(row.p_wilcoxon)]
        cells.append(p_value(row.p_bh))
        rows.append([*cells, *([p_value(row.p_tost_holm), share(row.rope_within)] if declared else [])])
    return Section(
        f"{_title(report, comparison, metric, family)}, by other means",
        columns,
        rows,
        caption=_caption_of_others(family),
    )


def _caption_of_others(family: Sequence[ComparisonRow]) -> str:
    size = family[0].family_size
    exact = all(row.permutation_exact for row in family)
    patterns = "all sign patterns" if exact else f"{max(row.permutations for row in family)} sampled sign patterns"
    parts = [
        f"p not corrected: flips: permutation test of the mean over {patterns}, ranks: Wilcoxon",
        f"BH: p of the table above after Benjamini-Hochberg, m = {size}",
    ]
    margins = {row.equivalence_margin for row in family if row.equivalence_margin is not None}
    parts += [f"TOST: p that the difference is within ±{margin:g}, after Holm" for margin in margins]
    if any(row.rope_within is not None for row in family):
        parts.append("ROPE: posterior probability of that, flat prior, of each cell alone")
    coverage = bca_coverage(min(row.n_pairs for row in family if row.n_pairs > 1))
    return "; ".join([*parts, *([coverage] if coverage else [])])


def _whole_grid(report: Report) -> Iterator[Section]:
    """The test over the whole grid, if there is more than one cell: else it would repeat the table above."""
    overall = {(row.metric, row.model, row.against): row for part in report.comparisons for row in part.overall}
    by_metric: dict[str, list[list[str]]] = defaultdict(list)
    for mean in report.aggregates:
        if mean.cells > 1:
            cells = ["" if mean.iqm is None else f"{mean.iqm:.3f}", interval(mean.ci_low, mean.ci_high), str(mean.n)]
            by_metric[mean.metric].append([f"IQM {mean.model}", *cells])
    for row in overall.values():
        if row.cells > 1:
            by_metric[row.metric] += [*_overall(row)]
    beside = {row.metric for part in report.comparisons for row in part.rows if row.secondary}
    for metric, rows in by_metric.items():
        role = " (secondary)" if metric in beside else ""
        role += ", selected on these patients," if is_selected(report.score, report.measures[metric]) else ""
        yield Section(
            f"{titled(report.measures[metric])}{role} over the whole grid",
            ["what", "value", "95% CI", "n"],
            rows,
            caption="whole grid: mean over all cells; these patients: t interval over seeds, for cells of a seed share "
            "patients; patients like these: two-way t over seeds and patients; IQM: mean of the middle half of all "
            "scores, with the jackknife's interval over seeds"
            + ("; better in: share of pairs, Wilson's interval, n: seeds" if report.comparisons else ""),
            notes=[said for row in overall.values() if row.metric == metric for said in improvement_said(row)],
            text_columns=("what",),
        )


def _overall(row: Overall) -> Iterator[list[str]]:
    what = f"{row.model} - {row.against}"
    if row.cohort_difference is not None:
        cells = [signed(row.cohort_difference), interval(row.cohort_low, row.cohort_high), count(row.n_seeds, "seed")]
        yield [f"{what}, these patients", *cells]
    if row.population_difference is not None:
        cells = [signed(row.population_difference), interval(row.population_low, row.population_high)]
        yield [f"{what}, patients like these", *cells, count(row.patients, "patient")]
    yield [
        f"IQM {row.model} - {row.against}",
        signed(row.iqm_difference),
        interval(row.iqm_low, row.iqm_high),
        str(row.n_pairs),
    ]
    chance = MISSING if row.probability_of_improvement is None else f"{row.probability_of_improvement:.3f}"
    yield [f"{row.model} better in", chance, interval(row.improvement_low, row.improvement_high), str(row.n_pairs)]
