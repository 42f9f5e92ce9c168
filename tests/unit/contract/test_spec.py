"""The specification of a run has a stable name and hash, and refuses what is invalid."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.spec import RUN_ID_MAX_LENGTH, RunSpec
from tests.networks import unet
from tests.scored import SUNNYBROOK_DICE, VALIDATION_DICE


def spec(**changes: Any) -> RunSpec:
    return RunSpec.model_validate(
        {
            "experiment": "demo",
            "model": "gamma_net",
            "network": {"architecture": "gamma_net"},
            "train_ratio": 0.1,
            "seed": 42,
            "data": {"train": {"dataset": "acdc", "path": "a"}},
            "training": {},
            **changes,
        }
    )


def test_run_id_is_readable_and_ends_in_the_hash() -> None:
    assert re.fullmatch(r"demo-gamma-net-r10-none-s42-[0-9a-f]{8}", spec().run_id)
    assert spec().run_id.endswith(spec().digest[:8])
    assert "-r12p5-" in spec(train_ratio=0.125).run_id


def test_run_id_is_the_same_today_as_when_this_was_written() -> None:
    """If a hash changed, every finished run of every user would be trained again."""
    assert spec().digest == "6644ba505300fccf02edd6a874404b960062cb9b53613523820a6130186b097c"


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 43},
        {"train_ratio": 0.2},
        {"ablation": "no_clahe"},
        {"network": {"architecture": "gamma_net", "options": {"timesteps": 3}}},
        {"network": {"architecture": "gamma_net", "options": {"temporal": True}}},
        {"data": {"train": {"dataset": "acdc", "path": "a"}, "size_px": 128}},
        {"data": {"train": {"dataset": "acdc", "path": "a", "version": "2"}}},
        {"data": {"train": {"dataset": "acdc", "path": "a"}, "preprocessing": {"clahe": False}}},
        {"training": {"epochs": 100}},
        {"training": {"on_nonfinite": "skip"}},
        {"training": {"deterministic": False}},
    ],
)
def test_whatever_can_change_the_result_changes_the_run_id(changes: dict[str, Any]) -> None:
    assert spec(**changes).run_id != spec().run_id


@pytest.mark.parametrize(
    "training",
    [
        {"checkpoint_every_epochs": 1},
        {"checkpoint_keep_last": 5},
        {"checkpoint_keep_every_epochs": 20},
        {"checkpoint_keep_best": VALIDATION_DICE},
        {"store_outage_minutes": 0},
        {"spool_mib": 10},
        {"threads": 2},
        {"device": "cpu"},
    ],
)
def test_what_cannot_change_the_result_does_not_change_the_run_id(training: dict[str, Any]) -> None:
    assert spec(training=training).run_id == spec().run_id


def test_the_best_by_a_score_that_there_will_not_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="this run scores no set"):
        spec(training={"checkpoint_keep_best": SUNNYBROOK_DICE})


def test_a_preset_is_the_same_run_as_what_it_stands_for() -> None:
    assert unet(preset="table") == unet(convs_per_block=3) != unet()
    assert unet(preset="table", convs_per_block=4) == unet(convs_per_block=4)
    assert unet(preset="table", convs_per_block=2) == unet()


LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"


@given(
    experiment=st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?\Z"),
    model=st.from_regex(r"\A[a-z0-9]([_a-z0-9]{0,8}[a-z0-9])?\Z"),
    ablation=st.from_regex(r"\A[a-z0-9]([_a-z0-9]{0,8}[a-z0-9])?\Z"),
    ratio=st.floats(min_value=1e-6, max_value=1, exclude_max=True),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_run_id_is_a_dns_label_or_is_refused(
    experiment: str, model: str, ablation: str, ratio: float, seed: int
) -> None:
    run = spec(experiment=experiment, model=model, ablation=ablation, train_ratio=ratio, seed=seed)
    try:
        run_id = run.run_id
    except SpecError:
        assert len(experiment) + len(model) + len(ablation) > 20  # a label has at least this much room
        return
    assert len(run_id) <= RUN_ID_MAX_LENGTH
    assert re.fullmatch(LABEL, run_id)


def test_json_round_trip() -> None:
    assert RunSpec.from_json(spec().to_json()) == spec()


def test_every_mistake_of_a_specification_is_said_at_once() -> None:
    content = json.loads(spec().to_json())
    content["train_ratio"] = 1.5
    content["seed"] = -1
    content["surprise"] = 1
    with pytest.raises(SpecError) as caught:
        RunSpec.from_json(json.dumps(content), where="spec.json")
    said = str(caught.value)
    assert caught.value.exit_code == 2
    assert "spec.json: train_ratio: " in said
    assert "spec.json: seed: " in said
    assert "spec.json: surprise: " in said


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schema_version": 2}'])
def test_what_is_no_specification_of_this_version_is_refused(text: bytes) -> None:
    with pytest.raises(SpecError):
        RunSpec.from_json(text, where="spec.json")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_must_be_finite(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        spec(training={"learning_rate": value})
