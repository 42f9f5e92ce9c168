"""Counts the faults of each kind in this session after which all promises held."""

from __future__ import annotations

from collections import Counter

SURVIVED: Counter[str] = Counter()
