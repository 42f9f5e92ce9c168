"""Every command in README and docs works as shown."""

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

from gridctl.cli import help_examples
from gridctl_trainer.cli import help_examples as trainer_examples
from gridctl_trainer.storage.base import open_store
from tests import s3_server
from tests.cluster.kubectl import require_kubectl
from tests.documented.commands import Command, commands_in, documented_commands
from tests.documented.exemptions import ENDS_WITH, EXEMPT, FOLLOWED
from tests.documented.runnable import STANDS_FOR, variants
from tests.documented.trained_folder import ROOT
from tests.forked_commands import CompletedCall, ForkedCommand

Shell = Callable[[str], CompletedCall]

DOCUMENTED = documented_commands(ROOT)

EXAMPLES = [
    example
    for examples in (help_examples.EXAMPLES, trainer_examples.EXAMPLES)
    for commands in examples.values()
    for example in commands
]


def exemption_of(text: str) -> str | None:
    return next((pattern for pattern in EXEMPT if re.fullmatch(pattern, text)), None)


FOLLOWED_BLOCKS = [command.text for command in DOCUMENTED if command.in_block and command.page in FOLLOWED]


def is_followed(command: Command) -> bool:
    """Whether another test runs the command, or the same one with more options, as part of a page."""
    if command.in_block and command.page in FOLLOWED:
        return True
    return command.in_block and any(text.startswith(command.text) for text in FOLLOWED_BLOCKS)


def is_of_cluster(command: Command) -> bool:
    """Whether the command belongs to the tools of a cluster or an image."""
    return command.program in ("kubectl", "docker", "podman", "buildah")


def needs_s3(text: str) -> bool:
    return "s3://" in text or "URL" in text.split()


def named(commands: list[Command]) -> list[object]:
    return [pytest.param(command, id=f"{command.where} {command.text}") for command in commands]


COMMANDS = {command.text: command for command in DOCUMENTED if not exemption_of(command.text)}
"""All commands, without repetitions."""

HERE = [command for command in COMMANDS.values() if not is_of_cluster(command) and not is_followed(command)]
LOCAL = [command for command in HERE if not needs_s3(command.text)]
WITH_S3 = sorted(filter(needs_s3, {*EXAMPLES, *(command.text for command in HERE)}))
ON_CLUSTER = [command for command in COMMANDS.values() if is_of_cluster(command) and not is_followed(command)]


@pytest.fixture
def shell(trained: Path, forked_gridctl: ForkedCommand, forked_trainer: ForkedCommand) -> Shell:
    """Runs a command line in a folder that is as after the first commands of a user."""

    def run(line: str) -> CompletedCall:
        words = shlex.split(line)
        if "hearts.yaml" in words:  # only then, as it would be a second file beside demo.yaml
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
    """An empty prefix on the real server, which is emptied again afterwards."""
    if not s3_server.is_there():
        pytest.skip(s3_server.HOW_TO_GET_ONE)
    url = f"s3://{s3_server.BUCKET}/documented/{uuid.uuid4().hex}"
    yield url
    store = open_store(url)
    for stat in list(store.list()):
        store.delete(stat.key)


@pytest.mark.cluster
@pytest.mark.parametrize("text", WITH_S3)
def test_a_command_about_a_bucket_works(text: str, shell: Shell, bucket: str, trained: Path) -> None:
    shutil.copytree(trained / "data" / "phantom", trained / "packs", dirs_exist_ok=True)
    if " download " in text:
        shell(f"gridctl-trainer data upload data/phantom {bucket}/phantom")
    if " init " in text:
        shell(f"gridctl-trainer data upload data/phantom/acdc {bucket}/acdc")
    for line in variants(text):
        require_promised(text, shell(line.replace("s3://bucket", bucket)))


@pytest.mark.cluster
@pytest.mark.parametrize("command", named(ON_CLUSTER))
def test_a_command_of_a_cluster_works(command: Command) -> None:
    """Commands within text, which only read; for pages with steps, `FOLLOWED` names the test that follows them."""
    require_kubectl()
    assert "KUBECONFIG" in os.environ
    done = subprocess.run(shlex.split(command.text), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", named(ON_CLUSTER))
def test_what_changes_a_cluster_is_followed_step_by_step(command: Command) -> None:
    reads = ("describe", "get", "logs", "auth", "version", "explain", "api-resources")
    assert command.program == "kubectl", command.where
    assert command.text.split()[1] in reads, f"{command.where}: no test runs it: {command.text}"


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_that_is_followed_is_there_and_its_test_reads_it(page: str) -> None:
    assert FOLLOWED_BLOCKS
    assert Path(page).name in (ROOT / FOLLOWED[page]).read_text()


def test_every_target_of_make_that_is_documented_exists() -> None:
    for command in DOCUMENTED:
        if command.program == "make":
            words = ["make", "-n", *command.text.split()[1:]]
            done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
            assert done.returncode == 0, f"{command.where}: {done.stderr!r}"


@pytest.mark.parametrize("pattern", [*EXEMPT, *ENDS_WITH])
def test_an_exemption_is_of_a_command_that_is_still_documented(pattern: str) -> None:
    shown = [*(command.text for command in DOCUMENTED), *EXAMPLES]
    assert any(re.fullmatch(pattern, text) for text in shown)


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
    assert [(command.text, command.where, command.in_block) for command in commands_in(page, "page.md")] == [
        ("gridctl submit a.yaml --set x=1", "page.md:4", True),
        ("gridctl status [NAME]", "page.md:7", False),
        ("gridctl report | cat", "page.md:9", False),
        ("kubectl apply -k k8s/base", "page.md:12", True),
    ]


def test_what_is_optional_is_tried_both_ways() -> None:
    assert variants("gridctl logs RUN [-f]") == [
        f"gridctl logs {STANDS_FOR['RUN']}",
        f"gridctl logs {STANDS_FOR['RUN']} -f",
    ]
    assert variants("gridctl submit --set 'seeds=[1]'") == ["gridctl submit --set 'seeds=[1]'"]
