"""Work that takes more than a second shows how far it is, how fast, and how long it will take."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gridctl.terminal import console, late_bar
from gridctl.terminal.late_bar import with_late_bar


def drawn(monkeypatch: pytest.MonkeyPatch, *, after_s: float, terminal: bool = True) -> str:
    """What is on standard error after five items."""
    stderr = io.StringIO()
    made = Console(file=stderr, force_terminal=terminal, width=100, _environ={})
    monkeypatch.setattr(console, "stderr_console", lambda: made)
    monkeypatch.setattr(late_bar, "_SHOWN_AFTER_S", after_s)
    assert list(with_late_bar("abcde", "rendering Jobs")) == list("abcde")
    return stderr.getvalue()


def test_it_tells_what_is_done_how_much_and_how_long_it_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(monkeypatch, after_s=0)
    assert "rendering Jobs" in shown
    assert "4/5" in shown
    assert "/s" in shown
    assert "0:00:0" in shown


def test_what_is_over_sooner_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, after_s=1000) == ""


def test_without_a_terminal_there_is_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, after_s=0, terminal=False).strip() == ""
