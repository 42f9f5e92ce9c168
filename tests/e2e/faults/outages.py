"""Puts a real S3 server behind a proxy that temporarily fails as networks, servers and credentials do."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from random import Random

from tests.e2e.faults.child import ChildFault, Trainer
from tests.e2e.faults.local import Range, sigkill_between_steps
from tests.e2e.faults.promises import assert_finished
from tests.faulty_proxy import Answer, Cut, Fault, FaultyProxy, Request, Reset, Stall

EXPIRED = (
    b'<?xml version="1.0"?><Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>'
)

OUTAGES: dict[str, Callable[[Random], Fault]] = {
    "store answers 500": lambda chance: Answer(chance.choice([500, 502, 503])),
    "store resets connections": lambda chance: Reset(),
    "store resets after doing it": lambda chance: Reset(forwarded=True),
    "store does not answer": lambda chance: Stall(seconds=1.5),
    "store reads slowly": lambda chance: Stall(seconds=0.3, forwarded=True),
    "store cuts answers": lambda chance: Cut(chance.randint(0, 400)),
    "credentials have expired": lambda chance: Answer(403, {"Content-Type": "application/xml"}, EXPIRED),
}

REQUESTS = 40
"""Approximate number of requests that an undisturbed attempt sends."""


def outage(range_: Range, proxy: FaultyProxy, kind: str, times: int, chance: Random) -> None:
    """From a random request on, requests fail for a while; the attempt survives and ends with 0."""
    for _ in range(times * 10):
        if range_.counted[kind] >= times:
            return
        proxy.rule = lambda request: None
        store = range_.fresh()
        begin, fault = chance.randint(1, REQUESTS), OUTAGES[kind](chance)
        count = chance.randint(3, 6 if isinstance(fault, Stall) else 25)
        first = len(proxy.requests)
        hurt = len(proxy.hurt)
        proxy.rule = _window(first + begin, first + begin + count, fault)
        trainer = range_.start(store)
        code = trainer.wait()
        happened = len(proxy.hurt) > hurt
        proxy.rule = lambda request: None
        assert code == 0, f"{kind} at {begin} for {count}: {trainer.said}"
        assert_finished(store, range_.run, range_.undisturbed)
        range_.counted[kind] += happened
    raise AssertionError(range_.counted)


def killed_in_an_outage(range_: Range, proxy: FaultyProxy, times: int, chance: Random) -> None:
    """SIGKILL arrives while the store accepts nothing; the next attempt finds the spool and loses nothing."""
    kind = "SIGKILL in an outage"
    for _ in range(times * 10):
        if range_.counted[kind] >= times:
            return
        proxy.rule = lambda request: None
        store = range_.fresh()
        begin = len(proxy.requests) + chance.randint(8, 25)
        proxy.rule = lambda request, begin=begin: Answer(503) if request.number >= begin else None  # type: ignore[misc]
        trainer = range_.start(store, sigkill_between_steps(chance))
        killed = _wait(trainer, chance)
        proxy.rule = lambda request: None
        range_.check(store)
        range_.counted[kind] += killed
        range_.finish(store)
    raise AssertionError(range_.counted)


def killed_while_it_sends(range_: Range, times: int, chance: Random) -> None:
    """SIGKILL arrives before bytes are sent: between the header and the body of a request, or between two requests."""

    def mid_upload(chance: Random) -> ChildFault:
        return ChildFault((signal.SIGKILL,), "send", chance.randint(1, 2 * REQUESTS))

    range_.hurt(times, chance, mid_upload, {-signal.SIGKILL})


def stopped_in_an_outage(range_: Range, proxy: FaultyProxy, times: int, chance: Random) -> None:
    """SIGTERM arrives while the store accepts nothing; the attempt ends with 143 in time and keeps all in the spool."""
    kind = "SIGTERM in an outage"
    for _ in range(times * 10):
        if range_.counted[kind] >= times:
            return
        proxy.rule = lambda request: None
        store = range_.fresh()
        begin = len(proxy.requests) + chance.randint(8, 25)
        proxy.rule = lambda request, begin=begin: Reset() if request.number >= begin else None  # type: ignore[misc]
        trainer = range_.start(store, ChildFault((signal.SIGTERM,), "step", chance.randint(4, 30)))
        _wait(trainer, chance)
        proxy.rule = lambda request: None
        assert trainer.process.exitcode in (143, -signal.SIGKILL), trainer.said
        range_.check(store)
        range_.counted[kind] += trainer.process.exitcode == 143
        range_.finish(store)
    raise AssertionError(range_.counted)


def _wait(trainer: Trainer, chance: Random) -> bool:
    """Whether a signal ended the attempt. An attempt that is done but waits for its store in vain is killed."""
    late = threading.Timer(8, lambda: trainer.process.exitcode is None and os.kill(trainer.process.pid, signal.SIGKILL))
    late.start()
    code = trainer.wait()
    late.cancel()
    return code == -signal.SIGKILL


def _window(begin: int, end: int, fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if begin <= request.number < end else None
