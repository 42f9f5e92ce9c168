"""One module writes and reads every key of the store."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.contract.layout import (
    AttemptName,
    CheckpointName,
    Position,
    RunLayout,
    attempt_of,
    checkpoint_of,
    run_of,
)

LAYOUT = RunLayout("demo", "demo-unet-r10-none-s1-0123abcd")


@given(st.integers(1, 99999), st.from_regex(r"\A[a-z0-9][-a-z0-9]{0,40}\Z"))
def test_an_attempt_is_read_from_its_key(number: int, uid: str) -> None:
    name = AttemptName(number, uid)
    assert attempt_of(LAYOUT.attempt(name)) == name
    assert attempt_of(LAYOUT.attempt_output(name)) is None
    assert run_of(LAYOUT.attempt(name)) == LAYOUT


@given(st.integers(0, 9999), st.integers(0, 10**7), st.integers(1, 9999), st.from_regex(r"\A[a-z0-9][-a-z0-9]{0,40}\Z"))
def test_a_checkpoint_is_read_from_its_key(epoch: int, step: int, number: int, uid: str) -> None:
    name = CheckpointName(Position(epoch, step), AttemptName(number, uid))
    assert checkpoint_of(LAYOUT.checkpoint(name)) == name
    assert checkpoint_of(LAYOUT.checkpoint_manifest(name)) is None


def test_keys_are_where_the_design_says() -> None:
    assert LAYOUT.spec == "demo/demo-unet-r10-none-s1-0123abcd/spec.json"
    assert LAYOUT.attempt(AttemptName(3, "ab")).endswith("/attempts/003-ab.jsonl")
    first = AttemptName(1, "ab")
    assert LAYOUT.checkpoint(CheckpointName(Position(10), first)).endswith("/checkpoints/epoch-0010.001-ab.pt")
    assert LAYOUT.checkpoint_manifest(CheckpointName(Position(10), first)).endswith("/epoch-0010.001-ab.json")
    assert LAYOUT.checkpoint(CheckpointName(Position(10, 7), first)).endswith("/epoch-0010-step-00007.001-ab.pt")


def test_keys_of_the_experiment_belong_to_no_run() -> None:
    assert run_of("demo/experiment.yaml") is None
