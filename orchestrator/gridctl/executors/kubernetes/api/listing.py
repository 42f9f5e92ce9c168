"""All objects of a kind, page by page; of each only what is wanted stays in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from gridctl.errors import UnreachableError
from gridctl.executors.kubernetes.api.chosen_fields import WHOLE, ChosenFields
from gridctl.executors.kubernetes.api.refusals import RefusedError

T = TypeVar("T")

_PAGE: Final = 500
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Everything of a kind at one moment.

    Attributes:
        items: The objects.
        resource_version: That moment, from which a watch goes on.
    """

    items: list[T]
    resource_version: str


@dataclass(frozen=True)
class Kind(Generic[T]):
    """What is read of the objects of a kind.

    Attributes:
        fields: Those of an object that `read` looks at, as in `ChosenFields`.
        read: Makes of an object what is kept of it.
    """

    fields: Any
    read: Callable[[Mapping[str, Any]], T]

    @cached_property
    def parser(self) -> ChosenFields:
        """Parses a page."""
        return ChosenFields({"metadata": {"continue": WHOLE, "resourceVersion": WHOLE}, "items": [self.fields]})


ANY: Final = Kind[dict[str, Any]](WHOLE, dict)
"""Whole objects as JSON."""


def list_all(
    page_of: Callable[[Mapping[str, str], ChosenFields], Mapping[str, Any]],
    kind: Kind[T],
    query: Mapping[str, str],
    server: str,
) -> Listing[T]:
    """All objects of a kind; starts again when the listing expires.

    Args:
        page_of: Requests one page with the given query, and parses it.
        kind: What is read of the objects.
        query: Selectors.
        server: Named in the error.

    Raises:
        RefusedError, UnreachableError: As `page_of` raises them.
    """
    for _ in range(_TRIES):
        items: list[T] = []
        page_query = {**query, "limit": str(_PAGE)}
        try:
            while True:
                page = page_of(page_query, kind.parser)
                items += map(kind.read, page.get("items") or ())
                metadata = page.get("metadata") or {}
                if not metadata.get("continue"):
                    return Listing(items, str(metadata.get("resourceVersion", "")))
                page_query["continue"] = str(metadata["continue"])
        except RefusedError as error:
            if error.status != 410:
                raise
    raise UnreachableError(
        "the listing expired four times before it was whole", where=server, fix="run the same command again"
    )
