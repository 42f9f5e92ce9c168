"""The API server's dry run of Jobs that are not created yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from gridctl.executors.capabilities import DryRun
from gridctl.executors.check import Check
from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding
from gridctl.terminal.console import count


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the API server says about Jobs of one shape.

    Attributes:
        runs: Run ids of that shape.
        problems: Why it refuses, or why its pods would not be created; empty if it accepts.
        warnings: Its warnings.
        unasked: What could not be asked, for lack of rights.
    """

    runs: tuple[str, ...]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    def __str__(self) -> str:
        others = f" and {len(self.runs) - 1} more like it" if len(self.runs) > 1 else ""
        said = [f"refused: {problem}" for problem in self.problems] or ["accepted"]
        said += [f"warning: {warning}" for warning in self.warnings]
        said += [f"not asked {text}" for text in self.unasked]
        return f"{self.runs[0]}{others}: {'; '.join(said)}"


def dry_run_of(
    verdicts: Sequence[Verdict], gpus: int, access: Sequence[StoreAccessFinding], contents: Sequence[Check]
) -> DryRun:
    """The result of a dry run.

    Args:
        verdicts: Those of the API server.
        gpus: GPUs that all runs together ask for.
        access: What pods have and lack to reach the store.
        contents: What else they seem to lack, or to ask for needlessly.
    """
    return DryRun(
        details={
            "gpus": gpus,
            "verdicts": [asdict(verdict) for verdict in verdicts],
            "store_access": [item.check.to_json() for item in access],
            "pod_contents": [check.to_json() for check in contents],
        },
        lines=list(_lines(verdicts, gpus, [*(item.check for item in access), *contents])),
        refused=any(verdict.problems for verdict in verdicts) or any(item.certain for item in access),
    )


def _lines(verdicts: Sequence[Verdict], gpus: int, checks: Sequence[Check]) -> Iterator[str]:
    if verdicts:
        yield f"{count(gpus, 'GPU')} for all of them at once; the API server was asked, nothing was made:"
    for verdict in verdicts:
        yield f"  {verdict}"
    for check in checks:
        if check.state != "ok":
            yield f"  {check.state}: {check.name}: {check.says}"
            yield from (f"    {text}" for text in check.fix.splitlines())
