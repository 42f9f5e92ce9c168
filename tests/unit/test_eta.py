"""The remaining time is estimated from the epochs measured so far."""

from __future__ import annotations

import pytest

from gridctl.terminal.eta import RunPace, eta_seconds, remaining_seconds

UNET, GAMMA = ("unet", 0.1, "none"), ("gamma_net", 0.1, "none")


def test_what_remains_is_epochs_times_measured_seconds_over_the_runs_at_once() -> None:
    paces = [RunPace(UNET, 10, 4, 2.0), RunPace(UNET, 10, 10, 2.0), RunPace(GAMMA, 10, 9, 30.0)]
    assert remaining_seconds(paces) == {UNET: 12.0, GAMMA: 30.0}
    assert eta_seconds(paces, 2) == pytest.approx(21.0)


def test_a_run_that_has_not_begun_is_as_fast_as_its_cell_or_its_model() -> None:
    other = ("unet", 0.5, "none")
    paces = [RunPace(UNET, 10, 10, 3.0), RunPace(UNET, 10, 0), RunPace(other, 10, 0)]
    assert remaining_seconds(paces) == {UNET: 30.0, other: 30.0}


def test_unknown_speed_is_said_to_be_unknown() -> None:
    paces = [RunPace(UNET, 10, 5, 1.0), RunPace(GAMMA, 10, 0)]
    assert remaining_seconds(paces) == {UNET: 5.0, GAMMA: None}
    assert eta_seconds(paces, 1) is None
    assert eta_seconds([RunPace(GAMMA, 10, 10)], 1) == 0.0
