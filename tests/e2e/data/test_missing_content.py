"""Unreadable content of a data set is reported with a way to get it, and no patient is silently left out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.e2e.data.conftest import run_trainer
from tests.e2e.stores.conftest import ONE_RUN

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 33000\n".format("0" * 64)
DVC = "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  path: {}\n"
ANNEXED = ".git/annex/objects/0X/fQ/SHA256E-s9--ab.dcm/SHA256E-s9--ab.dcm"


def first(root: Path, pattern: str) -> Path:
    return min(root.glob(pattern))


def lose_content(path: Path, how: str) -> str:
    """Make a path unreadable in one of the ways that users meet, and return the expected message."""
    path.unlink(missing_ok=True)
    if how == "annex link":
        path.symlink_to(f"../../{ANNEXED}")
        return "git annex get"
    if how == "DVC link":
        path.symlink_to("/nowhere/.dvc/cache/files/md5/d4/1d8cd98f00b204e9800998ecf8427e")
        return "dvc pull"
    if how == "link to nowhere":
        path.symlink_to("/mnt/old-disk/images")
        return "a link to /mnt/old-disk/images, which is not on this machine"
    if how == "link to itself":
        path.symlink_to(path.name)
        return "cannot read it"
    if how == "only DVC has it":
        path.with_name(f"{path.name}.dvc").write_text(DVC.format(path.name))
        return "dvc pull"
    if how == "LFS pointer":
        path.write_text(LFS)
        return "git lfs pull"
    if how == "annex pointer":
        path.write_text("/annex/objects/SHA256E-s9--ab.dcm\n")
        return "git annex get"
    assert how == "pipe"
    os.mkfifo(path)
    return "neither a file nor a folder"


FILES = ["LFS pointer", "annex pointer", "pipe"]
LINKS = ["annex link", "DVC link", "link to nowhere", "link to itself", "only DVC has it"]


def require_named(said: dict[Path, str], stderr: str) -> None:
    lines = stderr.splitlines()
    for path, what in said.items():
        at = next((index for index, line in enumerate(lines) if f"{path}: " in line), None)
        assert at is not None, f"{path} is not named: {stderr}"
        assert what in " ".join(lines[at : at + 2]), stderr


@pytest.mark.parametrize(("kind", "command"), [("acdc", "pack"), ("sunnybrook", "check")])
def test_each_file_without_content_is_named(kind: str, command: str, own_set: Path, tmp_path: Path) -> None:
    """All of the ways at once are all reported."""
    files = sorted([*own_set.glob(f"{kind}/**/*.dcm"), *own_set.glob(f"{kind}/**/*.nii.gz")])
    said = {path: lose_content(path, how) for path, how in zip(files, [*LINKS, *FILES], strict=False)}
    assert len(said) == len([*LINKS, *FILES])
    done = run_trainer("data", command, own_set / kind, *([tmp_path / "packs"] if command == "pack" else []))
    assert done.returncode == 3, done.stderr
    require_named(said, done.stderr)
    assert not (tmp_path / "packs").exists()


@pytest.mark.parametrize("beside", ["acdc/database/training/patient001", "sunnybrook/challenge_training/SC-HYP-2"])
def test_each_patient_without_content_is_named(beside: str, own_set: Path) -> None:
    """The patients who are present are not taken for the whole set."""
    there = own_set / beside
    assert there.is_dir()
    lost = [there.with_name(f"{there.name}{number}") for number in range(len(LINKS))]
    said = {path: lose_content(path, how) for path, how in zip(lost, LINKS, strict=True)}
    done = run_trainer("data", "check", own_set)
    assert done.returncode == 3, done.stdout
    require_named(said, done.stderr)


def test_a_whole_set_without_content_is_named(own_set: Path) -> None:
    shutil.rmtree(own_set / "acdc")
    (own_set / "acdc.dvc").write_text(DVC.format("acdc"))
    done = run_trainer("data", "check", own_set)
    assert done.returncode == 3
    assert f"{own_set / 'acdc'}: DVC tracks it, but it is not on this machine" in done.stderr


def test_many_missing_files_are_counted(own_set: Path) -> None:
    for number in range(50):
        (own_set / "sunnybrook" / f"IM-0001-{number:04d}.dcm").symlink_to(f"/nowhere/{number}")
    done = run_trainer("data", "check", own_set)
    assert done.returncode == 3
    assert done.stderr.count("/nowhere/") == 20
    assert "... and 30 more\n" in done.stderr


def test_what_this_user_may_not_read_is_named(own_set: Path, without_rights: tuple[str, ...]) -> None:
    patient = first(own_set, "acdc/database/training/*")
    sunnybrook = own_set / "sunnybrook"
    forbidden = {
        own_set: [patient],
        sunnybrook: [first(sunnybrook, "challenge_training/*/*.dcm"), first(sunnybrook, "TrainingDataContours/*")],
        own_set / "acdc": [own_set / "acdc" / "database"],
        own_set / "acdc" / "database": [own_set / "acdc"],
    }
    for root, paths in forbidden.items():
        usual = {path: path.stat().st_mode for path in paths}
        for path in paths:
            path.chmod(0o000)
        done = run_trainer("data", "check", root, prefix=without_rights)
        for path, mode in usual.items():
            path.chmod(mode)
        assert done.returncode == 3, done.stdout
        assert done.stderr.count("Permission denied") == len(paths), done.stderr
        assert all(f"{path}" in done.stderr for path in paths), done.stderr


def test_no_run_trains_on_what_is_left(own_set: Path, tmp_path: Path, gridctl: Run) -> None:
    lost = own_set / "acdc" / "database" / "training" / "patient009"
    what = lose_content(lost, "annex link")
    (tmp_path / "tiny.yaml").write_text(ONE_RUN.format(phantom=own_set))
    done = gridctl("submit", "tiny.yaml")
    assert done.returncode == 2, done.stderr
    assert str(lost) in done.stderr
    assert what in done.stderr
    assert not list(tmp_path.glob("runs/**/result.json"))
