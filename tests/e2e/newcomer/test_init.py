"""`gridctl init` makes a working experiment file for a folder of data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gridctl.analysis.inference.families import family_of, family_sizes
from gridctl.analysis.wording import floor
from gridctl.experiment import Experiment, load_experiment
from gridctl.experiment.draft.data_folders import files_below
from gridctl_trainer.contract.split_size import training_patients
from gridctl_trainer.datasets.file_tree import walk
from tests.e2e.newcomer.layouts import make_acdc, make_sunnybrook
from tests.e2e.short_commands import Command
from tests.scored import VOLUME_DICE


def written(folder: Path, name: str) -> Experiment:
    return load_experiment(folder / f"{name}.yaml")


@pytest.mark.parametrize("below", ["", "training", "database/training", "unpacked/ACDC/database/training"])
def test_acdc_is_found_wherever_its_patients_lie(gridctl: Command, tmp_path: Path, below: str) -> None:
    make_acdc(tmp_path / "hearts" / below, 20)
    done = gridctl("init", "hearts")
    assert done.returncode == 0, done.stderr
    assert "wrote hearts.yaml: 28 runs (ACDC: 20 patients)" in done.stderr
    assert "next: gridctl submit hearts.yaml" in done.stderr
    data = written(tmp_path, "hearts").runs[0].data
    assert data.external == {}
    assert next((tmp_path / data.train.path).rglob("patient001")).is_dir()
    assert gridctl("submit", "--dry-run").returncode == 0


def test_both_sets_are_named_whether_in_one_folder_or_two(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "all" / "acdc" / "training", 12)
    make_sunnybrook(tmp_path / "all" / "sunnybrook", 3)
    for arguments in (["all"], ["all/sunnybrook", "all/acdc"]):
        done = gridctl("init", *arguments, "--name", "both", "--force")
        assert "(ACDC: 12 patients, Sunnybrook: 3 patients)" in done.stderr
        data = written(tmp_path, "both").runs[0].data
        assert (data.train.path, data.external["sunnybrook"].path) == ("all/acdc", "all/sunnybrook")


@pytest.mark.parametrize("patients", range(4, 13))
def test_every_ratio_leaves_two_patients_on_both_sides(gridctl: Command, tmp_path: Path, patients: int) -> None:
    make_acdc(tmp_path / "few", patients)
    done = gridctl("init", "few")
    assert "note" not in done.stderr
    for ratio in written(tmp_path, "few").train_ratios:
        assert 2 <= training_patients(patients, ratio) <= patients - 2


def test_what_too_few_patients_cannot_show_is_said(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "three", 3)
    done = gridctl("init", "three")
    assert done.returncode == 0
    assert "note: 3 patients: one half of each split is a single patient" in done.stderr
    make_acdc(tmp_path / "one", 1)
    done = gridctl("init", "one")
    assert done.returncode == 2
    assert "one: 1 patient cannot be split" in done.stderr


@pytest.mark.parametrize(("patients", "arguments"), [(4, ()), (12, ()), (100, ("--backend", "kubernetes"))])
def test_the_report_never_says_that_the_proposed_seeds_are_too_few(
    gridctl: Command, tmp_path: Path, patients: int, arguments: tuple[str, ...]
) -> None:
    make_acdc(tmp_path / "hearts", patients)
    text = gridctl("init", "hearts", "-o", "-", *arguments).stdout
    experiment = _loaded(tmp_path, text)
    (asked,) = experiment.compare
    family = family_of(asked, VOLUME_DICE, experiment.measures[VOLUME_DICE].label, [asked])
    tests = family_sizes([asked], experiment)[family]
    seeds = len(set(experiment.seeds))
    assert floor(seeds, tests) == ""
    assert floor(seeds - 1, tests)  # with one seed less, no significance could be reached
    assert f"fewer than {seeds} seeds" in text


def test_a_second_experiment_file_in_a_folder_is_announced(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "hearts", 12)
    assert "note" not in gridctl("init", "hearts").stderr
    assert "note: name the file from now on: 2 files in this folder are experiment files" in gridctl("init").stderr


def test_both_models_of_a_first_look_see_as_many_images_a_step(gridctl: Command, tmp_path: Path) -> None:
    for patients in (4, 12, 60):
        make_acdc(tmp_path / f"hearts{patients}", patients)
        experiment = _loaded(tmp_path, gridctl("init", f"hearts{patients}", "-o", "-").stdout)
        assert len({run.training.batch_size for run in experiment.runs}) == 1


def test_a_file_that_is_there_is_never_overwritten_unasked(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "hearts", 12)
    (tmp_path / "hearts.yaml").write_text("mine")
    done = gridctl("init", "hearts")
    assert done.returncode == 2
    assert "hearts.yaml: there is a file already, and nothing was written" in done.stderr
    assert "--force" in done.stderr
    assert (tmp_path / "hearts.yaml").read_text() == "mine"
    assert not (tmp_path / ".gridctl").exists()
    assert gridctl("init", "hearts", "--force").returncode == 0
    assert written(tmp_path, "hearts").name == "hearts"


def test_a_dash_prints_the_file_and_writes_nothing(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "hearts", 12)
    done = gridctl("init", "hearts", "-o", "-")
    assert _loaded(tmp_path, done.stdout).name == "hearts"
    assert "$schema" not in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hearts", "printed.yaml"]


def test_editors_find_the_schema_that_the_file_names(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "hearts", 12)
    assert gridctl("init", "hearts", "-o", "studies/first.yaml").returncode == 0
    first = (tmp_path / "studies" / "first.yaml").read_text().splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads((tmp_path / "studies" / named).read_text()) == json.loads(gridctl("schema").stdout)
    assert (tmp_path / "studies" / ".gridctl" / ".gitignore").read_text() == "*\n"


def test_a_schema_that_cannot_be_written_does_not_spoil_the_file(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "hearts", 12)
    (tmp_path / ".gridctl").write_text("a file")
    done = gridctl("init", "hearts")
    assert done.returncode == 0
    assert "note: editors find no schema: .gridctl" in done.stderr
    assert written(tmp_path, "hearts").name == "hearts"


def test_without_a_folder_the_file_names_synthetic_hearts(gridctl: Command, trainer: Command, tmp_path: Path) -> None:
    done = gridctl("init")
    assert "next: gridctl-trainer data phantom data/phantom, gridctl submit phantom.yaml" in done.stderr
    before = (tmp_path / "phantom.yaml").read_text()
    assert trainer("data", "phantom", "data/phantom").returncode == 0
    assert gridctl("init", "-o", "-").stdout in before  # the patients are counted as before
    assert gridctl("submit", "--dry-run").returncode == 0


def test_for_a_cluster_the_file_has_its_section_and_a_study_s_size(gridctl: Command, tmp_path: Path) -> None:
    make_acdc(tmp_path / "hearts", 100)
    done = gridctl("init", "hearts", "--backend", "kubernetes", "--store", "s3://results/hearts")
    assert "gridctl doctor hearts.yaml, gridctl submit hearts.yaml" in done.stderr
    experiment = written(tmp_path, "hearts")
    assert (experiment.backend, experiment.store) == ("kubernetes", "s3://results/hearts")
    assert experiment.kubernetes.image
    assert experiment.runs[0].data.train.path.startswith(next(iter(experiment.kubernetes.volumes)))
    assert experiment.runs[0].data.size_px == 176
    assert gridctl("render", "hearts.yaml").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], ["nowhere: there is no such folder", "patientNNN/Info.cfg"]),
        (["set.zip"], ["set.zip: this is a file", "unpack it"]),
        (["notes"], ["notes: this is not a data set: it holds 2 .txt, 1 .nii.gz", "patientNNN/Info.cfg", "icontour"]),
        (["packs"], ["packs: these are packs", "data.train.path"]),
        (["empty"], ["empty: this is not a data set: the folder is empty"]),
        (["sunnybrook"], ["sunnybrook: this is Sunnybrook alone", "gridctl init ACDC sunnybrook"]),
        (["two"], ["two: it holds 2 sets in the form of acdc", "two/first, two/second"]),
        (["two/first", "two/second"], ["two/first and two/second: two sets in the form of acdc"]),
        (["two/first", "--name", "A B"], ["name: use lowercase letters"]),
        (["two/first", "--store", "gs://bucket"], ["unknown kind of location"]),
        (["two/first", "--backend", "kubernetes", "--store", "runs"], ["--store: pods reach no folder"]),
        (["two/first", "-o", "set.zip/x.yaml"], ["set.zip", "cannot write it"]),
    ],
)
def test_what_cannot_work_is_said_with_what_is_expected(
    gridctl: Command, tmp_path: Path, arguments: list[str], said: list[str]
) -> None:
    make_sunnybrook(tmp_path / "sunnybrook", 2)
    make_acdc(tmp_path / "two" / "first", 4)
    make_acdc(tmp_path / "two" / "second", 4)
    for name in ("set.zip", "notes/a.txt", "notes/b.txt", "notes/c.nii.gz", "packs/acdc-48px/pack.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    done = gridctl("init", *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    for text in said:
        assert text in done.stderr
    assert not list(tmp_path.glob("*.yaml"))


@pytest.mark.parametrize("folder", ["my hearts", "# hearts", "hearts: all", "true", "12", "-x", "é", "it's"])
def test_a_folder_of_any_name_is_written_so_that_it_is_read_again(
    gridctl: Command, tmp_path: Path, folder: str
) -> None:
    make_acdc(tmp_path / folder, 6)
    done = gridctl("init", "--", f"./{folder}")
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("*.yaml")
    assert load_experiment(path).runs[0].data.train.path == f"./{folder}"


def test_links_back_to_a_folder_above_are_no_endless_walk(gridctl: Command, tmp_path: Path) -> None:
    root = make_acdc(tmp_path / "hearts", 6)
    (root / "again").symlink_to(root)
    assert "(ACDC: 6 patients)" in gridctl("init", "hearts").stderr


def test_a_folder_that_is_linked_twice_is_read_as_the_trainer_reads_it(gridctl: Command, tmp_path: Path) -> None:
    """Patients count on both paths: leaving one path out would hide that every patient is there twice."""
    root = make_acdc(tmp_path / "hearts" / "first", 6)
    (tmp_path / "hearts" / "copy").symlink_to(root)
    found = {path.relative_to(tmp_path / "hearts") for path in walk(tmp_path / "hearts").files}
    assert {path.as_posix() for path in found} == set(map(str, files_below(tmp_path / "hearts")))
    done = gridctl("init", "hearts")
    assert done.returncode == 2
    assert "it holds 2 sets in the form of acdc\n  give one: hearts/copy, hearts/first" in done.stderr


def test_folders_that_link_to_each_other_end_in_one_message(gridctl: Command, tmp_path: Path) -> None:
    """Twelve folders that link to each other have half a billion paths."""
    folders = [tmp_path / "hearts" / f"part{number}" for number in range(12)]
    for folder in folders:
        folder.mkdir(parents=True)
    for folder in folders:
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    done = gridctl("init", "hearts")
    assert done.returncode == 2
    assert "links lead to this folder on more than 1,000 paths" in done.stderr


@pytest.mark.parametrize("others", [[], ["other"]])
def test_commands_without_a_file_take_the_only_one_here(gridctl: Command, tmp_path: Path, others: list[str]) -> None:
    make_acdc(tmp_path / "hearts", 6)
    (tmp_path / "docker-compose.yaml").write_text("services: {}\n")
    for name in ("hearts", *others):
        gridctl("init", "hearts", "--name", name)
    done = gridctl("submit", "--dry-run", "--json")
    if others:
        assert done.returncode == 2
        assert "there are 2 in this folder\n  give one of hearts.yaml, other.yaml" in done.stderr
    else:
        assert "experiment file hearts.yaml, the only one in this folder" in done.stderr
        assert len(json.loads(done.stdout)["create"]) == 28


def test_commands_without_a_file_where_there_is_none_say_how_to_get_one(gridctl: Command) -> None:
    done = gridctl("doctor")
    assert done.returncode == 2
    assert "gridctl init DATA_FOLDER" in done.stderr


def _loaded(folder: Path, text: str) -> Any:
    (folder / "printed.yaml").write_text(text)
    return load_experiment(folder / "printed.yaml")
