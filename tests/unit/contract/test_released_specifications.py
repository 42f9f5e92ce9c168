"""Specifications and experiment files of released versions are read under the names of their runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from gridctl.experiment import Document
from gridctl.experiment.released.reading import parse_stored
from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.released.conversion import ReleasedRunSpec
from gridctl_trainer.contract.released.reading import read_specification
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.model import options_of

RELEASED = Path(__file__).parents[2] / "assets" / "released"
LINES = (RELEASED / "specifications.jsonl").read_text().splitlines()
GRIDS = json.loads((RELEASED / "run_ids.json").read_text())


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_specification_of_before_is_read_under_its_old_name(number: int) -> None:
    kept = json.loads(LINES[number])
    run = read_specification(json.dumps(kept["spec"]))
    assert (run.run_id, run.digest, run.schema_version) == (kept["run_id"], kept["digest"], 1)
    options_of(run.network)  # the model accepts the options


@pytest.mark.parametrize("path", sorted(RELEASED.rglob("spec.json")), ids=lambda path: path.parent.name)
def test_so_is_every_one_of_the_stores(path: Path) -> None:
    assert read_specification(path.read_bytes(), path).run_id == path.parent.name


@pytest.mark.parametrize("name", GRIDS)
def test_an_experiment_file_of_before_has_the_runs_that_it_had(name: str) -> None:
    runs = parse_stored(Document.read(RELEASED / "experiments" / name)).runs
    ids = [run.run_id for run in runs]
    kept = GRIDS[name]
    assert (len(ids), ids[0], ids[-1]) == (kept["runs"], kept["first"], kept["last"])
    assert hashlib.sha256("\n".join(ids).encode()).hexdigest() == kept["sha256_of_ids"]


def test_all_that_it_said_is_still_there() -> None:
    run = read_specification(next(line for line in map(spec_of, LINES) if '"eta": true' in line))
    assert isinstance(run, ReleasedRunSpec)
    options = options_of(run.network).model_dump(exclude={"preset"})
    old = run.released.network.model_dump()
    assert {name: old[name] for name in options} == options
    assert run.network.execution == {"recompute_timesteps": True}
    assert (run.data.train.path, run.data.external["sunnybrook"].path) == ("s3://bucket/acdc", "/data/sunnybrook")
    renamed = {"generalisation_batch_size": "external_batch_size"}
    for name, value in run.released.training.model_dump(exclude={"checkpoint_keep_best"}).items():
        assert getattr(run.training, renamed.get(name, name)) == value


def spec_of(line: str) -> str:
    return json.dumps(json.loads(line)["spec"])


def test_a_trainer_trains_its_own_version_alone() -> None:
    with pytest.raises(SpecError, match="schema_version is 1, but this trainer needs 2"):
        RunSpec.from_json(spec_of(LINES[0]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 3}, "schema_version is 3"),
        ({"seed": -1}, "seed: "),
        ({"new": 1}, "new: "),
        ({"network": {"architecture": "resnet"}}, "network: "),
    ],
)
def test_what_no_version_wrote_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        read_specification(json.dumps({**json.loads(LINES[0])["spec"], **change}))


def test_a_damaged_file_of_before_is_refused_with_its_place() -> None:
    text = (RELEASED / "experiments" / "demo.yaml").read_text().replace("train_ratios", "ratios")
    with pytest.raises(Exception, match=r"stored\.yaml: not an experiment of version 1: KeyError: 'train_ratios'"):
        parse_stored(Document.parse(text, "stored.yaml"))
