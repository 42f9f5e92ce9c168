"""`api.verify(retrain=True)`: what `gridctl verify --retrain` does, with a result that has types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gridctl import api
from gridctl.commands import retrain, verify
from gridctl.commands.retrain import Retrained
from gridctl.commands.verify import Verification

FOUND = Verification("tiny", "/store", (), 3, ("report.json",), "", 0)
AGAIN = Retrained("tiny-unet", "chosen by seed 7 from 2 finished runs", True, True, (), ())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def retrained(*given: Any) -> Retrained:
        calls.append(given)
        return AGAIN

    monkeypatch.setattr(verify, "verify_report", lambda path, store, sealed: FOUND)
    monkeypatch.setattr(retrain, "retrain_stored", retrained)
    return calls


def test_a_run_is_trained_again_of_the_store_that_the_report_is_of(asked: list[tuple[Any, ...]]) -> None:
    found = api.verify("report", retrain=True, run="tiny-un", seed=7, data={"train": "data/acdc"})
    assert found.retrained is AGAIN
    assert found.objects == 3
    assert asked == [("/store", "tiny", "tiny-un", 7, {"train": "data/acdc"})]


def test_without_being_asked_nothing_is_trained(asked: list[tuple[Any, ...]]) -> None:
    assert api.verify("report").retrained is None
    assert asked == []


@pytest.mark.parametrize("given", [{"run": "tiny"}, {"data": {"train": Path("data")}}])
def test_what_is_of_a_run_trained_again_wants_it(given: dict[str, Any], asked: list[tuple[Any, ...]]) -> None:
    with pytest.raises(api.InputError, match="trained again"):
        api.verify("report", **given)
    assert asked == []
