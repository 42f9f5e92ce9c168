"""Every help text is complete, ends with examples, and fits into 80 columns."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gridctl.cli import help_examples
from gridctl.cli.main import app
from gridctl_trainer.cli import help_examples as trainer_examples
from gridctl_trainer.cli import main as trainer_main
from gridctl_trainer.cli.data import app as data_app
from gridctl_trainer.terminal.usage_examples import HEADING
from tests.forked_commands import ForkedCommand


def commands_of(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands_of(inner, (*path, name))


def trainer_commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    yield from commands_of(typer.main.get_command(trainer_main.app))
    yield from commands_of(typer.main.get_command(data_app), ("data",))


GRIDCTL = dict(commands_of(typer.main.get_command(app)))
TRAINER = {path: command for path, command in trainer_commands() if path[:2] != ("data", "data")}
EVERY = [("gridctl", *path) for path in GRIDCTL] + [("gridctl-trainer", *path) for path in TRAINER]


@pytest.fixture
def help_of(forked_gridctl: ForkedCommand, forked_trainer: ForkedCommand, tmp_path: Path) -> Any:
    def shown(words: tuple[str, ...], columns: int) -> str:
        command = forked_gridctl if words[0] == "gridctl" else forked_trainer
        done = command((*words[1:], "--help"), tmp_path, {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"})
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return shown


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_it_ends_with_examples_that_fit_80_columns(words: tuple[str, ...], help_of: Any) -> None:
    known = help_examples.EXAMPLES if words[0] == "gridctl" else trainer_examples.EXAMPLES
    examples = known[" ".join(words[1:])]
    assert 1 <= len(examples) <= 3
    lines = [line.strip() for line in help_of(words, 80).splitlines()]
    assert max(map(len, lines)) <= 80
    begin = lines.index(HEADING)
    assert lines[begin + 1 : begin + 1 + len(examples)] == [f"$ {example}" for example in examples]
    for example in examples:
        assert example.startswith(" ".join(words[:1] if len(words) == 1 else words))


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_no_word_of_it_is_lost(words: tuple[str, ...], help_of: Any) -> None:
    """Text in square brackets is shown, which some formatters take for markup."""
    command = (GRIDCTL if words[0] == "gridctl" else TRAINER)[words[1:]]
    shown = re.sub(r"\s+", " ", help_of(words, 500))
    for parameter in command.params:
        said = getattr(parameter, "help", None) or ""
        assert re.sub(r"\s+", " ", said) in shown, parameter.name


def test_every_command_has_examples_and_no_other() -> None:
    assert {" ".join(path) for path in GRIDCTL} == help_examples.EXAMPLES.keys()
    assert {" ".join(path) for path in TRAINER} == trainer_examples.EXAMPLES.keys()


@pytest.mark.parametrize("words", [("gridctl",), ("gridctl-trainer",), ("gridctl-trainer", "data")], ids=" ".join)
def test_a_group_without_a_command_shows_all_of_them(
    words: tuple[str, ...], forked_gridctl: ForkedCommand, forked_trainer: ForkedCommand, tmp_path: Path
) -> None:
    command = forked_gridctl if words[0] == "gridctl" else forked_trainer
    done = command(words[1:], tmp_path, os.environ)
    known = GRIDCTL if words[0] == "gridctl" else TRAINER
    for path in known:
        if len(path) == len(words):
            assert re.search(rf"^  {path[-1]} ", done.stdout + done.stderr, re.MULTILINE), path


@pytest.mark.parametrize("words", [path for path in TRAINER if path], ids=" ".join)
def test_every_command_of_the_trainer_is_in_the_readme(words: tuple[str, ...], project_root: Path) -> None:
    readme = (project_root / "README.md").read_text()
    assert re.search(rf"`(gridctl-trainer )?{' '.join(words)}\b", readme)
