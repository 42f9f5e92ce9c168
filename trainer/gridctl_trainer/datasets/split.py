"""Decides which patients train and which validate. The split is the same for every model."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.spec import RunSpec, SplitParts
from gridctl_trainer.contract.split_size import training_patients
from gridctl_trainer.contract.wording import count as counted

CaseNames = Callable[[str], str]
"""Returns the patient of a case by the case's name; empty if unknown."""


@dataclass(frozen=True, slots=True)
class Split:
    """Disjoint sets of patients, each sorted. The patients of `test` are scored once, after training."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over all parts of the split."""
        parts = [self.train, self.validation, *([self.test] if self.test else [])]
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def split_of(
    spec: RunSpec,
    patients: Iterable[str],
    strata: Mapping[str, str] | None = None,
    without: Collection[str] = (),
    names: CaseNames | None = None,
) -> Split:
    """Split the patients of a run.

    Args:
        spec: The run.
        patients: Ids of all patients in the data set.
        strata: Stratum of each patient, if the run asks for a stratified split.
        without: Patients who belong to no part; a fixed split may still name them.
        names: Returns the patient of a case, if the data set has names for cases.

    Raises:
        DataError: A part would be empty, or a fixed split names patients who are not in the data.
    """
    ids = set(patients)
    drawn = ids - set(without)
    given = spec.data.split
    if given is None or not given.is_fixed:
        require_patients(len(drawn), spec.train_ratio)
        return split_patients(drawn, spec.train_ratio, spec.seed, strata)
    if given.folds is not None:
        fixed = fold_of(drawn, given.folds, spec.fold or 0, strata)
    else:
        named = fixed_split(given.parts[spec.fold or 0], ids, names)
        fixed = Split(*(tuple(sorted(set(part) & drawn)) for part in (named.train, named.validation, named.test)))
        _require_both(fixed)
    wanted = math.floor(spec.train_ratio * len(fixed.train) + 0.5)
    if not wanted:
        raise DataError(
            f"a train ratio of {spec.train_ratio:g} leaves none of {counted(len(fixed.train), 'training patient')}",
            where="train_ratios",
            fix=f"use one of at least {math.ceil(500 / len(fixed.train)) / 1000:g}",
        )
    chosen = _evenly(fixed.train, str(spec.seed), strata)[:wanted]
    return Split(tuple(sorted(chosen)), fixed.validation, fixed.test)


def _require_both(fixed: Split) -> None:
    """Refuse a fixed split with a part that is empty once copies are removed.

    Raises:
        DataError: No patient is left to train or to validate.
    """
    for name, part in (("train", fixed.train), ("validation", fixed.validation)):
        if not part:
            raise DataError(
                f"all patients of {name} are copies of others, so nobody is left in it",
                where="data.split",
                fix="name other patients, or set data.copies: keep",
            )


def fold_of(patients: Iterable[str], folds: int, fold: int, strata: Mapping[str, str] | None = None) -> Split:
    """Make one of several folds. Each patient validates in exactly one fold, on every machine and for every seed.

    Args:
        patients: Patient ids, in any order; repetitions are ignored.
        folds: Number of folds.
        fold: Index of the fold, from 0.
        strata: Stratum of each patient; None if the split is not stratified.

    Raises:
        DataError: There are fewer patients than folds.
    """
    ranked = _ranked(patients, "folds")
    if strata is not None:  # deal the patients out stratum by stratum, so that each fold gets its share of every one
        ranked.sort(key=lambda patient: strata.get(patient, ""))
    if len(ranked) < folds:
        raise DataError(
            f"{counted(len(ranked), 'patient')} cannot be split into {folds} folds",
            where="data.split",
            fix=f"use at most {len(ranked)} folds",
        )
    validation = set(ranked[fold::folds])
    return Split(tuple(sorted(set(ranked) - validation)), tuple(sorted(validation)))


def fixed_split(parts: SplitParts, patients: Collection[str], names: CaseNames | None = None) -> Split:
    """Translate the parts of a split file into patients of a data set.

    A file may name cases instead of patients, as nnU-Net's split files do: `patient001_frame01`. Such a case belongs to
    the patient that the data set names, or else to the patient with whose id the name begins.

    Args:
        parts: The parts as written in the file.
        patients: Ids of all patients in the data set.
        names: Returns the patient of a case, if the data set has names for cases.

    Raises:
        DataError: The file names patients or cases that the data set does not have, or puts one patient into two parts;
            the error lists every such fault.
    """
    problems: list[Problem] = []
    found: dict[str, set[str]] = {}
    for name, written in (("train", parts.train), ("validation", parts.validation), ("test", parts.test)):
        known = {item: patient_of(item, patients, names) for item in written}
        if missing := [item for item, patient in known.items() if not patient]:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            what = f"{name} names {', '.join(missing[:5])}{more}, which the data set does not have"
            problems.append(Problem(what, "data.split", f"it has {', '.join(sorted(patients)[:3])}, ..."))
        found[name] = set(filter(None, known.values()))
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if both := sorted(found[one] & found[other]):
            what = f"{', '.join(both[:5])} {'is' if len(both) == 1 else 'are'} in {one} and in {other}"
            problems.append(Problem(what, "data.split", "name each patient in one part only, with all of its cases"))
    if problems:
        raise DataError(problems)
    return Split(*(tuple(sorted(found[name])) for name in ("train", "validation", "test")))


def patient_of(case: str, patients: Collection[str], names: CaseNames | None = None) -> str:
    """The patient that a name in a split file refers to; empty if there is none.

    The name is the id of a patient, the name of a case, or a text that begins with an id; the longest such id counts.

    Args:
        case: The name in the file.
        patients: Ids of all patients in the data set.
        names: Returns the patient of a case, if the data set has names for cases.
    """
    if case in patients:
        return case
    if names is not None and (owner := names(case)) in patients:
        return owner
    beginnings = [item for item in patients if case.startswith(item) and not case[len(item)].isalnum()]
    return max(beginnings, key=len, default="")


def _ranked(patients: Iterable[str], salt: str) -> list[str]:
    """Put the ids into an order that depends only on the ids and on the salt."""
    return sorted(set(patients), key=lambda patient: hashlib.sha256(f"{salt}:{patient}".encode()).digest())


def _evenly(patients: Iterable[str], salt: str, strata: Mapping[str, str] | None) -> list[str]:
    """Order the ids so that any number of leading ones has its share of every stratum, to within one patient."""
    ranked = _ranked(patients, salt)
    if strata is None:
        return ranked
    members: dict[str, list[str]] = {}
    for patient in ranked:
        members.setdefault(strata.get(patient, ""), []).append(patient)
    place = {patient: (number + 0.5) / len(found) for found in members.values() for number, patient in enumerate(found)}
    return sorted(ranked, key=lambda patient: place[patient])


def split_patients(
    patients: Iterable[str], train_ratio: float, seed: int, strata: Mapping[str, str] | None = None
) -> Split:
    """Split the patients at random, as determined by the seed (thesis 4.2).

    Patients are ranked by the SHA-256 of seed and id, and the first ones train. The split is therefore the same on
    every machine and with every version of every library. For one seed, the training patients of a smaller ratio are a
    subset of those of a larger ratio, so points on a curve over ratios differ only by the patients added, not by a new
    draw.

    Args:
        patients: Patient ids, in any order; repetitions are ignored.
        train_ratio: Share of patients that train, in (0, 1). It is exact to within one patient, and both parts get at
            least one patient.
        seed: Seed of the run.
        strata: Stratum of each patient, such as the diagnosis; None if the split is not stratified.

    Raises:
        DataError: There are fewer than two patients.
    """
    ranked = _evenly(patients, str(seed), strata)
    if len(ranked) < 2:
        raise DataError(
            f"{counted(len(ranked), 'patient')} cannot be split into those who train and those who validate",
            where="data.train",
            fix="give a folder with at least two patients",
        )
    count = training_patients(len(ranked), train_ratio)
    return Split(tuple(sorted(ranked[:count])), tuple(sorted(ranked[count:])))


def require_patients(patients: int, train_ratio: float) -> None:
    """Refuse a ratio that would leave no patient to train, or none to validate.

    `split_patients` gives each part at least one patient, so such a run would not train on the share that its name
    states.

    Raises:
        DataError: The ratio leaves a part empty.
    """
    if patients < 2:
        return  # `split_patients` refuses this case
    wanted = math.floor(train_ratio * patients + 0.5)
    if 0 < wanted < patients:
        return
    lowest, highest = math.ceil(500 / patients) / 1000, math.floor(1000 - 500 / patients) / 1000
    part = "validate" if wanted else "train"
    raise DataError(
        f"a train ratio of {train_ratio:g} leaves none of {patients} patients to {part} on",
        where="train_ratios",
        fix=f"use one from {lowest:g} to {highest:g}, or give more patients",
    )
