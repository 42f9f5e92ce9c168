"""Failures with a common cause are recognised in messages of real runs that differ in run, path and number."""

from __future__ import annotations

import pytest

from gridctl.runs.shared_cause import Ended, shared_cause

ALIKE = {
    "a data set": "/data/acdc/patient{0:03d}/Info.cfg: cannot read it: Permission denied",
    "a URL": "s3://bucket/acdc/{0}.nii: its SHA-256 is {0:012x}..., not {0:08x}...",
    "a relative path": "data/acdc{0}: there is no patient of ACDC in this folder: it is empty",
    "a run id": "tiny-unet-r50-none-s{0}-{0:08x}: out of memory training in epoch {0}, 1.{0} GiB more were requested",
    "numbers": "the loss is nan at epoch {0}, batch {0} of 13",
    "only the first line": "no GPU here\n  look at node {0}x",
}
MODELS = ("unet", "gamma_net")


def failures(text: str, models: tuple[str, ...] = MODELS, number: int = 3) -> list[Ended]:
    return [
        Ended(f"run-{index}", models[index % len(models)], text.format(index + 1), exit_code=1)
        for index in range(number)
    ]


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE)
def test_messages_that_differ_in_run_path_and_number_are_one_cause(text: str) -> None:
    cause = shared_cause(failures(text), MODELS)
    assert cause is not None
    assert cause.message == text.format(1)
    assert cause.runs == ("run-0", "run-1", "run-2")
    assert all(cause.concerns(model) for model in MODELS)


def test_two_are_too_few() -> None:
    assert shared_cause(failures("the same", number=2), MODELS) is None


def test_other_words_or_another_exit_code_are_other_causes() -> None:
    ended = [Ended(f"run-{word}", "unet", f"cannot find {word}", 1) for word in ("torch", "numpy", "cv2")]
    assert shared_cause(ended, MODELS) is None
    ended = [Ended(f"run-{code}", "unet", "the same", code) for code in (1, 2, 3)]
    assert shared_cause(ended, MODELS) is None


def test_a_run_that_trains_shows_that_it_is_not_the_cause_of_all() -> None:
    assert shared_cause([Ended("run-9", "unet"), *failures("the same")], MODELS) is None


def test_failures_of_one_model_concern_no_other() -> None:
    ended = [Ended("run-9", "unet"), *failures("out of memory", models=("gamma_net",))]
    cause = shared_cause(ended, MODELS)
    assert cause is not None
    assert cause.concerns("gamma_net")
    assert not cause.concerns("unet")
    assert "of gamma_net" in str(cause)


def test_in_a_grid_of_one_model_they_concern_all() -> None:
    cause = shared_cause(failures("out of memory", models=("unet",)), ("unet",))
    assert cause is not None
    assert cause.model == ""
