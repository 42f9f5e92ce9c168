"""The preflight of many runs. It looks at each device, data set and distinct model once, and finds every problem."""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from collections.abc import Hashable, Sequence

import cv2
import torch

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import DataError, Fault, Problem
from gridctl_trainer.contract.secrets import masked
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.split import Split
from gridctl_trainer.host.signals import StoppedError, StopSignal
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.training.images.division import divide, said_left_out
from gridctl_trainer.training.images.sets import set_name, split_sets
from gridctl_trainer.training.images.unused_test_set import unused_test_set
from gridctl_trainer.training.images.wrong_data import require_right
from gridctl_trainer.training.machine.device import DeviceName, choose_device, unused_gpu
from gridctl_trainer.training.machine.environment import device_name, versions
from gridctl_trainer.training.network_check import require_network
from gridctl_trainer.training.preflight.findings import Findings
from gridctl_trainer.training.preflight.patients import remarks
from gridctl_trainer.training.preflight.shapes import Place, grouped, keys_of, places_of, preparation, shape_of
from gridctl_trainer.training.preflight.trial import try_one_step
from gridctl_trainer.training.progress.display import TrainingProgress

_SHOWN_VERSIONS = ("torch", "numpy")

_Part = tuple[Hashable, ...]


class Preflight:
    """Looks at what runs need, in the order in which they need it.

    Data are fetched and packed into this machine's cache if necessary, where the runs then find them.

    Args:
        runs: The runs that are to be trained here.
        progress: Receives the phases that take time.
        stop: Asks the preflight to end.
    """

    def __init__(self, runs: Sequence[RunSpec], progress: TrainingProgress, stop: StopSignal) -> None:
        self._runs = runs
        self._progress = progress
        self._stop = stop
        self._devices: dict[DeviceName, torch.device] = {}
        self._sets: dict[Place, PreparedSet] = {}
        self._split: set[_Part] = set()
        self.findings = Findings()

    def run(self) -> Findings:
        """Look at everything.

        Raises:
            StoppedError: A stop was requested.
        """
        found = versions()
        libraries = [f"{name} {found[name]}" for name in _SHOWN_VERSIONS if name in found]
        self.findings.fact("trainer", ", ".join([f"Python {platform.python_version()}", *libraries]))
        self._look_at_networks()
        self._look_at_devices()
        self._look_at_data()
        self._look_at_patients()
        self._try_models()
        return self.findings

    def _look_at_networks(self) -> None:
        """Check the models. Runs whose model cannot be built are left out of all that follows."""
        fit: list[RunSpec] = []
        for runs in grouped(self._runs, lambda run: (run.network, run.model, run.data.size_px)).values():
            try:
                require_network(runs[0])
            except Fault as fault:
                self.findings.problem("models", fault.problems, fault.exit_code, _ids(runs))
            else:
                fit += runs
        kept = {run.run_id for run in fit}
        self._runs = [run for run in self._runs if run.run_id in kept]

    def _look_at_devices(self) -> None:
        for wanted, runs in grouped(self._runs, lambda run: run.training.device).items():
            try:
                device = choose_device(wanted)
            except Fault as fault:
                self.findings.problem("device", fault.problems, fault.exit_code, _ids(runs))
                continue
            self._devices[wanted] = device
            self.findings.fact("device", f"{device}: {device_name(device)}")
            if unused := unused_gpu(device, wanted):
                self.findings.note("device", unused)

    def _look_at_data(self) -> None:
        bad: set[tuple[str, str]] = set()
        said: set[str] = set()
        places = [place for run in self._runs for place in places_of(run)]
        first = {place: run for run in reversed(self._runs) for place in places_of(run)}
        for place in dict.fromkeys(places):
            kind, location, _ = place
            if (kind, location) in bad:
                continue
            try:
                found = self._load(place, first[place])
                field = f"data.{'.'.join(keys_of(first[place], place))}"
                require_right(first[place].data, field, location, found)
            except Fault as fault:
                bad.add((kind, location))
                affected = [run for run in self._runs if (kind, location) in {p[:2] for p in places_of(run)}]
                self.findings.problem("data", fault.problems, fault.exit_code, _ids(affected))
                continue
            self._sets[place] = found
            self._remark_on(field, location, found, said)

    def _load(self, place: Place, run: RunSpec) -> PreparedSet:
        def progress(done: int, total: int) -> None:
            self._stop.check()
            self._progress.phase(f"reading {place[0]} ({preparation(run)})", done, total)

        given = dict(run.data.places)[keys_of(run, place)]
        return load_set(given, run.data, options_of(run.network).series_frames, progress)

    def _remark_on(self, field: str, location: str, found: PreparedSet, said: set[str]) -> None:
        if not len(found):
            return
        patients = len(set(found.patients))
        fact = f"{field}: {count(patients, 'patient')}, {count(len(found), 'image')} in {location}"
        if fact not in said:
            self.findings.fact("data", fact)
        wrong = [str(oddity) for oddity in found.oddities if oddity.wrong]
        if wrong and fact not in said:
            others = f" (and {len(wrong) - 1} more: gridctl-trainer data check {location})" if len(wrong) > 1 else ""
            self.findings.note("data", f"training or scores may be wrong: {wrong[0]}{others}")
        said.add(fact)

    def _look_at_patients(self) -> None:
        by_split: dict[_Part, dict[float, Split]] = defaultdict(dict)
        left_out: dict[str, None] = {}
        for part, runs in grouped(self._readable(), _part).items():
            try:
                division = divide(runs[0], self._found(runs[0]))
            except DataError as fault:
                self.findings.problem("patients", fault.problems, fault.exit_code, _ids(runs))
                continue
            by_split[part[1:]][runs[0].train_ratio] = division.split
            self._split.add(part)
            left_out |= dict.fromkeys(said_left_out(division.left_out))
        for sentence in left_out:
            self.findings.note("patients", sentence)
        for said_of_test in dict.fromkeys(unused_test_set(run.data) for run in self._readable()):
            if said_of_test:
                self.findings.note("data", said_of_test)
        said: dict[str, None] = {}
        for splits in by_split.values():
            by_ratio = {ratio: (len(split.train), len(split.validation)) for ratio, split in splits.items()}
            patients = len({patient for split in splits.values() for patient in (*split.train, *split.validation)})
            shares = [
                f"{train} train and {val} validate at ratio {r:g}" for r, (train, val) in sorted(by_ratio.items())
            ]
            key = f"{patients} {shares}"
            if key not in said:
                self.findings.fact("patients", "; ".join(shares))
                for remark in remarks(patients, by_ratio.items()):
                    self.findings.note("patients", remark)
            said[key] = None

    def _try_models(self) -> None:
        able = [run for run in self._runs if run.training.device in self._devices and _part(run) in self._split]
        groups = grouped((run for run in able if all(place in self._sets for place in places_of(run))), shape_of)
        for done, runs in enumerate(groups.values()):
            self._stop.check()
            names = " and ".join(dict.fromkeys(run.model for run in runs))
            run, device = runs[0], self._devices[runs[0].training.device]
            what = f"one step of {names} on {device}, batches of {run.training.batch_size}, {run.data.size_px} px"
            self._progress.phase(f"trying {names} ({run.data.size_px} px)", done, len(groups))
            torch.set_num_threads(run.training.threads)
            cv2.setNumThreads(run.training.threads)
            began = time.monotonic()
            try:
                held = try_one_step(run, split_sets(run, self._found(run)), device, self._stop)
            except StoppedError:
                raise
            except Fault as fault:
                self.findings.problem("models", fault.problems, fault.exit_code, _ids(runs))
            except Exception as error:  # a bug in one model must not hide what is wrong with another
                problem = Problem(
                    masked(f"its first step fails: {type(error).__name__}: {error}"), f"models.{run.model}"
                )
                self.findings.problem("models", [problem], exit_codes.BUG, _ids(runs))
            else:
                memory = f", {held / 2**30:.1f} GiB" if device.type == "cuda" else ""
                self.findings.fact("models", f"{what}: {time.monotonic() - began:.1f} s{memory}")

    def _found(self, run: RunSpec) -> dict[str, PreparedSet]:
        """The prepared sets of a run by name."""
        places = zip(run.data.places, places_of(run), strict=True)
        return {set_name(keys): self._sets[place] for (keys, _), place in places}

    def _readable(self) -> list[RunSpec]:
        """The runs whose data could all be read."""
        return [run for run in self._runs if all(place in self._sets for place in places_of(run))]


def _part(run: RunSpec) -> _Part:
    """All that decides how many patients train, with the train ratio first."""
    return run.train_ratio, places_of(run), run.fold, run.data.split, run.data.copies


def _ids(runs: Sequence[RunSpec]) -> list[str]:
    return [run.run_id for run in runs]
