"""What `submit` says of a changed experiment file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gridctl.commands.submission.changed_experiment import Change
from gridctl.terminal.console import count, duration


def change_lines(changes: Iterable[Change], *, reusing: bool) -> list[str]:
    """Changes in words, a line each, and what can be done about them.

    Args:
        changes: What was found.
        reusing: Whether `--reuse-epochs` was given.
    """
    lines = []
    for change in changes:
        fields = ", ".join(f"{path} is {_shown(new)}, was {_shown(old)}" for path, (old, new) in change.fields.items())
        busy = f"{change.gpu_seconds / 3600:.1f} GPU-hours" if change.gpu_seconds else duration(change.seconds)
        verb = "is" if len(change.runs) == 1 else "are"
        lines.append(
            f"{count(len(change.runs), 'run')} {verb} new: {fields} in the {count(change.stored, 'run')} of the store "
            f"({change.done} done, {busy}), which stay there; no report mixes them with the new ones"
        )
        lacking = len(change.runs) - len(change.reuse)
        if lacking and list(change.fields) == ["training.epochs"]:
            lines.append(f"  {lacking} of them train from the start: no checkpoint within the wanted epochs was kept")
        if not change.reuse:
            continue
        epochs = sorted({reuse.epochs for reuse in change.reuse.values()})
        at = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
        result = "with the result of training from the start (bit for bit on a CPU)"
        if reusing:
            lines.append(f"  {len(change.reuse)} of them go on from {at} of those, {result}")
        else:
            lines.append(f"  --reuse-epochs lets {len(change.reuse)} of them go on from {at} of those, {result}")
    return lines


def _shown(value: Any) -> str:
    if value is None:
        return "not given"
    return str(value).lower() if isinstance(value, bool) else str(value)
