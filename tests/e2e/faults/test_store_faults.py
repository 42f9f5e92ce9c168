"""A temporary failure of the store costs a run nothing, and a run that is killed meanwhile finds what it kept."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from random import Random

import pytest

from gridctl_trainer.storage.base import Store, open_store
from tests import s3_server
from tests.e2e.faults import outages
from tests.e2e.faults.local import Range
from tests.faulty_proxy import FaultyProxy

pytestmark = pytest.mark.skipif(not s3_server.is_there(), reason=s3_server.HOW_TO_GET_ONE)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy between trainers and the real server; tests access the store directly."""
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as proxy:
        yield proxy


@pytest.fixture
def s3_range(range_: Range, proxy: FaultyProxy) -> Iterator[Range]:
    root = f"s3://{s3_server.BUCKET}/fault-tests/{uuid.uuid4().hex}"
    range_.new_store = lambda: open_store(f"{root}/{uuid.uuid4().hex[:8]}")
    spool = str(range_.folder / "spool")
    range_.env = {
        "AWS_ENDPOINT_URL_S3": proxy.url,
        "AWS_MAX_ATTEMPTS": "2",
        "GRIDCTL_SPOOL": spool,
        "GRIDCTL_GRACE_SECONDS": "4",
    }
    yield range_
    store: Store = open_store(root)
    for stat in list(store.list()):
        store.delete(stat.key)
    assert not list((range_.folder / "spool").glob("*/*")), "a spool that was delivered is still there"


def few_or(many: int) -> pytest.MarkDecorator:
    slow = pytest.param(many, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])
    return pytest.mark.parametrize("times", [1, slow])


@few_or(8)
@pytest.mark.parametrize("kind", outages.OUTAGES)
def test_training_goes_on_through_an_outage(kind: str, times: int, s3_range: Range, proxy: FaultyProxy) -> None:
    outages.outage(s3_range, proxy, kind, times, Random(f"{kind} {times}"))


@few_or(8)
def test_killed_or_stopped_in_an_outage(times: int, s3_range: Range, proxy: FaultyProxy) -> None:
    outages.killed_in_an_outage(s3_range, proxy, times, Random(f"killed {times}"))
    outages.stopped_in_an_outage(s3_range, proxy, times, Random(f"stopped {times}"))


@few_or(20)
def test_killed_while_it_sends(times: int, s3_range: Range) -> None:
    outages.killed_while_it_sends(s3_range, times, Random(f"sends {times}"))
