"""`did you mean ...?`."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_LONGEST = 100
"""Characters of a word that are compared: comparing takes the square of its length."""


def did_you_mean(word: object, known: Collection[str]) -> str:
    """A hint about an unknown word.

    Args:
        word: What was written.
        known: All that could have been meant.

    Returns:
        The nearest known word as a question, or the list of all of them.
    """
    near = difflib.get_close_matches(folded(word), {folded(name): name for name in known}, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{next(name for name in known if folded(name) == near[0])}'?"
    return f"known: {', '.join(known)}" if known else "there is none to choose from"


def folded(word: object) -> str:
    """A word as it is compared: without case, hyphens and underscores."""
    return str(word)[:_LONGEST].lower().replace("-", "").replace("_", "").replace(" ", "")
