"""What `submit` says about a changed experiment file."""

from __future__ import annotations

from collections.abc import Iterable

from gridctl.collection.outside_grid import outside_grid, shown
from gridctl.commands.submission.changed_experiment import Change
from gridctl.commands.submission.submit import Prepared
from gridctl.terminal.console import count, training_time


def change_lines(changes: Iterable[Change], *, reusing: bool) -> list[str]:
    """Changes in words, one line each, and what can be done about them.

    Args:
        changes: What was found.
        reusing: Whether `--reuse-epochs` was given.
    """
    lines = []
    for change in changes:
        fields = ", ".join(f"{path} is {shown(new)}, was {shown(old)}" for path, (old, new) in change.fields.items())
        busy = training_time(change.gpu_seconds or change.seconds, on_gpu=bool(change.gpu_seconds))
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


def outside_line(prepared: Prepared, plain: str) -> str:
    """Finished runs of the store that are not in the submitted grid; empty for none.

    Args:
        prepared: What is submitted.
        plain: The command without `--set`, if some was given.
    """
    others = prepared.collected.others
    if not others:
        return ""
    why = outside_grid(prepared.stored, prepared.experiment.runs, others)
    verb, them = ("is", "it") if len(others) == 1 else ("are", "them")
    again = (
        f"`{plain}`, without --set, shows {them} again" if plain else f"the file with those values again shows {them}"
    )
    return (
        f"{count(len(others), 'finished run')} of the store {verb} not in this grid{f' ({why})' if why else ''}: "
        f"status, list and report leave {them} out; {again}, and does not train finished runs again"
    )
