"""`did you mean ...?`."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_LONGEST = 100
"""How many characters of a word are compared; the cost is quadratic in the length."""


def did_you_mean(word: object, known: Collection[str]) -> str:
    """What to suggest for an unknown word.

    Args:
        word: The word that was written.
        known: The words that could have been meant.

    Returns:
        The closest known word as a question, or the list of all known words.
    """
    near = difflib.get_close_matches(folded(word), {folded(name): name for name in known}, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{next(name for name in known if folded(name) == near[0])}'?"
    return f"known: {', '.join(known)}" if known else "there is none to choose from"


def folded(word: object) -> str:
    """A word normalised for comparison: without case, hyphens and underscores."""
    return str(word)[:_LONGEST].lower().replace("-", "").replace("_", "").replace(" ", "")
