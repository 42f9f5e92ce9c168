"""Scores that pool structures: `validation.dice.left_ventricle+myocardium`, averaged within each patient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gridctl.experiment.scores.measures import Measure, Measures
from gridctl_trainer.contract.score_name import ScoreName
from gridctl_trainer.contract.suggest import did_you_mean


def with_pooled(measures: Measures, names: Iterable[str]) -> dict[str, Measure]:
    """The scores, and those of the named ones that pool structures.

    Args:
        measures: What runs score.
        names: Of scores as they are written; any that pools nothing, or what cannot be pooled, adds none.
    """
    found = dict(measures)
    known = [ScoreName.parse(name) for name in measures]
    for text in names:
        try:
            wanted = ScoreName.parse(text)
        except ValueError:
            continue
        if len(wanted.structures) < 2 or _refused(wanted, measures):
            continue
        for score in wanted.written_out(known):
            found[str(score)] = _pooled(score, measures)
    return found


def why_not_pooled(text: str, measures: Measures) -> tuple[str, str] | None:
    """What is wrong with a score that pools structures, and what to do; None if nothing is, or it pools none.

    Args:
        text: As written: a score's name.
        measures: What runs score; its set and metric are among them.
    """
    wanted = ScoreName.parse(text)
    return _refused(wanted, measures) if len(wanted.structures) > 1 else None


def _refused(wanted: ScoreName, measures: Measures) -> tuple[str, str] | None:
    alike = [item for item in measures.values() if (item.set, item.metric) == (wanted.set, wanted.metric)]
    there = [item.structure for item in alike if item.structure and not item.is_pooled]
    twice = [name for name in dict.fromkeys(wanted.structures) if wanted.structures.count(name) > 1]
    lacking = [name for name in wanted.structures if name not in there]
    if twice:
        return f"'{twice[0]}' is pooled twice", "name each structure once: every structure has the same weight"
    if alike and not there:
        return f"{wanted.metric} is of no structure, so there is nothing to pool", f"write {wanted.whole}"
    if lacking:
        what = f"'{lacking[0]}' is not a structure that {wanted.set}.{wanted.metric} is of"
        return what, did_you_mean(lacking[0], there)
    if any(item.level == "slice" for item in alike):
        return (
            f"structures are pooled within each patient, and {wanted.metric} is a mean over slices",
            f"pool a score of cases, such as {wanted.set}.dice.{wanted.structure}",
        )
    return None


def _pooled(score: ScoreName, measures: Measures) -> Measure:
    first = measures[str(replace(score, structure=score.structures[0]))]
    named = [name.replace("_", " ") for name in score.structures]
    structures = f"{', '.join(named[:-1])} and {named[-1]}"
    return replace(
        first,
        name=str(score),
        structure=score.structure,
        label=f"{score.set} {first.metric_label}, mean of {structures}",
    )
