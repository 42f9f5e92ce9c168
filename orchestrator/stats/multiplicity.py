"""What several tests at once do to their p values."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct a family of tests so that the chance of any false positive stays at the level.

    Args:
        p_values: Of one family; None where a test could not be made, which is then no member.

    Returns:
        Corrected p values in the same order, None where there was none.

    Source: Holm (1979).
    """
    return _corrected(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct a family of tests so that the expected share of false positives stays at the level.

    Args:
        p_values: As for `holm`.

    Returns:
        As `holm`.

    Source: Benjamini and Hochberg (1995).
    """
    return _corrected(p_values, "fdr_bh")


def _corrected(p_values: Sequence[float | None], method: str) -> list[float | None]:
    known = [p for p in p_values if p is not None]
    corrected = iter(multipletests(known, method=method)[1].tolist() if known else [])
    return [None if p is None else next(corrected) for p in p_values]
