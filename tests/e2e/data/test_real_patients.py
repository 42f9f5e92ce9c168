"""The published files give the same patients through links and in compressed form."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.data.conftest import check
from tests.e2e.data.dicom_forms import J2K, LOSSLESS, LS, rle
from tests.e2e.data.test_links import annex

ROOT = os.environ.get("GRIDCTL_TEST_DATA", "")

pytestmark = pytest.mark.skipif(
    not ROOT,
    reason="no real data: set GRIDCTL_TEST_DATA to a folder with ACDC in `acdc` and Sunnybrook in `sunnybrook`",
)


def copy_of_some(root: Path) -> Path:
    """Three patients of ACDC, and the patients of Sunnybrook who have contours."""
    real = Path(ROOT)
    for folder in [info.parent for info in sorted(real.glob("acdc/**/Info.cfg"))[:3]]:
        for path in folder.iterdir():
            copy(path, root / path.relative_to(real))
    numbers = set()
    for path in real.glob("sunnybrook/**/*contour-manual.txt"):
        copy(path, root / path.relative_to(real))
        numbers.add(path.name.split("-")[2])
    for path in real.glob("sunnybrook/**/*.dcm"):
        if path.stem[-4:] in numbers:
            copy(path, root / path.relative_to(real))
    return root


def copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # as published
def test_real_patients_are_the_same_as_compressed_links(tmp_path: Path) -> None:
    root = copy_of_some(tmp_path / "set")
    before = check(root)
    assert len(before) >= 4
    for number, path in enumerate(sorted(root.glob("sunnybrook/**/*.dcm"))):
        (J2K, LS, LOSSLESS, rle)[number % 4](path)
    assert check(annex(root)) == before
