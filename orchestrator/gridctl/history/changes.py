"""What was changed since the first report: who has seen the results may have chosen the next question by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gridctl.analysis.wording import listed
from gridctl.collection.outside_grid import shown
from gridctl.collection.specifications import different_values
from gridctl.history.event import Declared, DeclaredComparison, HistoryEvent
from gridctl.history.new_options import is_new_at_default
from gridctl.history.record import History
from gridctl.terminal.console import count
from gridctl_trainer.contract.released.score_names_v1 import RENAMED_SCORES

_MOST_SHOWN: Final = 6
"""How many names are listed one by one."""


def changes_since_first_report(history: History, now: HistoryEvent) -> Iterator[str]:
    """Sentences for a report's warnings; none where nothing was changed.

    Args:
        history: What happened before.
        now: The report that is being made.
    """
    looks = [event for event in history.events if event.event == "report" and event.finished]
    if looks:
        first = looks[0]
        changes = [*_grid(first.declared, now.declared), *_comparisons(first, now), *_in_between(looks, now)]
        if changes:
            when = f"{first.at:%Y-%m-%d %H:%M} UTC, {first.finished} of {count(first.runs, 'run')} finished"
            yield f"changed since the first report ({when}): {'; '.join(changes)}"
    for problem in history.problems:
        yield f"the history of this experiment cannot be read whole, so changes may be missed: {problem}"


def looks_at_test_set(history: History, now: HistoryEvent) -> Iterator[str]:
    """How often the test set was looked at, in one sentence; none if this report does not show it."""
    if now.asked is None or not now.asked.test_set:
        return
    before = [event for event in history.events if event.asked and event.asked.test_set and event.finished]
    if not before:
        yield "this report shows scores of the test set for the first time; such reports are counted"
        return
    first = f"first on {before[0].at:%Y-%m-%d %H:%M} UTC"
    yield (
        f"this is report {len(before) + 1} that shows scores of the test set ({first}): whatever was chosen "
        "since then by looking at them makes them too good"
    )


def _grid(first: Declared, now: Declared) -> Iterator[str]:
    yield from _set("seed", "seeds", first.seeds, now.seeds)
    yield from _set("train ratio", "train ratios", first.train_ratios, now.train_ratios)
    yield from _set("ablation", "ablations", first.ablations, now.ablations)
    yield from _set("model", "models", first.models, now.models)
    if first.specification != now.specification:
        was, is_ = first.specification, now.specification
        yield f"specifications are of version {is_}, were of {was}, so that options cannot be compared"
        return
    otherwise = [name for name, digest in now.trained.items() if first.trained.get(name, digest) != digest]
    named: dict[str, dict[str, None]] = {}
    for name in otherwise:
        model = name.partition(" ")[0]
        known = first.options.get(name, {})
        differing = different_values(known, now.options[name]) if known else {}
        values = {
            path: both
            for path, both in differing.items()
            if not is_new_at_default(path, known, now.options[name].get(path))
        }
        if differing and not values:
            continue
        for path, (was, is_) in values.items():
            named.setdefault(f"{path} changed from {shown(was)} to {shown(is_)}", {})[model] = None
        if not values:
            named.setdefault("", {})[model] = None
    for said, models in named.items():
        names = _names(list(models))
        verb = "is" if len(models) == 1 else "are"
        yield f"{said} ({names})" if said else f"{names} {verb} trained with other options or data"


def _comparisons(first: HistoryEvent, now: HistoryEvent) -> Iterator[str]:
    before = {(item.model, item.against): item for item in _asked(first)}
    after = {(item.model, item.against): item for item in _asked(now)}
    several = len(after) > 1
    yield from _set("comparison", "comparisons", map(" against ".join, before), map(" against ".join, after))
    for pair in before.keys() & after.keys():
        of = f" of {' against '.join(pair)}" if several else ""
        old, new = before[pair], after[pair]
        for name in ("score", "family", "equivalence_margin", "claim", "stopping", "trend", "tuned_on"):
            was, is_ = getattr(old, name), getattr(new, name)
            if was != is_:
                yield f"{name.replace('_', ' ')}{of} changed from {_value(was)} to {_value(is_)}"
        if set(_now(old.metrics)) != set(_now(new.metrics)):
            yield f"metrics{of} changed from {_metrics(old.metrics)} to {_metrics(new.metrics)}"
        if set(_now(old.secondary or ())) != set(_now(new.secondary or ())):
            was, is_ = (_metrics(item.secondary or ()) or "none" for item in (old, new))
            yield f"secondary metrics{of} changed from {was} to {is_}"
    if not before and not after and first.asked and now.asked and first.asked.score != now.asked.score:
        yield f"score changed from {first.asked.score or 'final'} to {now.asked.score or 'final'}"
    if first.asked and now.asked and first.asked.unit != now.asked.unit:
        yield f"unit changed from {first.asked.unit} to {now.asked.unit}"


def _in_between(looks: Sequence[HistoryEvent], now: HistoryEvent) -> Iterator[str]:
    """Scores that other reports looked at."""
    told = {item.score for event in (looks[0], now) for item in _asked(event)}
    others = dict.fromkeys(item.score for event in looks for item in _asked(event) if item.score not in told)
    if others:
        yield f"other reports used score {listed(list(others))}"


def _asked(event: HistoryEvent) -> list[DeclaredComparison]:
    """The comparisons, as changed by the command line."""
    if event.asked is None:
        return list(event.declared.comparisons)
    asked = event.asked
    return [
        item.model_copy(update={"score": asked.score or item.score, "metrics": asked.metrics or item.metrics})
        for item in event.declared.comparisons
    ]


def _set(one: str, many: str, before: Iterable[object], after: Iterable[object]) -> Iterator[str]:
    was, is_ = [_value(item) for item in before], [_value(item) for item in after]
    for names, verb in (
        ([name for name in is_ if name not in was], "added"),
        ([name for name in was if name not in is_], "taken out"),
    ):
        if names:
            yield f"{one if len(names) == 1 else many} {_names(names)} {'was' if len(names) == 1 else 'were'} {verb}"


def _names(names: Sequence[str]) -> str:
    if len(names) <= _MOST_SHOWN:
        return listed(names)
    return f"{', '.join(names[: _MOST_SHOWN - 1])} and {len(names) - _MOST_SHOWN + 1} more"


def _metrics(names: Sequence[str]) -> str:
    return listed(_now(names))


def _now(names: Iterable[str]) -> list[str]:
    """Scores as they are called now."""
    return [RENAMED_SCORES.get(name, name) for name in names]


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {', '.join(map(str, items))}" for name, items in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
