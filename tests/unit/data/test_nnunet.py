"""nnU-Net's raw layout is read with labels by name, channels, and patients by pattern or table, never by file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridctl_trainer.contract.errors import DataError, SpecError
from gridctl_trainer.contract.spec import DatasetSpec, SplitParts
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.datasets.registry import case_names, find_sources
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.datasets.split import fixed_split
from gridctl_trainer.plugins.dataset import options_of, structures_of
from tests.published_layouts import hearts, write_nnunet

PATTERN = {
    "pattern": r"(?P<patient>patient\d+)_frame(?P<time_point>\d+)",
    "time_points": {"01": "ED", "09": "ES"},
}


@pytest.fixture(scope="module")
def published(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    root = tmp_path_factory.mktemp("raw")
    return {version: write_nnunet(root / f"Dataset02{version}_ACDC", phantom, version=version) for version in (1, 2)}


@pytest.fixture
def raw(published: dict[int, Path], tmp_path: Path) -> Path:
    """A copy, which tests change."""
    return Path(shutil.copytree(published[2], tmp_path / "Dataset027_ACDC"))


def read(root: Path, said: list[Oddity] | None = None, **options: Any) -> list[LabelledSlice]:
    notice = (said if said is not None else []).append
    return [item for source in find_sources("nnunet", root, options) for item in source.read(1, notice)]


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_give_the_hearts_by_name(version: int, published: dict[int, Path], phantom: Path) -> None:
    found = read(published[version], **PATTERN)
    wanted = [item for slices in hearts(phantom) for item in slices]
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert (one.patient, one.phase, one.index) == (other.patient, other.phase, other.index)
        np.testing.assert_array_equal(one.image, other.image)
        for name, mask in other.masks.items():
            np.testing.assert_array_equal(one.masks[name], mask, err_msg=name)


def test_a_table_says_patients_time_points_and_strata(raw: Path) -> None:
    cases = sorted(path.name.removesuffix(".nii.gz") for path in (raw / "labelsTr").iterdir())
    rows = [f"{case};P{case[7:10]};{'ED' if '01' in case[-2:] else 'ES'};HCM;GE;2" for case in cases]
    (raw / "cases.csv").write_text("\n".join(["case;patient;time_point;group;vendor;centre", *rows]))
    found = read(raw, table="cases.csv")
    first = found[0]
    assert (first.patient, first.phase, first.group, first.vendor, first.centre) == ("P001", "ED", "HCM", "GE", "2")
    assert {item.phase for item in found} == {"ED", "ES"}


def test_channels_are_read_in_their_order(phantom: Path, tmp_path: Path) -> None:
    root = write_nnunet(tmp_path / "two", phantom, channels=2)
    (first, *_) = read(root, **PATTERN)
    assert first.series.shape[:2] == (1, 2)
    np.testing.assert_array_equal(first.series[0, 1], first.series[0, 0] + 1)


def test_options_name_other_structures_and_regions(raw: Path) -> None:
    described = json.loads((raw / "dataset.json").read_text())
    described["labels"] = {"background": 0, "heart": [1, 2, 3], "scar": 2}
    (raw / "dataset.json").write_text(json.dumps(described))
    options = {**PATTERN, "labels": {"whole_heart": "heart", "myocardium": "scar"}}
    given = DatasetSpec(dataset="nnunet", path=str(raw), options=options)
    assert structures_of(given) == ("whole_heart", "myocardium")
    (first, *_) = read(raw, **options)
    assert set(first.masks) == {"whole_heart", "myocardium"}
    assert (first.masks["whole_heart"] >= first.masks["myocardium"]).all()


def test_without_a_pattern_or_a_table_it_is_refused(raw: Path) -> None:
    for options in ({}, {"pattern": "(.+)"}, {"pattern": "("}, {**PATTERN, "table": "cases.csv"}):
        with pytest.raises(SpecError):
            options_of(DatasetSpec(dataset="nnunet", path=str(raw), options=options))
    with pytest.raises(SpecError, match="the patient of each case must be known, as patients are split and not files"):
        find_sources("nnunet", raw, {})


def described(raw: Path, **changes: Any) -> None:
    content = json.loads((raw / "dataset.json").read_text())
    (raw / "dataset.json").write_text(json.dumps({**content, **changes}))


WRONG: dict[str, tuple[Callable[[Path], object], dict[str, Any], str]] = {
    "a case that the pattern leaves out": (
        lambda _raw: None,
        {"pattern": r"(?P<patient>patient00[12])_frame(?P<time_point>\d+)"},
        "its pattern matches no case patient003_frame01, patient003_frame09: of 6 cases",
    ),
    "two cases alike": (
        lambda _raw: None,
        {"pattern": r"(?P<patient>patient\d+)_frame\d+"},
        "patient001_frame01 and patient001_frame09 are both of patient001, with no time point",
    ),
    "no such label": (
        lambda _raw: None,
        {**PATTERN, "labels": {"left_ventricle": "LVCC"}},
        "it has no label 'LVCC', which options.labels names\n  did you mean 'LVC'",
    ),
    "names that nobody knows": (
        lambda raw: described(raw, labels={"background": 0, "a": 1, "b": 2, "c": 3}),
        PATTERN,
        "its labels are a, b, c, and it is not known which structures these are",
    ),
    "a number that nobody declared": (
        lambda raw: described(raw, labels={"background": 0, "RV": 1, "MLV": 2}),
        PATTERN,
        "it holds the labels [3]",
    ),
    "files without spacing": (lambda raw: described(raw, file_ending=".png"), PATTERN, "only NIfTI files state"),
    "a missing channel": (
        lambda raw: (raw / "imagesTr" / "patient002_frame09_0000.nii.gz").unlink(),
        PATTERN,
        "its image patient002_frame09_0000.nii.gz is not in imagesTr",
    ),
    "no dataset.json": (lambda raw: (raw / "dataset.json").unlink(), PATTERN, "dataset.json"),
    "no table": (lambda _raw: None, {"table": "cases.csv"}, "cases.csv"),
}


@pytest.mark.parametrize("how", WRONG)
def test_what_does_not_fit_is_named(how: str, raw: Path) -> None:
    change, options, what = WRONG[how]
    change(raw)
    with pytest.raises(DataError) as raised:
        read(raw, **options)
    assert what in str(raised.value)


def test_a_split_may_name_cases_whose_names_do_not_begin_with_the_patient(raw: Path) -> None:
    options = {"pattern": r"(?P<time_point>E[DS])_(?P<patient>\w+)"}
    names = case_names(DatasetSpec(dataset="nnunet", path=str(raw), options=options), raw)
    parts = SplitParts(train=("ED_p1", "ES_p1"), validation=("ED_p2",))
    split = fixed_split(parts, {"p1", "p2"}, names)
    assert (split.train, split.validation) == (("p1",), ("p2",))
    with pytest.raises(DataError, match="validation names XX_p2"):
        fixed_split(SplitParts(train=("ED_p1",), validation=("XX_p2",)), {"p1", "p2"}, names)
