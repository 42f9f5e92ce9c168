"""Which code of each plugin made a run, and whether two runs were made by the same code.

Only plugins that do not come with gridctl count. gridctl's own are a part of its commit and version, which are
conditions of a run: most commits change no result, so a pair is left out for them only where `--strict-pairs` asks for
it. A plugin's source is what one lab changes, often while its grid is training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance

if TYPE_CHECKING:
    import pandas as pd

Codes = Mapping[tuple[str, str], PluginProvenance]
"""By kind and name of each plugin."""

_PLUGINS: Final = TypeAdapter(tuple[PluginProvenance, ...])


@lru_cache(maxsize=1024)
def codes_of(text: str) -> Codes:
    """The content of the column `plugins` of `Collected.runs`; empty if the attempt recorded none."""
    return {item.plugin: item for item in _PLUGINS.validate_json(text)} if text else {}


def other_code(first: str, second: str) -> Iterator[str]:
    """Plugins that two runs share but whose code differed, in words.

    Args:
        first: Column `plugins` of the one run.
        second: That of the other.
    """
    a, b = codes_of(first), codes_of(second)
    for plugin in a.keys() & b.keys():
        if a[plugin].code != b[plugin].code:
            yield f"the code of {named(a[plugin])} ({versions(a[plugin], b[plugin])})"


def is_mixed(rows: Iterable[Mapping[Any, Any]]) -> bool:
    """Whether these runs were made by different code of some plugin."""
    return any(len(codes) > 1 for codes in _by_plugin(str(row["plugins"]) for row in rows).values())


def mixed_code(runs: pd.DataFrame) -> Iterator[str]:
    """Whether the code of a plugin changed while the grid was trained: one sentence for each plugin.

    Args:
        runs: As `Collected.runs`; the finished ones count.
    """
    finished = runs[runs["finished"]]
    for codes in _by_plugin(map(str, finished["plugins"])).values():
        if len(codes) > 1:
            first, *_ = codes
            parts = ", ".join(f"{number} by {version(code)}" for code, number in codes.most_common())
            yield f"the code of {named(first)} changed between runs: {codes.total()} finished runs were made, {parts}"


def named(code: PluginProvenance) -> str:
    """`the model 'mine'`."""
    return f"the {code.kind} '{code.name}'"


def version(code: PluginProvenance) -> str:
    """`mylab 1.0, source 1a2b3c4d`; of a folder of `plugin_path` the source alone."""
    package = f"{code.distribution} {code.version}".strip()
    source = f"source {code.source_digest[:8]}" if code.source_digest else ""
    return ", ".join(filter(None, (package, source))) or "an unknown source"


def versions(a: PluginProvenance, b: PluginProvenance) -> str:
    """Two versions of one plugin's code, named as briefly as distinguishes them."""
    packages = [f"{item.distribution} {item.version}".strip() for item in (a, b)]
    if packages[0] != packages[1] and all(packages):
        return ", ".join(packages)
    sources = ", ".join(item.source_digest[:8] or "unknown" for item in (a, b))
    return f"{packages[0]}, source {sources}".removeprefix(", ")


def _by_plugin(texts: Iterable[str]) -> dict[tuple[str, str], Counter[PluginProvenance]]:
    found: dict[tuple[str, str], Counter[PluginProvenance]] = {}
    for text in texts:
        for plugin, code in codes_of(text).items():
            found.setdefault(plugin, Counter())[code] += 1
    return found
