"""Data is fetched once from a real bucket, checked, resumed after a kill, and uploaded with checksums."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom
from gridctl_trainer.datasets.transfer import fetching
from gridctl_trainer.datasets.transfer.fetching import download, fetch
from gridctl_trainer.datasets.transfer.uploading import upload
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.storage.base import open_store


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "phantom"
    write_phantom(folder, PhantomOptions(patients=2, generalisation_patients=1, slices=2, seed=3))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small folder of files, one of which is large enough to be sent in parts."""
    folder = tmp_path / "source"
    (folder / "deep").mkdir(parents=True)
    for number in range(5):
        (folder / "deep" / f"{number}.txt").write_text(f"file {number}")
    (folder / "large.bin").write_bytes(bytes(range(256)) * (36 << 10))
    (folder / ".hidden").write_text("stays here")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files if not p.name.startswith(".")}


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.*") if not path.name.startswith(".")}


@pytest.fixture
def url(bucket: str, s3_url: str) -> str:
    return s3_url


def test_uploaded_and_fetched_it_is_the_same_and_nothing_travels_twice(source: Path, url: str) -> None:
    assert upload(source, url) == (6, 6)
    assert upload(source, url) == (0, 6)
    folder = fetch(url)
    assert contents(folder) == contents(source)
    before = times(folder)
    assert fetch(url) == folder
    assert times(folder) == before


def test_what_changed_in_the_bucket_is_fetched_anew_and_what_left_it_leaves(source: Path, url: str) -> None:
    upload(source, url)
    before = times(fetch(url))
    (source / "deep" / "2.txt").write_text("another")
    assert upload(source, url) == (1, 6)
    open_store(url).delete("deep/4.txt")
    folder = fetch(url)
    assert (folder / "deep" / "2.txt").read_text() == "another"
    assert not (folder / "deep" / "4.txt").exists()
    after = times(folder)
    assert {name for name in after if after[name] != before[name]} == {"2.txt"}


def test_what_was_changed_or_lost_on_the_disk_comes_again(source: Path, url: str) -> None:
    upload(source, url)
    folder = fetch(url)
    (folder / "deep" / "1.txt").write_text("spoiled")
    (folder / "large.bin").unlink()
    assert contents(fetch(url)) == contents(source)


def test_a_fetch_that_was_killed_goes_on_where_it_was(source: Path, url: str) -> None:
    upload(source, url)

    def killed(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(url, killed)
    (folder,) = [path for path in fetching.cache_folder().joinpath("datasets").iterdir() if path.is_dir()]
    before = times(folder)
    assert len(before) == 3
    fetch(url)
    after = times(folder)
    assert contents(folder) == contents(source)
    assert {name: after[name] for name in before} == before


def test_a_file_that_is_not_what_was_uploaded_is_named(source: Path, url: str) -> None:
    upload(source, url)
    open_store(url).put("deep/3.txt", b"FILE 3")
    with pytest.raises(DataError, match="SHA-256") as raised:
        fetch(url)
    assert raised.value.problems[0].where.startswith(f"{url}/")
    (folder,) = [path for path in fetching.cache_folder().joinpath("datasets").iterdir() if path.is_dir()]
    assert not (folder / "deep" / "3.txt").exists(), "nothing that is wrong stays"


def test_several_at_once_fetch_once(source: Path, url: str) -> None:
    upload(source, url)
    with ThreadPoolExecutor(4) as threads:
        folders = set(threads.map(fetch, [url] * 4))
    assert len(folders) == 1
    assert contents(folders.pop()) == contents(source)


def test_an_empty_prefix_says_how_to_fill_it(url: str) -> None:
    with pytest.raises(DataError, match="there is nothing at") as raised:
        fetch(url)
    assert "trainer data upload" in raised.value.problems[0].fix


def test_a_run_reads_both_sets_from_the_bucket_as_from_the_disk(phantom: Path, url: str, tmp_path: Path) -> None:
    upload(phantom, url)
    data = DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=32)
    for kind in ("acdc", "sunnybrook"):
        here = load_set(DatasetSpec(dataset=kind, path=str(phantom / kind)), data, 1)  # type: ignore[arg-type]
        there = load_set(DatasetSpec(dataset=kind, path=f"{url}/{kind}"), data, 1)  # type: ignore[arg-type]
        assert here.digest == there.digest
    shutil.rmtree(fetching.cache_folder())


def test_a_download_fills_a_folder_and_leaves_what_else_is_in_it(source: Path, url: str, tmp_path: Path) -> None:
    upload(source, url)
    folder = tmp_path / "volume" / "acdc"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("not of the bucket")
    assert download(url, folder) == (6, 6)
    assert contents(folder) == {**contents(source), "mine.txt": b"not of the bucket"}
    assert download(url, folder) == (0, 6)
    (folder / "deep" / "3.txt").write_text("changed here")
    assert download(url, folder) == (1, 6)
    assert contents(folder) == {**contents(source), "mine.txt": b"not of the bucket"}
    with pytest.raises(DataError, match="there is nothing at"):
        download(f"{url}/none", folder)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot keep the data"):
        download(url, tmp_path / "file" / "below")
