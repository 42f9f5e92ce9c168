"""Finds every command in README and docs, in code blocks and within text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

PROGRAMS: Final = (
    *("gridctl", "gridctl-trainer", "make", "kubectl", "docker", "podman", "buildah", "kind", "k3d", "helm"),
    *("pip", "python", "python3", "git", "apt-get", "aws", "export", ".ci/run", ".venv/bin/pre-commit"),
)
_SHELL: Final = ("", "sh", "bash", "shell", "console")
"""Languages of code blocks that may contain commands."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command as a page shows it.

    Attributes:
        text: The command without prompt, comment and line continuations.
        where: Where it is shown, such as `README.md:11`; several pages may show the same command.
        in_block: Whether it is a line of a code block, as opposed to part of a sentence.
    """

    text: str
    where: str
    in_block: bool

    @property
    def page(self) -> str:
        """The page that shows the command."""
        return self.where.partition(":")[0]

    @property
    def program(self) -> str:
        """The first word of the command."""
        return self.text.split()[0]


def pages(root: Path) -> list[Path]:
    """The pages that users read."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]


def documented_commands(root: Path) -> list[Command]:
    """All commands, in order."""
    return [command for page in pages(root) for command in commands_in(page.read_text(), str(page.relative_to(root)))]


def commands_in(markdown: str, name: str) -> Iterator[Command]:
    """The commands on one page."""
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        line = token.map[0] + 1 if token.map else 0
        if token.type in ("fence", "code_block") and token.info.split(" ")[0] in _SHELL:
            for text in _lines(token.content):
                yield Command(text, f"{name}:{line}", in_block=True)
        for child in token.children or ():
            if child.type == "code_inline" and _is_command(child.content):
                yield Command(child.content, f"{name}:{line}", in_block=False)


def _lines(block: str) -> Iterator[str]:
    for line in block.replace("\\\n", " ").splitlines():
        text = re.sub(r"\s+#(\s.*|$)", "", line.strip().removeprefix("$ ")).strip()
        if _is_command(text):
            yield re.sub(r"\s+", " ", text)


def _is_command(text: str) -> bool:
    words = text.split()
    return (len(words) > 1 and words[0] in PROGRAMS) or text == ".ci/run"
