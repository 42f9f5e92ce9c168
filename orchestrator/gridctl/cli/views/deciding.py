"""What `gridctl decide` says of each look and at its end."""

from __future__ import annotations

from collections.abc import Iterator

from gridctl.commands.deciding.decide import Decided
from gridctl.commands.deciding.look import Look, SeenTest
from gridctl.report.numbers import interval, p_value, signed
from gridctl.terminal.console import count


def look_lines(look: Look, follows: str) -> Iterator[str]:
    """What a look saw of each comparison, and what is done next."""
    yield f"look at {count(look.seeds, 'seed')}:"
    for test in look.tests:
        yield f"  {_seen(test)}"
    for why in look.unusable:
        yield f"  cannot be tested: {why}"
    yield f"  {follows}"


def end_line(found: Decided) -> str:
    """How it ended, and what that took."""
    words = {"decided": "decided", "budget": "not decided", "failed": "stopped", "unusable": "stopped"}
    begin = words.get(found.ended, "stopped")
    says = found.says.removeprefix("nothing is decided, and ")
    stopped = f"; cancelled {count(len(found.cancelled), 'run')} no longer needed" if found.cancelled else ""
    spent = f"{found.seeds} of at most {count(found.most_seeds, 'seed')}, {found.hours:.2f} hours of training"
    return f"{found.experiment}: {begin}: {says} ({spent}){stopped}"


def _seen(test: SeenTest) -> str:
    names = f"{test.label}, {test.model} against {test.against}"
    if test.difference is None:
        return f"{names}: {test.says}"
    whom = "patients like these" if test.claim == "population" else "these patients"
    patients = f": {test.patients}" if test.patients else ""
    of = f"n = {count(test.seeds, 'seed')}; {whom}{patients}"
    shown = interval(test.low, test.high) if test.low is not None and test.high is not None else "[no interval yet]"
    p = "" if test.p_holm is None else f", p {_equals(p_value(test.p_holm))}"
    margin = f"; margin ±{test.equivalence_margin:g}" if test.equivalence_margin is not None else ""
    return f"{names}: {signed(test.difference)} {shown}{p} ({of}{margin}): {test.says}"


def _equals(text: str) -> str:
    return f"< {text[1:]}" if text.startswith("<") else f"= {text}"
