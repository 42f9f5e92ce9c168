"""The kubectl command that gives pods the settings they lack, as it can be pasted into this shell."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridctl.executors.kubernetes.store_access.secret_keys import Secret

USUAL_NAME = "gridctl-store"


@dataclass(frozen=True, slots=True)
class SecretCommand:
    """How to make or complete the Secret of the store.

    Attributes:
        namespace: Namespace of the pods.
        secret: The Secret that `kubernetes.secret` names; None if it names none.
        wanted: Variables that pods need, with their values; empty for what must not be shown.
    """

    namespace: str
    secret: Secret | None
    wanted: Mapping[str, str]

    def for_keys(self, keys: Sequence[str]) -> str:
        """How to give pods some variables: one command, and a line for the experiment file."""
        if self.secret is not None and self.secret.there:
            return self._patch(keys)
        if self.secret is None:
            return f"{self.create()}\nand in the experiment file: kubernetes: {{secret: {USUAL_NAME}}}"
        return self.create()

    def create(self) -> str:
        """The command that creates the Secret with everything that pods need."""
        name = self.secret.name if self.secret else USUAL_NAME
        literals = " ".join(f"--from-literal={key}={self._value(key)}" for key in self.wanted)
        return f"kubectl -n {self.namespace} create secret generic {name} {literals}"

    def _patch(self, keys: Sequence[str]) -> str:
        assert self.secret is not None
        start = f"kubectl -n {self.namespace} patch secret {self.secret.name} -p"
        if all(self.wanted.get(key) for key in keys):
            return f"{start} {shlex.quote(json.dumps({'stringData': {key: self.wanted[key] for key in keys}}))}"
        pairs = ", ".join(f'\\"{key}\\": \\"{self._value(key, quoted=False)}\\"' for key in keys)
        return f'{start} "{{\\"stringData\\": {{{pairs}}}}}"'

    def _value(self, key: str, *, quoted: bool = True) -> str:
        """A value for the shell: the value, the variable that holds it here, or dots to be filled in."""
        value = self.wanted.get(key, "")
        if value:
            return shlex.quote(value) if quoted else value
        if os.environ.get(key):
            return f'"${key}"' if quoted else f"${key}"
        return "..."
