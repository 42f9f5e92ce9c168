"""Which keys a Secret has. The API server's answer includes the values, which are discarded at once."""

from __future__ import annotations

from dataclasses import dataclass

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret of the namespace.

    Attributes:
        name: Its name.
        there: Whether it exists; None if this user may not read it.
        keys: Names of its keys.
    """

    name: str
    there: bool | None
    keys: frozenset[str] = frozenset()


class SecretKeys:
    """Asks for each Secret once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, Secret] = {}

    def of(self, name: str) -> Secret:
        """A Secret by its name.

        Raises:
            UnreachableError: The server refuses for another reason than rights.
        """
        if name not in self._known:
            self._known[name] = self._asked(name)
        return self._known[name]

    def _asked(self, name: str) -> Secret:
        try:
            found = self._api.get(f"/api/v1/namespaces/{self._api.namespace}/secrets/{name}")
        except RefusedError as error:
            if error.status == 404:
                self._require_namespace()
                return Secret(name, there=False)
            if error.status == 403:
                return Secret(name, there=None)
            raise
        return Secret(name, there=True, keys=frozenset(found.get("data") or ()))

    def _require_namespace(self) -> None:
        """Report a missing namespace instead of the Secret that is missing with it.

        Raises:
            UnreachableError: There is no such namespace.
        """
        try:
            self._api.get(f"/api/v1/namespaces/{self._api.namespace}")
        except RefusedError as error:
            if error.status != 403:
                raise
