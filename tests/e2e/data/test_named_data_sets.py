"""`data check`, `data pack` and training on data sets that are named with their options."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.short_commands import Command, trainer
from tests.e2e.specification import specification
from tests.published_layouts import write_mnms, write_nnunet

__all__ = ["trainer"]

OPTIONS = {"pattern": r"(?P<patient>patient\d+)_frame(?P<time_point>\d+)", "time_points": {"01": "ED", "09": "ES"}}


def test_nnu_nets_layout_is_checked_packed_and_trained_on(phantom: Path, tmp_path: Path, trainer: Command) -> None:
    write_nnunet(tmp_path / "raw", phantom)
    named = f"nnunet={json.dumps(OPTIONS)}"
    done = trainer("data", "check", "raw", "--dataset", named)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 of 6 patients readable" in done.stdout
    assert trainer("data", "pack", "raw", "packs", "--dataset", named, "--size-px", "32").returncode == 0
    data = {"train": {"dataset": "nnunet", "path": "packs", "options": OPTIONS}}
    (tmp_path / "spec.json").write_text(json.dumps(specification(data=data)))
    done = trainer("run", "spec.json", "--store", "runs")
    assert done.returncode == 0, done.stderr


def test_without_a_pattern_the_layout_is_refused(phantom: Path, tmp_path: Path, trainer: Command) -> None:
    write_nnunet(tmp_path / "raw", phantom)
    done = trainer("data", "check", "raw", "--dataset", "nnunet")
    assert done.returncode == 2
    assert "the patient of each case must be known, as patients are split and not files" in done.stderr
    assert "Traceback" not in done.stderr


def test_mnms_is_recognised_by_its_files(phantom: Path, tmp_path: Path, trainer: Command) -> None:
    write_mnms(tmp_path / "OpenDataset", phantom)
    done = trainer("data", "check", "OpenDataset")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("M&Ms OpenDataset")
    assert "3 of 3 patients readable" in done.stdout
