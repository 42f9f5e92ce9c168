"""Info.cfg and contours mean the same in every encoding and with all line endings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.data.conftest import Checked, check, run_trainer

WAYS: dict[str, Callable[[str], bytes]] = {
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "Windows": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, other end": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "old Mac": lambda text: text.replace("\n", "\r").encode(),
}


def texts(root: Path) -> list[Path]:
    return sorted([*root.rglob("Info.cfg"), *root.rglob("*contour-manual.txt")])


def test_marks_and_line_ends_change_nothing(own_set: Path, checked: Checked) -> None:
    """Write each file in another way; either format has more files than there are ways."""
    ways = list(WAYS.values())
    for number, path in enumerate(texts(own_set)):
        path.write_bytes(ways[number % len(ways)](path.read_text()))
    assert check(own_set) == checked


def test_info_is_read_in_every_way(tmp_path: Path) -> None:
    options = ("--patients", str(len(WAYS)), "--generalisation-patients", "1", "--slices", "1")
    assert run_trainer("data", "phantom", tmp_path / "set", *options).returncode == 0
    before = check(tmp_path / "set" / "acdc")
    for path, way in zip(texts(tmp_path / "set" / "acdc"), WAYS.values(), strict=True):
        path.write_bytes(way(path.read_text() + "Comment: café\n"))
    assert check(tmp_path / "set" / "acdc") == before


def test_other_bytes_are_named(own_set: Path) -> None:
    info, contour = texts(own_set)[0], texts(own_set / "sunnybrook")[0]
    info.write_bytes(b"\xff\xfeE")
    contour.write_bytes(b"\x00\x01\x02\xff")
    done = run_trainer("data", "check", own_set)
    assert done.returncode == 3
    assert f"{info}: its byte order mark says utf-16, but it is not" in done.stdout
    assert f"{contour}:1: not two numbers" in done.stdout
