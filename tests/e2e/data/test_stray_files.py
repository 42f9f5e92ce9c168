"""Files that operating systems leave in a data set are not read and do not cause a new pack."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.data.conftest import Checked, check, run_trainer

APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(64)


def litter(root: Path) -> None:
    """Leave files as macOS, Windows, a Synology NAS and an editor do."""
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        for path in [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]:
            path.with_name(f"._{path.name}").write_bytes(APPLE_DOUBLE)
        (folder / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1" + bytes(32))
        (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(32))
        (folder / "desktop.ini").write_text("[.ShellClassInfo]\n")
        (folder / "@eaDir").mkdir()
        (folder / "@eaDir" / "IM-0887-0008.dcm@SynoEAStream").write_bytes(b"x")
        (folder / "@eaDir" / "IM-0001-0008.dcm").write_bytes(b"x")
    hidden = root / "acdc" / "database" / "training" / "._patient001"
    hidden.write_bytes(APPLE_DOUBLE)
    (root / "__MACOSX" / "patient009").mkdir(parents=True)


def test_they_change_nothing(own_set: Path, checked: Checked, tmp_path: Path) -> None:
    pack = ("data", "pack", own_set, tmp_path / "packs", "--size-px", "32")
    assert "wrote" in run_trainer(*pack).stderr
    litter(own_set)
    assert check(own_set) == checked
    again = run_trainer(*pack)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("there already") == 2, again.stderr
