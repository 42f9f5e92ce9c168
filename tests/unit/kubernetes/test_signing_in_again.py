"""A token or a password of the kubeconfig is read again once the API server refuses it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridctl.executors.kubernetes.kubeconfig import find_access

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a kubeconfig in which two contexts have a user each."""
    path = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(path))

    def written(user: dict[str, Any], current: str = "mine") -> None:
        content = {
            "clusters": [{"name": "c", "cluster": {"server": "http://localhost:1"}}],
            "users": [{"name": "me", "user": user}, {"name": "you", "user": {"token": "yours"}}],
            "contexts": [
                {"name": "mine", "context": {"cluster": "c", "user": "me"}},
                {"name": "other", "context": {"cluster": "c", "user": "you"}},
            ],
            "current-context": current,
        }
        path.write_text(yaml.safe_dump(content))

    return written


def test_a_new_token_counts_once_the_old_one_is_refused(write: Write) -> None:
    write({"token": "old"})
    credentials = find_access(None).credentials
    write({"token": "new"})
    assert credentials.authorization() == "Bearer old"
    credentials.forget("Bearer an older one, by another thread")
    assert credentials.authorization() == "Bearer old"
    credentials.forget("Bearer old")
    assert credentials.authorization() == "Bearer new"


def test_it_stays_the_same_user_if_another_context_became_the_current_one(write: Write) -> None:
    write({"token": "old"})
    credentials = find_access(None).credentials
    write({"username": "me", "password": "secret"}, current="other")
    credentials.forget("Bearer old")
    assert credentials.authorization() == f"Basic {base64.b64encode(b'me:secret').decode()}"


@pytest.mark.parametrize("content", [None, "", "contexts: [", "users: []"], ids=repr)
def test_a_file_that_is_gone_or_half_written_changes_nothing(content: str | None, write: Write, tmp_path: Path) -> None:
    write({"token": "old"})
    credentials = find_access(None).credentials
    if content is None:
        (tmp_path / "kubeconfig").unlink()
    else:
        (tmp_path / "kubeconfig").write_text(content)
    credentials.forget("Bearer old")
    assert credentials.authorization() == "Bearer old"
    write({"token": "new"})
    credentials.forget("Bearer old")
    assert credentials.authorization() == "Bearer new"
