"""A run's name, which is readable, the same on every machine, and short enough for a Kubernetes label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gridctl_trainer.contract.errors import SpecError, shortened
from gridctl_trainer.contract.wording import count

if TYPE_CHECKING:
    from gridctl_trainer.contract.spec.run_spec import RunSpec

RUN_ID_MAX_LENGTH: Final = 63
"""Maximum length of a label. A Job's name is copied into labels, so a longer name would be accepted but fail later."""

_HASH_DIGITS: Final = 8


def run_id_of(run: RunSpec) -> str:
    """The name of a run: `<experiment>-<model>-r<percent>-<ablation>-[f<fold>-]s<seed>-<8 hex of the digest>`.

    It is a DNS label.

    Raises:
        SpecError: The name is longer than a label may be.
    """
    run_id = f"{_slug(run)}-{run.digest[:_HASH_DIGITS]}"
    excess = len(run_id) - RUN_ID_MAX_LENGTH
    if excess > 0:
        raise SpecError(
            f"the run's name '{shortened(run_id)}' is {count(excess, 'character')} longer than the "
            f"{RUN_ID_MAX_LENGTH} that a label can hold",
            where="name",
            fix=f"shorten the experiment's name '{shortened(run.experiment)}' to at most "
            f"{count(max(len(run.experiment) - excess, 1), 'character')}, or a model's or ablation's",
        )
    return run_id


def _slug(run: RunSpec) -> str:
    percent = f"{run.train_ratio * 100:.6g}".replace(".", "p")
    fold = () if run.fold is None else (f"f{run.fold}",)
    parts = (run.experiment, run.model, f"r{percent}", run.ablation, *fold, f"s{run.seed}")
    return "-".join(parts).replace("_", "-")
