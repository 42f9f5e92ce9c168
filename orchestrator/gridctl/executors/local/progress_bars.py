"""One bar per run on the terminal, or one line per run where there is none."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.progress import TaskID

from gridctl.executors.local.shown_scores import ShownScores
from gridctl.terminal.console import count, duration, say
from gridctl.terminal.eta import RunPace, eta_seconds
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.terminal.progress_bars import bars


class _Pace:
    """The pace of a session: its epochs as they are finished."""

    def __init__(self, runs: tuple[RunSpec, ...], workers: int) -> None:
        self._workers = workers
        self._epochs_done = {run.run_id: 0 for run in runs}
        self._seconds: dict[str, list[float]] = {run.run_id: [] for run in runs}
        self._runs = runs

    def epoch(self, run: RunSpec, epoch: int, seconds: float) -> None:
        self._epochs_done[run.run_id] = epoch
        self._seconds[run.run_id].append(seconds)

    def ended(self, run: RunSpec) -> None:
        self._epochs_done[run.run_id] = run.training.epochs

    def eta(self) -> float | None:
        return eta_seconds((self._pace(run) for run in self._runs), self._workers)

    def seconds_per_epoch(self, run: RunSpec) -> float | None:
        seconds = self._seconds[run.run_id]
        return sum(seconds) / len(seconds) if seconds else None

    def _pace(self, run: RunSpec) -> RunPace:
        cell = (run.model, run.train_ratio, run.ablation)
        return RunPace(cell, run.training.epochs, self._epochs_done[run.run_id], self.seconds_per_epoch(run))


class Lines:
    """One line when a run begins or ends: for logs and CI."""

    def __init__(self, runs: tuple[RunSpec, ...], workers: int) -> None:
        self._pace = _Pace(runs, workers)
        self._started: dict[str, float] = {}
        self._scores = ShownScores(runs)
        self._done = 0
        self._total = len(runs)

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, run: RunSpec) -> None:
        self._started[run.run_id] = time.monotonic()

    def event(self, run: RunSpec, event: Mapping[str, Any]) -> None:
        if event.get("event") == "epoch":
            self._scores.note(run, event)
            self._pace.epoch(run, event["epoch"], event["seconds"])

    def ended(self, run: RunSpec, outcome: str) -> None:
        self._done += outcome == "done"
        self._pace.ended(run)
        text = f"[{self._done}/{self._total} done] {run.run_id} {_WORDS.get(outcome, outcome)}"
        if score := self._scores.text(run):
            text += f", validation {score}"
        if run.run_id in self._started:
            text += f", {duration(time.monotonic() - self._started[run.run_id])}"
        eta = self._pace.eta()
        say(f"{text}; about {duration(eta)} left" if eta else text)

    def stopping(self, runs: int) -> None:
        say(f"stopping: {_are_making(runs)} a checkpoint; again to kill them")


class Bars:
    """A bar for the whole grid and one for each run that trains now."""

    def __init__(self, runs: tuple[RunSpec, ...], workers: int, console: Console) -> None:
        self._pace = _Pace(runs, workers)
        self._progress = bars(console, "{task.description}", "{task.fields[note]}", counted=False, timed=False)
        self._bars: dict[str, TaskID] = {}
        self._scores = ShownScores(runs)
        self._epoch: dict[str, int] = {}
        self._ended: Counter[str] = Counter()
        self._total = len(runs)
        self._started = time.monotonic()
        self._all = self._progress.add_task(count(self._total, "run"), total=max(1, self._total), note="")

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, run: RunSpec) -> None:
        total = run.training.epochs
        self._bars[run.run_id] = self._progress.add_task(_short(run), total=total, note="starting")

    def event(self, run: RunSpec, event: Mapping[str, Any]) -> None:
        bar = self._bars[run.run_id]
        match event.get("event"):
            case "phase":
                epoch = self._epoch.get(run.run_id)
                before = f"epoch {epoch}/{run.training.epochs} " if epoch else ""
                self._progress.update(bar, note=f"{before}{event['phase']} {event['done']}/{event['total']}")
            case "step":
                self._epoch[run.run_id] = event["epoch"]
                done = event["epoch"] - 1 + event["step"] / max(1, event["steps"])
                self._progress.update(bar, completed=done, note=self._note(run, event["epoch"], done))
            case "epoch":
                self._scores.note(run, event)
                self._pace.epoch(run, event["epoch"], event["seconds"])
                self._progress.update(bar, completed=event["epoch"], note=self._note(run, event["epoch"]))
                self._whole()

    def ended(self, run: RunSpec, outcome: str) -> None:
        self._ended[_WORDS.get(outcome, outcome)] += 1
        self._pace.ended(run)
        bar = self._bars.pop(run.run_id, None)
        if bar is not None:
            self._progress.remove_task(bar)
        score = self._scores.text(run)
        mark = {"done": "[green]done[/]", "failed": "[red]failed[/]"}.get(
            outcome, f"[yellow]{_WORDS.get(outcome, outcome)}[/]"
        )
        self._progress.console.print(f"{mark}  {_short(run)}{f'  {score}' if score else ''}")
        self._whole()

    def stopping(self, runs: int) -> None:
        self._progress.console.print(f"stopping: {_are_making(runs)} a checkpoint; Ctrl-C again kills them")

    def _whole(self) -> None:
        eta = self._pace.eta()
        parts = [f"{self._ended['done']} done", *(f"{n} {what}" for what, n in self._ended.items() if what != "done")]
        note = ", ".join([*parts, duration(time.monotonic() - self._started)])
        self._progress.update(
            self._all, completed=self._ended["done"], note=f"{note}, about {duration(eta)} left" if eta else note
        )

    def _note(self, run: RunSpec, epoch: int, done: float | None = None) -> str:
        note = f"epoch {epoch}/{run.training.epochs}"
        if score := self._scores.text(run):
            note += f"  {score}"
        seconds = self._pace.seconds_per_epoch(run)
        if seconds is not None:
            left = (run.training.epochs - (epoch if done is None else done)) * seconds
            note += f"  {duration(left)} left"
        return note


Display = Lines | Bars


def display(runs: tuple[RunSpec, ...], workers: int, console: Console) -> Display:
    """Bars on a terminal, lines elsewhere."""
    return Bars(runs, workers, console) if console.is_terminal else Lines(runs, workers)


_WORDS: Final = {"stopped": "interrupted"}
"""The word for a stopped run in every other place."""


def _are_making(runs: int) -> str:
    return f"{count(runs, 'run')} {'is' if runs == 1 else 'are'} making"


def _short(run: RunSpec) -> str:
    ablation = "" if run.ablation == "none" else f" {run.ablation}"
    return f"{run.model:<10} ratio {run.train_ratio:g}{ablation} seed {run.seed}"
