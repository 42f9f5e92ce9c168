from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.storage.base import Store, open_store
from gridctl_trainer.storage.retry import Retry
from gridctl_trainer.storage.write_behind.spool import Spool
from gridctl_trainer.storage.write_behind.spooled_store import SpooledStore
from tests import s3_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and not s3_server.is_there():
            kind = item.callspec.params.get("new_store") if hasattr(item, "callspec") else None
            if kind == "s3" or "bucket" in item.fixturenames:
                item.add_marker(pytest.mark.skip(reason=s3_server.HOW_TO_GET_ONE))


@pytest.fixture
def bucket() -> str:
    return s3_server.BUCKET


@pytest.fixture(scope="session")
def s3_root() -> Iterator[str]:
    """A prefix that is emptied after all tests."""
    url = f"s3://{s3_server.BUCKET}/contract-tests/{uuid.uuid4().hex}"
    yield url
    store = open_store(url)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda stat: store.delete(stat.key), list(store.list())))


@pytest.fixture
def s3_url(bucket: str, s3_root: str) -> str:
    return f"{s3_root}/{uuid.uuid4().hex}"


ONLY_ONCE_DELIVERED = ("test_one_etag_everywhere", "test_its_url_opens_it_again")


@pytest.fixture(params=["folder", "s3", "spooled"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes empty, separate stores of one kind."""
    if request.param == "spooled" and request.node.originalname in ONLY_ONCE_DELIVERED:
        pytest.skip("a spool promises this of what it has delivered")
    root = request.getfixturevalue("s3_url") if request.param == "s3" else str(tmp_path / "store")
    spooled: list[SpooledStore] = []

    def new() -> Store:
        store = open_store(f"{root}/{uuid.uuid4().hex}")
        if request.param != "spooled":
            return store
        spool = Spool(tmp_path / "spool" / uuid.uuid4().hex, 1 << 30)
        spooled.append(SpooledStore(store, spool, Retry(0, StopSignal()), lambda: store))
        return spooled[-1]

    yield new
    for store in spooled:
        store.close()


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    return new_store()
