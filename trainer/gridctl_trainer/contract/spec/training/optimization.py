"""How weights are updated: the optimizer, and the learning rate of each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from gridctl_trainer.contract.spec.choice import Choice
from gridctl_trainer.contract.spec.identity import DECIDES

_Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimizerSpec(Choice):
    """One of torch's optimizers: a name, such as `sgd`, or a section with its options, which are torch's.

    Attributes:
        name: `adam`, `adamw` or `sgd`. The learning rate is `training.learning_rate`.
        weight_decay: L2 penalty, which `adamw` decouples from the gradient. The default is 0.01 for `adamw`, else 0.
        betas: Decay rates of the running averages of gradient and squared gradient.
        eps: Added to the denominator.
        amsgrad: Whether to use the largest squared gradient so far (Reddi et al. 2018).
        momentum: Momentum of `sgd`. The default is 0.9, whereas torch's is 0.
        dampening: Dampening of the momentum.
        nesterov: Whether to use Nesterov momentum.
    """

    options_of: ClassVar[Mapping[str, Sequence[str]]] = {
        "adam": ("weight_decay", "betas", "eps", "amsgrad"),
        "adamw": ("weight_decay", "betas", "eps", "amsgrad"),
        "sgd": ("weight_decay", "momentum", "dampening", "nesterov"),
    }
    defaults_of: ClassVar[Mapping[str, Mapping[str, Any]]] = {"adamw": {"weight_decay": 0.01}, "sgd": {"momentum": 0.9}}

    name: Annotated[Literal["adam", "adamw", "sgd"], DECIDES] = "adam"
    weight_decay: Annotated[float, Field(ge=0, le=1000), DECIDES] = 0.0
    betas: Annotated[tuple[_Beta, _Beta], DECIDES] = (0.9, 0.999)
    eps: Annotated[float, Field(gt=0, le=1), DECIDES] = 1e-8
    amsgrad: Annotated[bool, DECIDES] = False
    momentum: Annotated[float, Field(ge=0, lt=1), DECIDES] = 0.0
    dampening: Annotated[float, Field(ge=0, le=1), DECIDES] = 0.0
    nesterov: Annotated[bool, DECIDES] = False


class ScheduleSpec(Choice):
    """The learning rate of each optimizer step: a name, such as `cosine`, or a section with its options. The curves are
    those of torch's schedulers, with one step of the scheduler per optimizer step. They cover all steps of the run, or,
    for `cosine` and `poly`, the steps after the warm-up. `training.learning_rate` is the highest rate.

    Attributes:
        name: `constant`, `cosine` (CosineAnnealingLR), `poly` (PolynomialLR) or `one_cycle` (OneCycleLR).
        warmup_epochs: Number of epochs in which the rate first grows linearly to `training.learning_rate`. `one_cycle`
            has its own warm-up.
        warmup_start_factor: The warm-up starts at this share of the rate.
        eta_min: The rate at which `cosine` ends.
        power: Exponent of `poly`: the rate is multiplied by (1 - share of the steps taken) to this power.
        pct_start: Share of the steps in which the rate of `one_cycle` grows.
        div_factor: `one_cycle` starts at the highest rate divided by this.
        final_div_factor: `one_cycle` ends at its initial rate divided by this.
        anneal_strategy: Shape of `one_cycle`: `cos` or `linear`.
        three_phase: Whether `one_cycle` returns to its initial rate before it falls to the final rate.
        cycle_momentum: Whether `one_cycle` changes the momentum, or the first of `betas`, inversely to the rate,
            between 0.95 and 0.85 as in torch.
    """

    options_of: ClassVar[Mapping[str, Sequence[str]]] = {
        "constant": ("warmup_epochs", "warmup_start_factor"),
        "cosine": ("warmup_epochs", "warmup_start_factor", "eta_min"),
        "poly": ("warmup_epochs", "warmup_start_factor", "power"),
        "one_cycle": (
            "pct_start", "div_factor", "final_div_factor", "anneal_strategy", "three_phase", "cycle_momentum",
        ),
    }  # fmt: skip

    name: Annotated[Literal["constant", "cosine", "poly", "one_cycle"], DECIDES] = "constant"
    warmup_epochs: Annotated[float, Field(ge=0, le=9999), DECIDES] = 0.0
    warmup_start_factor: Annotated[float, Field(gt=0, le=1), DECIDES] = 0.01
    eta_min: Annotated[float, Field(ge=0), DECIDES] = 0.0
    power: Annotated[float, Field(gt=0, le=10), DECIDES] = 0.9
    pct_start: Annotated[float, Field(gt=0, lt=1), DECIDES] = 0.3
    div_factor: Annotated[float, Field(ge=1, le=1_000_000), DECIDES] = 25.0
    final_div_factor: Annotated[float, Field(ge=1, le=1_000_000_000), DECIDES] = 1e4
    anneal_strategy: Annotated[Literal["cos", "linear"], DECIDES] = "cos"
    three_phase: Annotated[bool, DECIDES] = False
    cycle_momentum: Annotated[bool, DECIDES] = True

    @property
    def depends_on_epochs(self) -> bool:
        """Whether the rate of a step depends on the number of epochs. If so, a run cannot continue a shorter one."""
        return self.name != "constant"
