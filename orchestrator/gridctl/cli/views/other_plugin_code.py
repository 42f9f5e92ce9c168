"""What `submit` says about finished runs that were made by other code of a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gridctl.analysis.pairing.plugin_code import named, version
from gridctl.commands.submission.other_plugin_code import OtherCode
from gridctl.terminal.console import count


def other_code_lines(found: Iterable[OtherCode], experiment: str) -> Iterator[str]:
    """Each code of a plugin in one sentence, and what can be done about it.

    Args:
        found: What was found.
        experiment: Its name.
    """
    for item in found:
        verb, their = ("was", "its") if len(item.runs) == 1 else ("were", "their")
        yield (
            f"note: {count(len(item.runs), 'finished run')} {verb} made by other code of {named(item.now)}: "
            f"{version(item.then)}; here it is {version(item.now)}\n"
            f"  reports leave out {their} pairs with runs of the code that is here: install that code again, or train "
            f"everything with this one under another name: --set name={experiment}-2"
        )
