"""Fixtures for `gridctl.api` on stores as trainers leave them."""

from __future__ import annotations

from tests.e2e.reports.conftest import Submit, store, submit

__all__ = ["Submit", "store", "submit"]
