"""Whatever the streams of a command are connected to, its work is done, and no stream appears as a bug of gridctl."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gridctl.submissions.submitted_experiments import remember
from gridctl_trainer.contract.layout import experiment_yaml
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.conftest import EXPERIMENT

GRIDCTL = (sys.executable, "-m", "gridctl")
TRAINER = (sys.executable, "-m", "gridctl_trainer")
COMMANDS = {
    "status": (*GRIDCTL, "status"),
    "json": (*GRIDCTL, "status", "--json"),
    "help": (*GRIDCTL, "--help"),
    "dry run": (*GRIDCTL, "submit", "tiny.yaml", "--dry-run"),
    "report": (*GRIDCTL, "report", "--significance"),
    "page": (*GRIDCTL, "report", "--format", "html"),
    "data check": (*TRAINER, "data", "check", "phantom"),
}
ENCODINGS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "POSIX": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, phantom: Path) -> Path:
    """A folder with a submitted experiment, none of whose runs has begun."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "phantom").symlink_to(phantom)
    text = EXPERIMENT.format(phantom="phantom")
    (folder / "tiny.yaml").write_text(text, encoding="utf-8")
    FolderStore(folder / "runs").put(experiment_yaml("tiny"), text.encode())
    assert remember("tiny", str(folder / "runs"), "local", folder) == ""
    return folder


def shell(
    folder: Path, command: tuple[str, ...], streams: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command with its streams connected by a shell, and return its own exit code, not that of its reader."""
    line = f"set -o pipefail; {shlex.join(command)} {streams}"
    given = {**os.environ, **(env or {})}
    return subprocess.run(["bash", "-c", line], cwd=folder, env=given, capture_output=True, timeout=240, check=False)


def is_no_bug(stderr: bytes) -> None:
    for sign in (b"a bug", b"Traceback", b"Exception ignored"):
        assert sign not in stderr, stderr.decode(errors="replace")


CASES = [
    pytest.param(name, encoding, marks=[] if encoding == "POSIX" or name == "status" else pytest.mark.slow)
    for name, encoding in itertools.product(COMMANDS, ENCODINGS)
]
"""Every command in the narrowest encoding, and one command in every encoding. The other cases are slow."""


@pytest.mark.parametrize(("name", "encoding"), CASES)
def test_an_encoding_without_our_characters_is_no_bug(name: str, encoding: str, folder: Path) -> None:
    done = shell(folder, COMMANDS[name], "", ENCODINGS[encoding])
    is_no_bug(done.stderr)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    if encoding != "latin-1":
        assert done.stdout.isascii()
        assert done.stderr.isascii()


def test_json_and_the_page_lose_no_character_to_an_encoding(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(EXPERIMENT.format(phantom=folder / "phantom"), encoding="utf-8")
    store = tmp_path / "γ–store"
    FolderStore(store).put(experiment_yaml("tiny"), (tmp_path / "tiny.yaml").read_bytes())
    status = (*GRIDCTL, "status", "tiny", "--store", str(store), "--json")
    done = shell(tmp_path, status, "", {"PYTHONIOENCODING": "latin-1"})
    assert json.loads(done.stdout.decode("latin-1"))["store"] == str(store)
    page = shell(folder, COMMANDS["page"], "", {"PYTHONIOENCODING": "ascii"}).stdout
    assert b"&#" in page
    assert b"gamma_net" in page


@pytest.mark.parametrize("name", ["status", "json", "help", "data check"])
def test_output_that_cannot_be_written_is_one_message(name: str, folder: Path) -> None:
    for streams, why in ((">/dev/full", b"No space left on device"), (">&-", b"it is closed")):
        done = shell(folder, COMMANDS[name], streams)
        is_no_bug(done.stderr)
        assert done.returncode == 1, (streams, done.stderr)
        assert done.stderr.count(b"error: ") == 1
        assert done.stderr.rstrip().endswith(b"error: cannot write the output: " + why)


@pytest.mark.parametrize("name", ["status", "json", "help", "data check"])
def test_a_reader_that_stops_is_no_error(name: str, folder: Path) -> None:
    done = shell(folder, COMMANDS[name], "| true")
    is_no_bug(done.stderr)
    assert b"error" not in done.stderr
    assert done.returncode == 141, done.stderr


@pytest.mark.parametrize("name", ["status", "data check"])
def test_results_come_though_nobody_takes_the_notes(name: str, folder: Path) -> None:
    expected = shell(folder, COMMANDS[name], "").stdout
    for streams in ("2>/dev/full", "2>&-", "<&-", "<&- 2>&-"):
        done = shell(folder, COMMANDS[name], streams)
        assert (done.returncode, done.stdout) == (0, expected), streams


@pytest.mark.parametrize(
    "streams",
    [
        "| true",
        pytest.param("2>/dev/full", marks=pytest.mark.slow),
        pytest.param(">&- 2>&- <&-", marks=pytest.mark.slow),
    ],
)
def test_training_goes_on_whatever_becomes_of_its_streams(streams: str, folder: Path, tmp_path: Path) -> None:
    text = EXPERIMENT.format(phantom=folder / "phantom").replace("seeds: [1, 2, 3]", "seeds: [1]")
    one_model = "".join(line for line in text.splitlines(keepends=True) if "gamma_net" not in line)
    (tmp_path / "tiny.yaml").write_text(one_model.replace("epochs: 3", "epochs: 1"), encoding="utf-8")
    done = shell(tmp_path, (*GRIDCTL, "submit", "tiny.yaml", "--json"), streams)
    is_no_bug(done.stderr)
    assert len(list(tmp_path.glob("runs/tiny/*/result.json"))) == 1
    assert done.returncode == (0 if streams == "2>/dev/full" else 141 if "|" in streams else 1)


@pytest.mark.parametrize("streams", [pytest.param("| true", marks=pytest.mark.slow), ">/dev/full 2>/dev/full"])
def test_the_trainer_goes_on_without_whoever_reads_its_progress(streams: str, folder: Path, tmp_path: Path) -> None:
    from gridctl.experiment import load_experiment
    from gridctl_trainer.contract.layout import RunLayout

    run = load_experiment(
        folder / "tiny.yaml", ["training.epochs=1", f"data.train.path={folder / 'phantom' / 'acdc'}"]
    ).runs[0]
    layout, store = RunLayout(run.experiment, run.run_id), FolderStore(tmp_path / "runs")
    store.put(layout.spec, run.to_json())
    command = (*TRAINER, "run", f"{tmp_path}/runs/{layout.spec}", "--progress", "json")
    done = shell(folder, command, streams)
    is_no_bug(done.stderr)
    assert done.returncode == 0, done.stderr
    assert store.exists(layout.result)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sumbit"], "no such command 'sumbit'. Did you mean 'submit'?"),
        (["submit", "x.yaml", "--wokers", "2"], "no such option: --wokers (Possible options: --workers)"),
        (["submit", "x.yaml", "--workers", "0"], "--workers: must be at least 1, got '0'"),
        (["submit", "x.yaml", "--workers", "x"], "--workers: expected a whole number, got 'x'"),
        (["report", "--format", "pdf"], "--format: 'pdf' is not one of"),
        (["logs"], "missing argument 'RUN'"),
    ],
)
def test_a_wrong_option_is_said_as_every_mistake(arguments: list[str], said: str, folder: Path) -> None:
    done = shell(folder, (*GRIDCTL, *arguments), "")
    first, second = done.stderr.decode().splitlines()
    assert first.startswith(f"error: {said}")
    assert second.endswith(" --help shows what there is")
    assert (done.returncode, done.stdout) == (2, b"")
