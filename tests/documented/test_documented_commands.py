"""Every command that README and docs show works as it is shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator import help_examples
from tests import s3_server
from tests.documented.commands import Command, commands_in, documented_commands
from tests.documented.exemptions import ENDS_WITH, EXEMPT
from tests.documented.runnable import STANDS_FOR, variants
from tests.documented.trained_folder import ROOT
from tests.forked_commands import CompletedCall, ForkedCommand
from trainer import help_examples as trainer_examples
from trainer.contract.store import open_store

Shell = Callable[[str], CompletedCall]

COMMANDS = {command.text: command for command in documented_commands(ROOT)}
"""Each once."""

EXAMPLES = [
    example
    for examples in (help_examples.EXAMPLES, trainer_examples.EXAMPLES)
    for commands in examples.values()
    for example in commands
]


def exemption_of(text: str) -> str | None:
    return next((pattern for pattern in EXEMPT if re.fullmatch(pattern, text)), None)


def needs_cluster(command: Command) -> bool:
    """Whether it is shown where a cluster is the subject, or is one of a cluster's tools."""
    return command.program in ("kubectl", "docker", "podman", "buildah") or "cluster" in command.section.lower()


def needs_s3(text: str) -> bool:
    return "s3://" in text or "URL" in text.split()


def named(commands: list[Command]) -> list[object]:
    return [pytest.param(command, id=f"{command.where} {command.text}") for command in commands]


RUNNABLE = [command for text, command in COMMANDS.items() if exemption_of(text) is None]
LOCAL = [command for command in RUNNABLE if not needs_cluster(command) and not needs_s3(command.text)]


@pytest.fixture
def shell(trained: Path, forked_gridctl: ForkedCommand, forked_trainer: ForkedCommand) -> Shell:
    """Runs a command line in a folder as a user has it after the first commands."""

    def run(line: str) -> CompletedCall:
        words = shlex.split(line)
        if "hearts.yaml" in words:  # only then: it would be a second file beside demo.yaml
            forked_gridctl(("init", "data/phantom", "--name", "hearts", "--backend", "kubernetes"), trained, os.environ)
        programs = {"gridctl": forked_gridctl, "gridctl-trainer": forked_trainer}
        if words[0] in programs and not re.search(r"[>|&*$;~]", line):
            return programs[words[0]](tuple(words[1:]), trained, os.environ)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", line],
            cwd=trained,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def require_promised(text: str, done: CompletedCall) -> None:
    code, said = next((ending for pattern, ending in ENDS_WITH.items() if re.fullmatch(pattern, text)), (0, ""))
    assert done.returncode == code, done.stderr + done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", named(LOCAL))
def test_a_command_of_the_pages_works(command: Command, shell: Shell) -> None:
    for line in variants(command.text):
        require_promised(command.text, shell(line))


@pytest.mark.parametrize("example", [example for example in EXAMPLES if not needs_s3(example)])
def test_an_example_of_a_help_works(example: str, shell: Shell) -> None:
    require_promised(example, shell(example))


@pytest.fixture
def bucket() -> Iterator[str]:
    """An empty prefix of the real server, which is emptied afterwards."""
    if not s3_server.is_there():
        pytest.skip(s3_server.HOW_TO_GET_ONE)
    url = f"s3://{s3_server.BUCKET}/documented/{uuid.uuid4().hex}"
    yield url
    store = open_store(url)
    for stat in list(store.list()):
        store.delete(stat.key)


WITH_S3 = sorted({*EXAMPLES, *(command.text for command in RUNNABLE if not needs_cluster(command))})


@pytest.mark.cluster
@pytest.mark.parametrize("text", [text for text in WITH_S3 if needs_s3(text)])
def test_a_command_about_a_bucket_works(text: str, shell: Shell, bucket: str, trained: Path) -> None:
    shutil.copytree(trained / "data" / "phantom", trained / "packs", dirs_exist_ok=True)
    for line in variants(text):
        require_promised(text, shell(line.replace("s3://bucket", bucket)))


def test_every_target_of_make_that_is_documented_exists() -> None:
    for text, command in COMMANDS.items():
        if command.program == "make":
            done = subprocess.run(["make", "-n", *text.split()[1:]], cwd=ROOT, capture_output=True, check=False)
            assert done.returncode == 0, f"{command.where}: {done.stderr!r}"


@pytest.mark.parametrize("pattern", [*EXEMPT, *ENDS_WITH])
def test_an_exemption_is_of_a_command_that_is_still_documented(pattern: str) -> None:
    assert any(re.fullmatch(pattern, text) for text in COMMANDS)


def test_every_placeholder_is_replaced() -> None:
    for command in LOCAL:
        for line in variants(command.text):
            assert not re.search(r"(?<![\w.$])[A-Z]{2,}(?![\w.])", line), f"{command.where}: {line}: {[*STANDS_FOR]}"


def test_commands_are_found_in_every_form() -> None:
    page = """
# Guide
## On a cluster
    gridctl submit a.yaml \\
        --set x=1    # note
    name: yaml
Text with `gridctl status [NAME]` and `gridctl`.

| `gridctl report \\| cat` | x |
|---|---|

```sh
$ kubectl apply -k k8s/base
```
```yaml
make: it
```
"""
    found = [(command.text, command.section) for command in commands_in(page, "page.md")]
    section = "page.md Guide / On a cluster"
    assert [text for text, _ in found] == [
        "gridctl submit a.yaml --set x=1",
        "gridctl status [NAME]",
        "gridctl report | cat",
        "kubectl apply -k k8s/base",
    ]
    assert {where for _, where in found} == {section}


def test_what_is_optional_is_tried_both_ways() -> None:
    assert variants("gridctl logs RUN [-f]") == [
        f"gridctl logs {STANDS_FOR['RUN']}",
        f"gridctl logs {STANDS_FOR['RUN']} -f",
    ]
    assert variants("gridctl submit --set 'seeds=[1]'") == ["gridctl submit --set 'seeds=[1]'"]
