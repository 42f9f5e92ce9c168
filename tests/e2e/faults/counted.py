"""How many faults of each kind happened in this session, and were followed by everything that is promised."""

from __future__ import annotations

from collections import Counter

SURVIVED: Counter[str] = Counter()
