"""A changed number of epochs is reported, and a run that continues from another's checkpoint has the same result."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gridctl.commands.submission.reuse_epochs import begin_from, reusable
from gridctl.experiment import load_experiment
from gridctl_trainer.contract.layout import RunLayout, attempt_of
from gridctl_trainer.contract.records.attempt_log import merge, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.short_commands import Command, gridctl, trainer

__all__ = ["gridctl", "trainer"]

EXPERIMENT = """\
name: tiny
models: {{unet: {{channels: [4, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1]
data: {{train: {{dataset: acdc, path: {phantom}/acdc}}, size_px: 32, augmentation: {{rotation_degrees: 10}}}}
training: {{epochs: {epochs}, checkpoint_every_epochs: 1{more}}}
"""


def experiment(folder: Path, phantom: Path, epochs: int, more: str = "") -> RunSpec:
    """Write the experiment file, and return its one run."""
    path = folder / "tiny.yaml"
    path.write_text(EXPERIMENT.format(phantom=phantom, epochs=epochs, more=more), encoding="utf-8")
    return load_experiment(path).runs[0]


def outcome(store: FolderStore, run: RunSpec) -> tuple[str, list[object]]:
    """The weights of a finished run, and its metric log without times."""
    layout = RunLayout(run.experiment, run.run_id)
    result = ResultRecord.of_run(run, store.get(layout.result).data)
    logs = [read_attempt(store.get(stat.key).data) for stat in store.list(layout.attempts) if attempt_of(stat.key)]
    return result.weights_sha256, [record.scores for _, record in merge(logs)]


@pytest.fixture(scope="module")
def _trained() -> dict[str, Path]:
    return {}


@pytest.fixture
def trained(_trained: dict[str, Path], phantom: Path, gridctl: Command, tmp_path: Path) -> Path:
    """A folder for this test, whose store holds the run of three epochs with all of its checkpoints."""
    if "store" not in _trained:
        experiment(tmp_path, phantom, 3, ", checkpoint_keep_last: 9")
        assert gridctl("submit", "tiny.yaml", "--no-verify").returncode == 0
        kept = phantom.parent / "three-epochs"
        shutil.copytree(tmp_path / "runs", kept)
        _trained["store"] = kept
    else:
        shutil.copytree(_trained["store"], tmp_path / "runs")
    return tmp_path


@pytest.mark.parametrize("epochs", [pytest.param(5, marks=pytest.mark.slow), 2])
def test_a_run_that_goes_on_ends_as_one_from_the_start(
    epochs: int, trained: Path, phantom: Path, gridctl: Command
) -> None:
    run = experiment(trained, phantom, epochs)
    said = gridctl("submit", "tiny.yaml", "--dry-run").stderr
    assert f"1 run is new: training.epochs is {epochs}, was 3 in the 1 run of the store (1 done, " in said
    assert "--reuse-epochs lets 1 of them go on from epoch" in said
    (change,) = json.loads(gridctl("submit", "tiny.yaml", "--dry-run", "--json").stdout)["changes"]
    assert change["fields"] == {"training.epochs": {"stored": 3, "wanted": epochs}}
    assert [reuse["epochs"] for reuse in change["reusable"].values()] == [min(epochs, 3)]

    assert gridctl("submit", "tiny.yaml", "--no-verify", "--reuse-epochs").returncode == 0
    store = FolderStore(trained / "runs")
    assert gridctl("submit", "tiny.yaml", "--no-verify", "--store", "scratch").returncode == 0
    assert outcome(store, run) == outcome(FolderStore(trained / "scratch"), run)

    layout = RunLayout(run.experiment, run.run_id)
    logs = [read_attempt(store.get(stat.key).data) for stat in store.list(layout.attempts) if attempt_of(stat.key)]
    origin, own = sorted(logs, key=lambda log: log.attempt.attempt)
    assert origin.attempt.copied_from == change["reusable"][run.run_id]["run"]
    assert (own.attempt.copied_from, own.attempt.resumed_epoch) == ("", min(epochs, 3))
    assert len(own.epochs) == max(epochs - 3, 0), "no epoch is trained twice"
    report = gridctl("report", "tiny", "--store", "runs").stdout
    assert "1 finished run of the store is not in this experiment's grid" in " ".join(report.split())


def test_without_the_option_a_changed_run_starts_anew(trained: Path, phantom: Path, gridctl: Command) -> None:
    run = experiment(trained, phantom, 4)
    done = gridctl("submit", "tiny.yaml", "--no-verify")
    assert "1 run is new: training.epochs is 4, was 3" in done.stderr
    store, layout = FolderStore(trained / "runs"), RunLayout(run.experiment, run.run_id)
    (log,) = [read_attempt(store.get(stat.key).data) for stat in store.list(layout.attempts) if attempt_of(stat.key)]
    assert len(log.epochs) == 4
    assert "is new" not in gridctl("submit", "tiny.yaml").stderr, "only once"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds: [1]", "seeds: [2]", ""),
        ("batch_size: 4", "batch_size: 2", "training.batch_size is 2, was 4"),
        ("rotation_degrees: 10", "rotation_degrees: 20", "data.augmentation.rotation_degrees is 20, was 10"),
        ("[4, 8]", "[4, 9]", "network.channels is [4, 9], was [4, 8]"),
        ("checkpoint_every_epochs: 1", "checkpoint_every_epochs: 2", ""),
    ],
)
def test_any_changed_field_is_named_and_offers_nothing(
    old: str, new: str, said: str, trained: Path, phantom: Path, gridctl: Command
) -> None:
    experiment(trained, phantom, 3)
    path = trained / "tiny.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    done = gridctl("submit", "tiny.yaml", "--dry-run", "--reuse-epochs")
    assert done.returncode == 0, done.stderr
    assert (said in done.stderr) if said else ("new:" not in done.stderr), done.stderr
    assert "no run that is to start differs from a stored one in training.epochs alone" in done.stderr


def test_fewer_epochs_than_any_kept_checkpoint_start_anew(trained: Path, phantom: Path, gridctl: Command) -> None:
    for path in (trained / "runs").rglob("epoch-0001*"):
        path.unlink()
    experiment(trained, phantom, 1)
    said = gridctl("submit", "tiny.yaml", "--dry-run").stderr
    assert "1 of them train from the start: no checkpoint within the wanted epochs was kept" in said
    assert "--reuse-epochs" not in said


class DyingStore(FolderStore):
    """Ends the program in place of a write."""

    writes_left = 0

    def put(self, key: str, data: bytes) -> str:
        self._count()
        return super().put(key, data)

    def put_file(self, key: str, path: Path) -> str:
        self._count()
        return super().put_file(key, path)

    def _count(self) -> None:
        if self.writes_left == 0:
            raise KeyboardInterrupt
        self.writes_left -= 1


@pytest.mark.parametrize(
    "writes", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_cut_off_anywhere_the_run_ends_the_same(writes: int, trained: Path, phantom: Path, gridctl: Command) -> None:
    run = experiment(trained, phantom, 4)
    store = DyingStore(trained / "runs")
    (old,) = {Path(stat.key).parts[1] for stat in store.list("tiny/") if stat.key.endswith("result.json")}
    spec = RunSpec.from_json(store.get(f"tiny/{old}/spec.json").data)
    reuse = reusable(store, run, spec, [stat.key for stat in store.list(f"tiny/{old}/")])
    assert reuse is not None
    store.writes_left = writes
    with pytest.raises(KeyboardInterrupt):
        begin_from(store, run, reuse)
    assert "--reuse-epochs lets 1 of them go on" in gridctl("submit", "tiny.yaml", "--dry-run").stderr
    assert gridctl("submit", "tiny.yaml", "--no-verify").returncode == 0
    assert gridctl("submit", "tiny.yaml", "--no-verify", "--store", "scratch").returncode == 0
    assert outcome(FolderStore(trained / "runs"), run) == outcome(FolderStore(trained / "scratch"), run)


def test_a_dry_run_knows_the_epochs_of_the_runs_before(trained: Path, phantom: Path, gridctl: Command) -> None:
    experiment(trained, phantom, 3)
    said = gridctl("submit", "tiny.yaml", "--set", "training.epochs=5", "--dry-run").stderr
    assert "1 of 1 run left: " in said
    assert "measured in 1 finished run of the store with other training.epochs" in said
    assert "unknown" not in said


def test_a_hint_to_submit_has_what_the_command_was_given(phantom: Path, gridctl: Command, tmp_path: Path) -> None:
    experiment(tmp_path, phantom, 3)
    given = ("--set", "models.unet.batch_size=2", "--set", "seeds=[7, 8]", "--store", "runs")
    said = gridctl("submit", "tiny.yaml", *given, "--dry-run").stderr
    assert "`gridctl submit tiny.yaml --set models.unet.batch_size=2 --store runs --set 'seeds=[7]'`" in said
    planned = gridctl("plan", "tiny.yaml", *given).stdout
    assert "--set models.unet.batch_size=2 --store runs --set 'seeds=[7]'`" in " ".join(planned.split())
