"""A pack equals on-the-fly preprocessing bit for bit, and is made once and atomically."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.registry import find_sources
from gridctl_trainer.preprocessing import loading, prepared
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.preprocessing.packs import packing
from gridctl_trainer.preprocessing.packs.pack import IMAGES, LABELS, MANIFEST, MASKS, read_manifest
from gridctl_trainer.preprocessing.packs.packing import make_pack
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.preprocessing.reading import prepare_in_memory, read_and_prepare
from gridctl_trainer.preprocessing.recipe import Recipe
from gridctl_trainer.training.images.tensors import ImageTensors

STEPS = ("gaussian", "clahe", "minmax", "resize")


def spec(root: Path, *without: str, size_px: int = 48) -> DataSpec:
    return DataSpec.model_validate(
        {
            "train": {"dataset": "acdc", "path": str(root)},
            "size_px": size_px,
            "preprocessing": {step: step not in without for step in STEPS},
        }
    )


def on_the_fly(kind: str, root: Path, data: DataSpec, frames: int = 1) -> PreparedSet:
    return prepare_in_memory(find_sources(kind, root), Recipe.of(kind, data, frames))


def assert_same(packed: PreparedSet, expected: PreparedSet) -> None:
    assert packed.all_series.dtype == np.float32
    assert packed.all_series.tobytes() == expected.all_series.tobytes()
    assert packed.all_masks.tobytes() == expected.all_masks.tobytes()
    assert packed.slices == expected.slices
    assert packed.oddities == expected.oddities
    assert (packed.digest, packed.series_digest) == (expected.digest, expected.series_digest)
    assert packed.pictures == expected.pictures
    for row, record in enumerate(expected.slices):
        scanned = packed.all_scanned.read(row, record.shape)
        assert np.array_equal(scanned, expected.all_scanned.read(row, record.shape))
        assert scanned.sum() * np.prod(record.spacing_mm) / 1000 == pytest.approx(record.cavity_ml)


@pytest.fixture
def root(phantom: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(phantom / "acdc", tmp_path / "acdc"))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Number of patients read so far."""
    read: list[str] = []

    def counting(source: object, recipe: Recipe) -> object:
        read.append(source.patient)  # type: ignore[attr-defined]
        return read_and_prepare(source, recipe)  # type: ignore[arg-type]

    monkeypatch.setattr(packing, "read_and_prepare", counting)
    return read


@pytest.mark.parametrize("without", [(), *((step,) for step in STEPS), STEPS])
@pytest.mark.parametrize("kind", ["acdc", "sunnybrook"])
def test_a_pack_is_what_preprocessing_on_the_fly_gives(kind: str, without: tuple[str, ...], phantom: Path) -> None:
    data = spec(phantom / kind, *without)
    for _ in ("made", "opened"):
        assert_same(
            load_set(DatasetSpec(dataset=kind, path=str(phantom / kind)), data, 1),
            on_the_fly(kind, phantom / kind, data),
        )


@pytest.mark.parametrize("kind", ["acdc", "sunnybrook"])
def test_packs_of_series_too(kind: str, moving_phantom: Path) -> None:
    data = spec(moving_phantom / kind)
    packed = load_set(DatasetSpec(dataset=kind, path=str(moving_phantom / kind)), data, 3)
    assert packed.all_series.shape[1] == 3
    assert_same(packed, on_the_fly(kind, moving_phantom / kind, data, 3))
    alone = load_set(DatasetSpec(dataset=kind, path=str(moving_phantom / kind)), data, 1)
    assert packed.digest == alone.digest, "a model with context and one without saw the same labelled images"
    assert packed.series_digest != alone.series_digest


def test_every_preprocessing_has_one_pack_and_it_is_made_once(root: Path, reads: list[str], tmp_path: Path) -> None:
    for _ in range(3):
        load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root), 1)
        load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root, "clahe"), 1)
    assert len(reads) == 2 * 3
    recipes = {
        Recipe.of("acdc", spec(root, *steps), n).name
        for r in range(5)
        for steps in itertools.combinations(STEPS, r)
        for n in (1, 4)
    }
    assert len(recipes) == 32, "no two preprocessings share a name"


def test_copies_are_known_by_what_a_pack_says_and_packs_of_before_stay_valid(
    root: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    data = DatasetSpec(dataset="acdc", path=str(root))
    made = load_set(data, spec(root), 1)
    monkeypatch.setattr(prepared, "picture_digest", lambda _: "hashed again")
    known = load_set(data, spec(root), 1).pictures
    assert known == made.pictures
    assert "hashed again" not in {digest for digests in known.values() for digest in digests}
    (path,) = Path(os.environ["XDG_CACHE_HOME"]).rglob(MANIFEST)
    manifest = read_manifest(path.parent)
    assert manifest
    path.write_text(manifest.model_copy(update={"pictures": None}).sealed().model_dump_json(exclude={"pictures"}))
    hashed = load_set(data, spec(root), 1).pictures
    assert {digest for digests in hashed.values() for digest in digests} == {"hashed again"}
    assert len(reads) == 3, "a pack without them is no other pack"


def test_files_that_changed_are_packed_anew(root: Path, reads: list[str]) -> None:
    before = load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root), 1)
    path = next(root.rglob("*frame01.nii.gz"))
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
    after = load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root), 1)
    assert len(reads) == 6
    assert after.digest == before.digest


def test_an_interrupted_pack_goes_on_where_it_was(root: Path, reads: list[str], tmp_path: Path) -> None:
    sources, recipe = find_sources("acdc", root), Recipe.of("acdc", spec(root), 1)

    def interrupted(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_pack(tmp_path / "packs", sources, root, recipe, interrupted)
    assert not (tmp_path / "packs" / recipe.name).exists(), "whole or not at all"
    first = list(reads)
    made, now = make_pack(tmp_path / "packs", sources, root, recipe)
    assert now
    assert sorted(reads) == sorted(source.patient for source in sources), f"{first} were not read again"
    assert_same(made, on_the_fly("acdc", root, spec(root)))
    assert [path.name for path in (tmp_path / "packs").iterdir() if not path.name.endswith(".lock")] == [recipe.name]


@pytest.mark.parametrize("name", [IMAGES, MASKS, LABELS, MANIFEST])
def test_a_damaged_pack_of_the_cache_is_made_anew(name: str, root: Path, reads: list[str]) -> None:
    expected = on_the_fly("acdc", root, spec(root))
    load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root), 1)
    (path,) = Path(os.environ["XDG_CACHE_HOME"]).rglob(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    assert_same(load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root), 1), expected)


def test_a_cache_that_cannot_be_written_costs_the_pack_and_not_the_run(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GRIDCTL_CACHE", str(tmp_path / "file"))
    assert_same(
        load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root), 1), on_the_fly("acdc", root, spec(root))
    )
    assert "cannot keep a pack" in caplog.text


def test_a_folder_of_packs_is_read_in_place_of_the_files(root: Path, tmp_path: Path, reads: list[str]) -> None:
    out, recipe = tmp_path / "out", Recipe.of("acdc", spec(root), 1)
    make_pack(out, find_sources("acdc", root), root, recipe)
    expected = on_the_fly("acdc", root, spec(root))
    shutil.rmtree(root)
    assert_same(load_set(DatasetSpec(dataset="acdc", path=str(out)), spec(root), 1), expected)
    with pytest.raises(DataError, match="there is no pack acdc-48px-no_clahe in this folder, only acdc-48px"):
        load_set(DatasetSpec(dataset="acdc", path=str(out)), spec(root, "clahe"), 1)
    content = bytearray((out / recipe.name / IMAGES).read_bytes())
    content[-7] ^= 1
    (out / recipe.name / IMAGES).write_bytes(bytes(content))
    with pytest.raises(DataError, match="its checksum is not the one") as raised:
        load_set(DatasetSpec(dataset="acdc", path=str(out)), spec(root), 1)
    assert raised.value.problems[0].where == str(out / recipe.name / IMAGES)


def test_packs_of_an_older_version_are_made_anew_in_the_cache_and_refused_elsewhere(
    root: Path, tmp_path: Path, reads: list[str]
) -> None:
    out, recipe = tmp_path / "out", Recipe.of("acdc", spec(root), 1)
    make_pack(out, find_sources("acdc", root), root, recipe)
    manifest = out / recipe.name / MANIFEST
    manifest.write_text(manifest.read_text().replace('"pack_version": 2', '"pack_version": 1'))
    with pytest.raises(DataError, match="this pack is of version 1") as raised:
        load_set(DatasetSpec(dataset="acdc", path=str(out)), spec(root), 1)
    assert "gridctl-trainer data pack" in str(raised.value)
    _, made = make_pack(out, find_sources("acdc", root), root, recipe)
    assert made
    assert len(reads) == 6


def test_all_that_is_wrong_is_said_and_nothing_is_left_that_looks_whole(root: Path, tmp_path: Path) -> None:
    damaged = sorted(root.rglob("*_gt.nii.gz"))[::3]
    for path in damaged:
        path.write_bytes(b"")
    with pytest.raises(DataError) as raised:
        make_pack(tmp_path / "packs", find_sources("acdc", root), root, Recipe.of("acdc", spec(root), 1))
    assert {problem.where for problem in raised.value.problems} == set(map(str, damaged))
    assert not list((tmp_path / "packs").glob("*/pack.json"))


def test_a_part_of_a_set_copies_nothing_and_gives_its_own_images(root: Path) -> None:
    whole = load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root), 1)
    part = whole.of_patients({"patient003", "patient001"})
    assert part.all_series is whole.all_series
    assert set(part.patients) == {"patient001", "patient003"}
    images, masks = ImageTensors.of(part).batch(slice(2, 5))
    np.testing.assert_array_equal(images[:, 0].numpy(), part.images[2:5])
    np.testing.assert_array_equal(masks[:, 0].numpy(), part.masks[2:5])
    assert len(ImageTensors.of(part)) == len(part) == len(part.names)


def _pack_in_a_process(out: Path, root: Path, start: Callable[[], object], made: object) -> None:
    sources = find_sources("acdc", root)
    start()
    _, now = make_pack(out, sources, root, Recipe.of("acdc", spec(root), 1))
    made.put(now)  # type: ignore[attr-defined]


def test_of_several_processes_one_makes_the_pack(root: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together, made = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=_pack_in_a_process, args=(tmp_path / "out", root, together.wait, made)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    found = [made.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(found) == [False, False, True]


def test_a_stop_is_heard_while_another_process_packs(root: Path, tmp_path: Path) -> None:
    import fcntl

    recipe = Recipe.of("acdc", spec(root), 1)
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / f".{recipe.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def stop() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_pack(tmp_path / "out", find_sources("acdc", root), root, recipe, waiting=stop)


def test_oddities_of_a_pack_are_said_each_time_it_is_opened(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loading.holds_packs(root) is False
    for _ in range(2):
        caplog.clear()
        load_set(DatasetSpec(dataset="acdc", path=str(root)), spec(root, "resize", size_px=16), 1)
        assert "the crop cuts off" in caplog.text
