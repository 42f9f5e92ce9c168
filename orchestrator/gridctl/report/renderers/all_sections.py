"""Every table of a report, in the order of reading."""

from __future__ import annotations

from collections.abc import Iterator

from gridctl.analysis.model import Report
from gridctl.report.renderers.ranking_sections import ranking_sections
from gridctl.report.renderers.scorecard_sections import scorecard_sections, training_sections
from gridctl.report.renderers.section import Section
from gridctl.report.renderers.sections import sections
from gridctl.report.renderers.strata_sections import strata_sections
from gridctl.report.renderers.study_sections import study_sections
from gridctl.report.renderers.subgroup_sections import subgroup_sections
from gridctl.report.renderers.tuning_sections import tuning_sections


def all_sections(report: Report) -> Iterator[Section]:
    """What was compared, what was chosen, the scorecard and its strata, what was trained, and published studies."""
    yield from sections(report)
    yield from ranking_sections(report)
    yield from subgroup_sections(report)
    yield from tuning_sections(report)
    yield from scorecard_sections(report)
    yield from strata_sections(report)
    yield from training_sections(report)
    yield from study_sections(report)
