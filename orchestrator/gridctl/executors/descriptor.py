"""What an executor's entry point names: everything that is known before its own code is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AtOnce = Literal["--workers", "--max-active", ""]


@dataclass(frozen=True, slots=True)
class ExecutorDescriptor:
    """An executor, as the registry knows it. The module that holds it imports nothing heavy.

    Attributes:
        summary: What it is, in one line.
        build: Its class as `pkg.module:Name`, which is called with the experiment and the store; and, where it has
            options, with those as `options`.
        options: The pydantic model of its own section of the experiment file, as `pkg.module:Name`; the section has
            the executor's name. Empty if it has none.
        on_this_machine: Whether runs train on the machine on which they are submitted: folders of data must be
            there, and no other machine knows about its runs.
        hands_over: What `start` creates for a run and leaves to the backend, such as `Job`; empty if `start`
            waits until the runs have ended.
        at_once: The option of `submit` that limits how many runs it trains at a time; empty if there is none.
    """

    summary: str
    build: str
    options: str = ""
    on_this_machine: bool = False
    hands_over: str = ""
    at_once: AtOnce = ""
