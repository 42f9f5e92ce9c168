"""Every table of a report, in the order of reading."""

from __future__ import annotations

from collections.abc import Iterator

from gridctl.analysis.model import Report
from gridctl.report.renderers.sections.comparisons import sections
from gridctl.report.renderers.sections.prediction import prediction_sections
from gridctl.report.renderers.sections.ranking import ranking_sections
from gridctl.report.renderers.sections.scorecard import scorecard_sections, training_sections
from gridctl.report.renderers.sections.section import Section
from gridctl.report.renderers.sections.strata import strata_sections
from gridctl.report.renderers.sections.study import study_sections
from gridctl.report.renderers.sections.subgroup import subgroup_sections
from gridctl.report.renderers.sections.subgroup_difference import subgroup_difference_sections
from gridctl.report.renderers.sections.tuning import tuning_sections


def all_sections(report: Report) -> Iterator[Section]:
    """What was compared and chosen, with masks too, the scorecard, its strata, what was trained, published studies."""
    yield from sections(report)
    yield from prediction_sections(report)
    yield from ranking_sections(report)
    yield from subgroup_sections(report)
    yield from subgroup_difference_sections(report)
    yield from tuning_sections(report)
    yield from scorecard_sections(report)
    yield from strata_sections(report)
    yield from training_sections(report)
    yield from study_sections(report)
