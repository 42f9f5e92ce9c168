"""A data set may consist of links, as made by git-annex, DVC and people, and remains the same data set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.data.conftest import Checked, check, run_trainer


def files_of(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def move_to(path: Path, target: Path, *, relative: bool = True) -> None:
    """Move a file or folder, and leave a link in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    path.symlink_to(os.path.relpath(target, path.parent) if relative else target)


def annex(root: Path) -> Path:
    """As with git-annex, every file is a relative link into the read-only folder .git/annex/objects."""
    for path in files_of(root):
        key = f"SHA256E-s{path.stat().st_size}--{hashlib.sha256(path.read_bytes()).hexdigest()}{path.suffix}"
        # Equal files share an object in git-annex; one folder per file keeps this simple.
        target = root / ".git" / "annex" / "objects" / key[-6:-4] / path.name / key
        move_to(path, target)
        target.chmod(0o444)
        target.parent.chmod(0o555)
    return root


def dvc(root: Path) -> Path:
    """As with DVC and `cache.type symlink`, every file is an absolute link into a cache elsewhere."""
    for number, path in enumerate(files_of(root)):
        digest = hashlib.md5(f"{number}".encode(), usedforsecurity=False).hexdigest()
        move_to(path, root.parent / "cache" / "files" / "md5" / digest[:2] / digest[2:], relative=False)
    return root


def patients(root: Path) -> Path:
    """Every patient's folder, images and contours alike, is a link to another disk."""
    folders = [*root.glob("acdc/database/training/*"), *root.glob("sunnybrook/*/*")]
    for number, folder in enumerate(sorted(folders)):
        move_to(folder, root.parent / "disk" / f"{number}")
    return root


def sets(root: Path) -> Path:
    """The root, a data set and a folder in it are links."""
    move_to(root / "acdc" / "database", root.parent / "disk" / "acdc-2017")
    move_to(root / "sunnybrook", root.parent / "disk" / "sunnybrook-2009")
    link = root.parent / "link"
    link.symlink_to(root)
    return link


def circles(root: Path) -> Path:
    """Links back to folders above, at several depths, add nothing."""
    for folder in [root, *root.glob("acdc/database/training/*"), *root.glob("sunnybrook/*/*")]:
        (folder / "up").symlink_to("..")
        (folder / "here").symlink_to(".")
    return root


def again(root: Path) -> Path:
    """Images and contours that are reached by two paths do not count as another series."""
    (root / "sunnybrook" / "again").symlink_to("challenge_training")
    (root / "sunnybrook" / "by-expert").symlink_to("TrainingDataContours")
    return root


@pytest.mark.parametrize("linked", [annex, dvc, patients, sets, circles, again], ids=lambda linked: linked.__name__)
def test_linked_patients_are_the_same_patients(linked: Callable[[Path], Path], own_set: Path, checked: Checked) -> None:
    assert check(linked(own_set)) == checked


def test_a_pack_is_made_of_links(own_set: Path, tmp_path: Path) -> None:
    packed = run_trainer("data", "pack", dvc(own_set), tmp_path / "packs", "--size-px", "32")
    assert packed.returncode == 0, packed.stderr
    assert packed.stderr.count("images of 2 patients") == 2


def test_folders_that_link_to_each_other_end_in_one_error(own_set: Path) -> None:
    """Twelve folders that link to each other have half a billion paths."""
    folders = [own_set / "sunnybrook" / f"part{number}" for number in range(12)]
    for folder in folders:
        folder.mkdir()
    for folder in folders:
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    done = run_trainer("data", "check", own_set)
    assert done.returncode == 3
    assert "links lead to this folder on more than 1,000 paths" in done.stderr
