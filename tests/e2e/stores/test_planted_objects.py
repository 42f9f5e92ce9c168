"""Any strange object in a store is a named problem of its run, and every command continues with the others."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from gridctl_trainer.storage.base import open_store
from tests.e2e.stores.conftest import Run
from tests.e2e.stores.planted import DAMAGE, FILE_DAMAGE, LOG, YAML, objects

SOUND = 3
"""Seeds whose runs are not damaged."""


def experiment(folder: Path, damaged: int) -> dict[str, bytes]:
    data = folder / "data"
    data.mkdir()
    file = folder / "tiny.yaml"
    file.write_text(YAML.format(seeds=", ".join(map(str, range(1, damaged + SOUND + 1))), data=data))
    return objects(file)


def runs_of(found: dict[str, bytes], model: str) -> list[str]:
    return [key.split("/")[1] for key in found if key.endswith(f"/{LOG}") and f"-{model}-" in key]


def expect(done: subprocess.CompletedProcess[str], code: int = 1) -> subprocess.CompletedProcess[str]:
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert "a bug" not in done.stderr, done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A store in which each kind of damage affects one run, with the damaged key by kind."""
    cases = [*DAMAGE, *FILE_DAMAGE]
    found = experiment(tmp_path, len(cases))
    root = tmp_path / "store"
    for key, data in found.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(data)
    keys = {}
    for case, run_id in zip(cases, runs_of(found, "unet"), strict=False):
        kind, change = (DAMAGE | FILE_DAMAGE)[case]  # type: ignore[operator]
        key = keys[case] = f"tiny/{run_id}/{kind}"
        if case in DAMAGE:
            (root / key).write_bytes(change(found[key]))  # type: ignore[arg-type]
        else:
            change(root / key)  # type: ignore[arg-type]
    return root, keys


def test_every_command_goes_on(folder: tuple[Path, dict[str, str]], gridctl: Run, tmp_path: Path) -> None:
    root, keys = folder
    where = ["tiny", "--store", str(root)]
    status = json.loads(expect(gridctl("status", *where, "--json")).stdout)
    said = "\n".join(status["problems"])
    assert [case for case, key in keys.items() if key not in said] == [], "each is named"
    assert status["totals"]["done"] == len(status["runs"]) - len(keys), "all others are shown"

    shown = expect(gridctl("status", *where)).stdout
    assert f"... and {len(status['problems']) - 20} more" in shown

    expect(gridctl("report", *where, "--significance", "-o", "out"))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert any("unreadable" in warning for warning in report["warnings"])
    (row,) = [row for row in report["comparisons"] if row["metric"] == "validation.soft_dice.left_ventricle"]
    assert row["n_pairs"] == SOUND
    assert row["difference"] == pytest.approx(0.25)

    without_log = sum(key.endswith(LOG) for key in keys.values())
    assert json.loads(expect(gridctl("plan", *where, "--json")).stdout)["runs_left"] == without_log
    expect(gridctl("export", *where, "-o", "epochs.csv"))
    listed = json.loads(expect(gridctl("list", "--store", str(root), "--json"), 0).stdout)
    assert listed[0]["runs"] == len(status["runs"])
    dry = json.loads(
        expect(gridctl("submit", "tiny.yaml", "--store", str(root), "--dry-run", "--no-verify", "--json")).stdout
    )
    assert len(dry["skip"]) == len(status["runs"]) - len(keys)

    watched = expect(gridctl("status", *where, "--watch", "--json")).stdout.splitlines()
    assert json.loads(watched[-1])["problems"] == status["problems"]
    assert "none of these runs has failed" in expect(gridctl("retry", *where)).stderr
    assert "0 active runs cancelled" in expect(gridctl("cancel", *where), 0).stderr
    expect(gridctl("delete", *where, "--yes"), 0)
    assert not [path for path in root.rglob("*") if not path.is_dir() or path.is_symlink()]


def test_the_same_in_a_bucket(s3_url: str, gridctl: Run, tmp_path: Path) -> None:
    found = experiment(tmp_path, len(DAMAGE))
    keys = {}
    for (case, (kind, change)), run_id in zip(DAMAGE.items(), runs_of(found, "unet"), strict=False):
        keys[case] = f"tiny/{run_id}/{kind}"
        found[keys[case]] = change(found[keys[case]])
    store = open_store(s3_url)
    for key, data in found.items():
        store.put(key, data)
    for _ in range(2):  # the second time reads from the cache
        status = json.loads(expect(gridctl("status", "tiny", "--store", s3_url, "--json")).stdout)
        said = "\n".join(status["problems"])
        assert [case for case, key in keys.items() if key not in said] == []
        assert status["totals"]["done"] == len(status["runs"]) - len(keys)
    expect(gridctl("delete", "tiny", "--store", s3_url, "--yes"), 0)
    assert not list(store.list("tiny/"))


DAMAGED_EXPERIMENTS = {
    "latin": b"name: caf\xe9\n",
    "utf": b"\xff\xfen\0",
    "empty": b"",
    "nested": b"{" * 9000,
    "part": b"name: part\n",
    "zeros": bytes(2_000_000),
    "pipe": None,
}


def test_a_damaged_experiment_is_named_and_its_file_takes_its_place(gridctl: Run, tmp_path: Path) -> None:
    found = experiment(tmp_path, 0)
    root = tmp_path / "store"
    for name, damage in {"tiny": DAMAGED_EXPERIMENTS["latin"], **DAMAGED_EXPERIMENTS}.items():
        (root / name).mkdir(parents=True)
        if damage is None:
            os.mkfifo(root / name / "experiment.yaml")
        else:
            (root / name / "experiment.yaml").write_bytes(damage)
    for key in set(found) - {"tiny/experiment.yaml"}:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(found[key])
    (root / "other").mkdir()
    (root / "other/experiment.yaml").write_bytes(found["tiny/experiment.yaml"].replace(b"tiny", b"other"))

    for name in DAMAGED_EXPERIMENTS:
        assert f"{name}/experiment.yaml" in expect(gridctl("status", name, "--store", str(root)), 2).stderr
    listed = json.loads(expect(gridctl("list", "--store", str(root), "--json")).stdout)
    assert [item["experiment"] for item in listed if not item["problem"]] == ["other"]
    assert len(listed) == len(DAMAGED_EXPERIMENTS) + 2
    done = expect(gridctl("status", "tiny.yaml", "--store", str(root), "--json"), 0)
    assert json.loads(done.stdout)["totals"]["done"] == 2 * SOUND
    expect(gridctl("delete", "tiny.yaml", "--store", str(root), "--yes"), 0)
    assert not (root / "tiny").exists()
