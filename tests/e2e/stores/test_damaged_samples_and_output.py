"""With damaged samples and outputs of attempts, the page is made without them and `logs` says what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.stores import planted
from tests.forked_commands import CompletedCall, ForkedCommand

Runs = list[Path]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """The folders of one model's runs in a finished experiment."""
    (tmp_path / "data" / "patient001").mkdir(parents=True)
    file = tmp_path / "tiny.yaml"
    file.write_text(planted.YAML.format(seeds="1, 2, 3", data=tmp_path / "data"))
    for key, data in planted.objects(file).items():
        path = tmp_path / "store" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return sorted((tmp_path / "store" / "tiny").glob("tiny-gamma-net-*"))


def call(forked_gridctl: ForkedCommand, folder: Path, *arguments: str) -> CompletedCall:
    done = forked_gridctl((*arguments, "--store", "store"), folder, os.environ)
    assert "a bug" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


SAMPLES: dict[str, bytes] = {
    "empty": b"",
    "nested": planted.NESTED,
    "not UTF-8": b"\xff",
    "10^30 px": json.dumps({**planted.samples("tiny"), "size_px": 10**30}).encode(),
    "list for a slice": json.dumps({**planted.samples("tiny"), "slices": [[1]]}).encode(),
}
LINKS = (planted.symlink_loop, planted.link_to_a_device, planted.pipe, planted.huge)


def test_a_page_names_samples_that_it_cannot_show(forked_gridctl: ForkedCommand, runs: Runs, tmp_path: Path) -> None:
    def content(data: bytes) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(data)

    for case, damage in {
        **{name: content(data) for name, data in SAMPLES.items()},
        **{d.__name__: d for d in LINKS},
    }.items():
        for run in runs:
            index = run / planted.SAMPLES
            index.unlink()
            index.write_text("x")
            damage(index)
        done = call(forked_gridctl, tmp_path, "report", "tiny", "--format", "html", "-o", "out")
        assert done.returncode == 0, done.stderr
        page = (tmp_path / "out" / "report.html").read_text()
        assert planted.SAMPLES in page, case


def test_logs_says_why_an_output_cannot_be_read(forked_gridctl: ForkedCommand, runs: Runs, tmp_path: Path) -> None:
    for damage, said in {
        planted.symlink_loop: "Too many levels of symbolic links",
        planted.dangling_link: "a link to something that does not exist",
        planted.link_to_a_device: "a pipe or a device, not a file",
        planted.pipe: "a pipe or a device, not a file",
        planted.huge: "far more than any such object",
    }.items():
        output = (runs[0] / planted.LOG).with_suffix(".log")
        output.unlink(missing_ok=True)
        output.write_text("x")
        damage(output)
        done = call(forked_gridctl, tmp_path, "logs", runs[0].name, "-e", "tiny")
        assert done.returncode == 3, done.stderr
        assert said in done.stderr
