"""Where a plugin's code comes from: its package, the package's version, and a digest of its source."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path

from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.host.file_digest import sha256_of

SourceDigest = Callable[[str, Sequence[str]], str]
"""Called with the name of a top-level package, and with folders to search besides Python's import path."""

__all__ = ["PluginProvenance", "SourceDigest", "provenance_of", "source_digest"]


def provenance_of(
    kind: str,
    name: str,
    module: str,
    distribution: str = "",
    version: str = "",
    plugin_path: Sequence[str] = (),
    digest_of: SourceDigest | None = None,
) -> PluginProvenance:
    """Where a plugin's code comes from. The plugin itself is not imported.

    Args:
        kind: Kind of the plugin.
        name: Name of the plugin.
        module: The module that it is imported from.
        distribution: The package that registers it. If empty, it is looked up by the module.
        version: Version of that package.
        plugin_path: Folders to search besides Python's import path.
        digest_of: Digests the source of a top-level package; `source_digest` if None.
    """
    top = module.partition(".")[0]
    if not distribution:
        for found in metadata.packages_distributions().get(top, ()):
            distribution, version = found, metadata.version(found)
            break
    digest = (digest_of or source_digest)(top, tuple(plugin_path))
    return PluginProvenance(kind=kind, name=name, distribution=distribution, version=version, source_digest=digest)


def source_digest(top: str, plugin_path: Sequence[str] = ()) -> str:
    """SHA-256 over the sorted Python files of a top-level module or package; empty if there are none.

    Args:
        top: Name of the module or package.
        plugin_path: Folders to search besides Python's import path.
    """
    try:
        spec = importlib.util.find_spec(top) or PathFinder.find_spec(top, list(plugin_path))
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [(path.relative_to(folder).as_posix(), path) for folder in folders for path in _python_files(folder)]
    if not folders and spec.origin and Path(spec.origin).is_file():
        files = [(Path(spec.origin).name, Path(spec.origin))]
    if not files:
        return ""
    digest = hashlib.sha256()
    for name, path in sorted(files):
        digest.update(f"{name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _python_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.py"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
