"""Every wanted run is in exactly one part of a plan."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridctl.commands.submission.missing_runs import plan
from gridctl.runs.state import ACTIVE, TO_SUBMIT, RunState
from gridctl_trainer.contract.spec import RunSpec


def run(seed: int) -> RunSpec:
    return RunSpec.model_validate(
        {
            "experiment": "demo",
            "model": "unet",
            "network": {"architecture": "unet"},
            "train_ratio": 0.1,
            "seed": seed,
            "data": {"train": {"dataset": "acdc", "path": "a"}},
            "training": {},
        }
    )


RUNS = [run(seed) for seed in range(6)]


@given(st.lists(st.sampled_from([*RunState, None]), min_size=6, max_size=6), st.booleans())
def test_every_run_is_in_exactly_one_part_and_order_is_kept(states: list[RunState | None], retry: bool) -> None:
    known = {run.run_id: state for run, state in zip(RUNS, states, strict=True) if state}
    made = plan(RUNS, known, retry_failed=retry)
    parts = (made.create, made.skip, made.leave, made.retry, made.failed)
    assert sorted(run.seed for part in parts for run in part) == list(range(6))
    assert all([run.seed for run in part] == sorted(run.seed for run in part) for part in parts)
    for wanted, state in zip(RUNS, states, strict=True):
        assert (wanted in made.skip) == (state is RunState.DONE)
        assert (wanted in made.leave) == (state in ACTIVE)
        assert (wanted in made.create) == (state in (None, *TO_SUBMIT))
        assert (wanted in made.retry) == (state is RunState.FAILED and retry)
    assert made.to_do == made.create + made.retry
