"""Situations in which reports are made, and the sentences of each report.

`python -m tests.unit.report.situations` prints them in the form of tests/assets/sentences.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from gridctl.collection.collect import collect
from gridctl.collection.score_file import read_prediction_set
from gridctl.experiment import parse_experiment
from gridctl.report import Report, ReportRequest, build_report
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import Dice, experiment, log_run
from tests.unit.report.scored_cases import GROUPS, PATIENTS, CaseDice, log_cases
from tests.unit.report.scored_masks import MaskDice, write_masks

SLICES: Final = "compare.metrics=[validation.soft_dice]"
CASES: Final = "compare.metrics=[validation.dice]"
ONE_RATIO: Final = "train_ratios=[0.5]"


def noise(*key: object, sd: float = 0.01) -> float:
    """A normally distributed number that is determined by a key."""
    return float(np.random.default_rng([sum(map(ord, str(part))) for part in key]).normal(0, sd))


def ahead(lead: float, sd: float = 0.01) -> Dice:
    """Scores with γ-Net ahead by `lead`, and noise for each run."""
    return lambda run, epoch: (
        0.7 + lead * (run.model == "gamma_net") + noise(run.model, run.seed, run.train_ratio, run.ablation, sd=sd)
    )


def cases(lead: float, of_patients: float = 0.005) -> CaseDice:
    """The same for each case, with a lead that differs between patients by `of_patients`."""

    def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
        own = noise("patient", patient, sd=of_patients)
        each = noise(run.model, run.seed, run.train_ratio, patient, time_point, sd=0.004)
        return 0.7 + (lead + own) * (run.model == "gamma_net") + each

    return dice


@dataclass(frozen=True)
class Situation:
    """What is in the store.

    Attributes:
        dice: Soft Dice of a run after an epoch.
        set: Overrides of the 2 x 2 x 5 grid.
        cases: Dice of a case; None for no scores of cases.
        patients: Patients who are scored in each run.
        there: Whether a run is finished.
        claims: Whether the report may say that a model is better.
        masks: Dice of masks from elsewhere, by the name of the masks. The first are those of `--against`, and the
            others are compared with them.
        masked: Patients of these masks.
        others: Dice of further structures, by name.
    """

    dice: Dice
    set: tuple[str, ...] = (SLICES,)
    cases: CaseDice | None = None
    patients: tuple[str, ...] = PATIENTS
    there: Callable[[RunSpec], bool] = lambda run: True
    claims: bool = False
    masks: Mapping[str, MaskDice] = field(default_factory=dict)
    masked: tuple[str, ...] = PATIENTS
    others: Mapping[str, CaseDice] = field(default_factory=dict)


def masks(lead: float, sd: float = 0.005) -> MaskDice:
    """Masks that score `lead` more than the runs, with a lead that differs between patients."""
    return lambda patient, time_point: (
        0.7 + lead + noise("masks", patient, sd=sd) + noise(patient, time_point, sd=0.004)
    )


EXTERNAL: Final = ("compare.metrics=[sunnybrook.dice]", ONE_RATIO)


def _exact(lead: float) -> Dice:
    return lambda run, epoch: 0.5 + lead * (run.model == "gamma_net")


THREE: Final = ("models={unet: {}, gamma_net: {}, other: {architecture: unet}}",)
ALL_PAIRS: Final = "compare=[{}]".format(
    ", ".join(
        f"{{model: {model}, against: {against}, metrics: [validation.soft_dice]}}"
        for model, against in (("gamma_net", "unet"), ("gamma_net", "other"), ("unet", "other"))
    )
)
POOLED: Final = (
    "data.target=[left_ventricle, myocardium]",
    "compare.metrics=[validation.dice.left_ventricle+myocardium]",
)
TWELVE: Final = tuple(f"patient{number:03d}" for number in range(1, 13))


def in_a_group(lead: float, group: str) -> CaseDice:
    """Scores with γ-Net ahead in only one pathology."""

    def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
        there = GROUPS[int(patient[-3:]) % 3] == group
        return cases(lead if there else 0.0)(run, set_name, patient, time_point)

    return dice


SITUATIONS: Final[Mapping[str, Situation]] = {
    "one seed": Situation(ahead(0.1), (SLICES, "seeds=[1]")),
    "two seeds, a clear difference": Situation(ahead(0.1, 0.001), (SLICES, "seeds=[1, 2]")),
    "three seeds, a clear difference": Situation(ahead(0.1, 0.003), (SLICES, "seeds=[1, 2, 3]"), claims=True),
    "five seeds, a clear difference": Situation(ahead(0.1), claims=True),
    "five seeds, no difference": Situation(ahead(0.0)),
    "five seeds, a difference at one ratio": Situation(
        lambda run, epoch: ahead(0.1 if run.train_ratio < 0.3 else 0.0)(run, epoch), claims=True
    ),
    "five seeds, opposite differences": Situation(
        lambda run, epoch: ahead(0.1 if run.train_ratio < 0.3 else -0.1)(run, epoch), claims=True
    ),
    "a small difference everywhere": Situation(
        ahead(0.012, 0.006), (SLICES, "train_ratios=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]"), claims=True
    ),
    "a difference below the digits shown": Situation(
        lambda run, epoch: 0.7 + 4e-5 * (run.model == "gamma_net") * (1 + run.seed / 100)
    ),
    "ties": Situation(_exact(0.0)),
    "the same difference in every pair": Situation(_exact(0.01)),
    "nothing finished": Situation(ahead(0.1), there=lambda run: False),
    "one model missing": Situation(ahead(0.1), there=lambda run: run.model == "unet"),
    "unequal seeds": Situation(ahead(0.1), there=lambda run: run.model == "unet" or run.seed < 4),
    "half of the grid": Situation(ahead(0.1), there=lambda run: run.train_ratio < 0.3, claims=True),
    "a model that never learned": Situation(
        lambda run, epoch: 0.001 if run.model == "unet" else 0.7 + noise(run.seed, run.train_ratio), claims=True
    ),
    "a patient without a defined score": Situation(
        ahead(0.0),
        (CASES,),
        lambda run, set_name, patient, time: (
            None if patient == PATIENTS[0] else cases(0.05)(run, set_name, patient, time)
        ),
        claims=True,
    ),
    "three models": Situation(
        lambda run, epoch: 0.6 + 0.05 * ["other", "unet", "gamma_net"].index(run.model) + noise(run.model, run.seed),
        (
            "models={unet: {}, gamma_net: {}, other: {architecture: unet}}",
            "compare=[{model: gamma_net, against: unet, metrics: [validation.soft_dice]}, "
            "{model: gamma_net, against: other, metrics: [validation.soft_dice]}]",
            ONE_RATIO,
        ),
        claims=True,
    ),
    "three models, all pairs, no difference": Situation(
        lambda run, epoch: 0.6 + noise(run.model, run.seed), (*THREE, ALL_PAIRS, ONE_RATIO)
    ),
    "three models that tie": Situation(_exact(0.0), (*THREE, ALL_PAIRS, ONE_RATIO)),
    "three models, patients like these": Situation(
        ahead(0.0), (*THREE, ALL_PAIRS.replace("soft_dice", "dice"), ONE_RATIO), cases(0.02), claims=True
    ),
    "one model against several": Situation(
        ahead(0.0),
        (*THREE, "compare={model: gamma_net, against: [unet, other], metrics: [validation.dice]}", ONE_RATIO),
        cases(0.02),
        claims=True,
    ),
    "three models, one missing": Situation(
        ahead(0.0), (*THREE, ALL_PAIRS, ONE_RATIO), there=lambda run: run.model != "other"
    ),
    "forty comparisons without a difference": Situation(
        ahead(0.0), (SLICES, f"train_ratios=[{', '.join(str(at / 100) for at in range(10, 90, 4))}]")
    ),
    "within the margin": Situation(ahead(0.0, 0.003), (SLICES, "compare.equivalence_margin=0.05")),
    "not shown to be within the margin": Situation(ahead(0.0, 0.02), (SLICES, "compare.equivalence_margin=0.005")),
    "patients like these, a clear difference": Situation(ahead(0.0), (CASES,), cases(0.05), claims=True),
    "patients like these, who differ": Situation(ahead(0.0), (CASES,), cases(0.03, 0.06)),
    "these patients, who differ": Situation(
        ahead(0.0), (CASES, "compare.claim=cohort"), cases(0.03, 0.06), claims=True
    ),
    "one patient": Situation(ahead(0.0), (CASES,), cases(0.05), PATIENTS[:1]),
    "two patients": Situation(ahead(0.0), (CASES,), cases(0.05, 0.0), PATIENTS[:2]),
    "patients and one seed": Situation(ahead(0.0), (CASES, "seeds=[1]"), cases(0.05)),
    "random splits without scores of patients": Situation(
        ahead(0.1), (SLICES, "compare.claim=population", "train_ratios=[0.8]"), claims=True
    ),
    "before the first look": Situation(ahead(0.1), (SLICES, "compare.stopping={looks: [10, 20]}")),
    "at a declared look": Situation(
        ahead(0.1), (SLICES, "compare.stopping={looks: [3, 10]}"), there=lambda run: run.seed < 5, claims=True
    ),
    "looked at after every seed": Situation(ahead(0.1, 0.004), (SLICES, "compare.stopping=anytime"), claims=True),
    "looked at after every seed, no difference": Situation(ahead(0.0), (SLICES, "compare.stopping=anytime")),
    "declared subgroups": Situation(
        ahead(0.0),
        (CASES, "compare.subgroups=[pathology, time_point]", ONE_RATIO),
        in_a_group(0.08, "DCM"),
        TWELVE,
        claims=True,
    ),
    "declared subgroups, these patients": Situation(
        ahead(0.0),
        (CASES, "compare.claim=cohort", "compare.subgroups=[pathology]", ONE_RATIO),
        in_a_group(0.08, "DCM"),
        TWELVE,
        claims=True,
    ),
    "declared subgroups with too few patients": Situation(
        ahead(0.0), (CASES, "compare.subgroups=[pathology, vendor]", ONE_RATIO), cases(0.0)
    ),
    "declared subgroups before all runs are done": Situation(
        ahead(0.0),
        (CASES, "compare.subgroups=[pathology]", ONE_RATIO),
        cases(0.0),
        TWELVE,
        there=lambda run: run.seed < 4,
    ),
    "subgroups that are not declared": Situation(ahead(0.0), (CASES, ONE_RATIO), in_a_group(0.08, "DCM"), TWELVE[:9]),
    "a declared trend": Situation(
        lambda run, epoch: ahead(-0.01 * float(np.log2(run.train_ratio)), 0.002)(run, epoch),
        (SLICES, "compare.trend=grows", "train_ratios=[0.1, 0.2, 0.4, 0.8]"),
        claims=True,
    ),
    "a declared trend that is not there": Situation(
        ahead(0.0), (SLICES, "compare.trend=grows", "train_ratios=[0.1, 0.2, 0.4, 0.8]")
    ),
    "pooled structures": Situation(
        ahead(0.0), (*POOLED, ONE_RATIO), cases(0.02), others={"myocardium": cases(0.06)}, claims=True
    ),
    "pooled structures, one of which a patient lacks": Situation(
        ahead(0.0),
        (*POOLED, ONE_RATIO),
        cases(0.0),
        others={"myocardium": lambda run, *case: None if case[1] == PATIENTS[0] else cases(0.0)(run, *case)},
    ),
    "masks, better than five networks": Situation(ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(0.05)}),
    "masks, worse than five networks": Situation(ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(-0.05)}),
    "masks, worse than one network": Situation(
        ahead(0.0), (*EXTERNAL, "seeds=[1]"), cases(0.0), masks={"nnunet": masks(-0.05)}
    ),
    "masks, no difference": Situation(ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(0.0)}),
    "masks at two ratios and by two scores": Situation(
        ahead(0.0),
        (
            "metrics=[dice, hd95, soft_dice, bce]",
            "compare.metrics=[sunnybrook.dice]",
            "compare.secondary=[sunnybrook.hd95]",
            "compare.family=comparison",
        ),
        cases(0.0),
        masks={"nnunet": masks(0.05)},
    ),
    "masks of other patients as well, and not of all": Situation(
        ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(0.05)}, masked=(*PATIENTS[2:], "patient100")
    ),
    "masks of two patients": Situation(
        ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(0.05, 0.0)}, masked=PATIENTS[:2]
    ),
    "masks of one patient": Situation(
        ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(0.05)}, masked=PATIENTS[:1]
    ),
    "masks, and runs that are not finished": Situation(
        ahead(0.0), EXTERNAL, cases(0.0), there=lambda run: run.seed < 3, masks={"nnunet": masks(0.05)}
    ),
    "masks against masks": Situation(
        ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(0.0), "ensemble": masks(0.05, 0.006)}
    ),
    "the same masks twice": Situation(
        ahead(0.0), EXTERNAL, cases(0.0), masks={"nnunet": masks(0.0), "copy": masks(0.0)}
    ),
}


def reported(situation: Situation, folder: Path) -> Report:
    """The report on a situation."""
    text = "metrics: [dice, soft_dice, bce]" if situation.cases else ""
    made = parse_experiment(experiment(folder / "data", text).document.with_overrides([*situation.set]))
    store = FolderStore(folder / "store")
    for run in made.runs:
        if situation.there(run):
            log_run(store, run, situation.dice)
            if situation.cases:
                log_cases(store, run, situation.cases, patients=situation.patients, others=situation.others)
    files = [
        write_masks(folder / f"{name}.json", made.runs[0], dice, patients=situation.masked)
        for name, dice in situation.masks.items()
    ]
    request = ReportRequest(significance=True, against=files[:1], of=files[1:])
    read = {file.name: read_prediction_set(file) for file in files}
    return build_report(made, collect(store, made.runs, cases=True), request, predictions=read)


def sentences(report: Report) -> Iterator[str]:
    """All sentences of a report: headlines, then each verdict once, then warnings."""
    for line in report.headlines:
        yield f"- {line}"
    verdicts = [row.verdict for part in report.comparisons for row in part.rows]
    verdicts += [row.verdict for part in report.comparisons for row in part.trends]
    verdicts += [row.verdict for row in report.predictions]
    verdicts += [row.verdict for part in report.comparisons for row in part.subgroups]
    verdicts += [row.verdict for part in report.comparisons for row in part.subgroup_differences]
    for verdict in dict.fromkeys(verdicts):
        yield f"  - {verdict}"
    for warning in report.warnings:
        yield f"  - warning: {warning}"


def main() -> None:
    sys.stdout.write("# What a report says of each situation\n\nMade by `python -m tests.unit.report.situations`.\n")
    for name, situation in SITUATIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
            told = "\n".join(sentences(reported(situation, Path(folder))))
        sys.stdout.write(f"\n## {name}\n\n{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
