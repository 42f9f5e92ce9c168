"""Makes folders that look like data sets by the names of their files alone."""

from __future__ import annotations

from pathlib import Path


def make_acdc(root: Path, patients: int) -> Path:
    """Make one folder per patient, with the files that every patient has."""
    for number in range(1, patients + 1):
        name = f"patient{number:03d}"
        (root / name).mkdir(parents=True)
        for file in ("Info.cfg", f"{name}_frame01.nii.gz", f"{name}_frame01_gt.nii.gz"):
            (root / name / file).touch()
    return root


def make_sunnybrook(root: Path, patients: int) -> Path:
    """Make images and contours as in the 2009 edition."""
    for number in range(1, patients + 1):
        images = root / "challenge_training" / f"SC-HF-I-{number}"
        contours = root / "TrainingDataContours" / f"SC-HF-I-{number:02d}" / "contours-manual" / "IRCCI-expert"
        images.mkdir(parents=True)
        contours.mkdir(parents=True)
        (images / "IM-0004-0059.dcm").touch()
        (contours / "IM-0001-0059-icontour-manual.txt").touch()
    return root
