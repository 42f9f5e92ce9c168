"""Loss, optimizer and schedule are a name or a section, and every mistake is reported with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.commands.submission.reuse_epochs import reusable
from gridctl.experiment import Experiment
from gridctl_trainer.contract.layout import AttemptName, CheckpointName, Position, RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.experiment.test_experiment import mistakes, parse

FILE = """\
name: demo
models:
  unet: {batch_size: 8}
  gamma_net: {optimizer: {name: sgd, momentum: 0.99, nesterov: true}, gradient_clip_norm: 12}
train_ratios: [0.5]
seeds: [1]
data:
  train: {dataset: acdc, path: data/acdc}
  target: [myocardium, left_ventricle]
training:
  epochs: 4
  optimizer: adamw
  loss: {name: dice_bce, structure_weights: {myocardium: 2}}
  schedule:
    name: poly
    warmup_epochs: 1
"""


def of_models(experiment: Experiment) -> tuple[RunSpec, RunSpec]:
    unet, gamma_net = experiment.runs[:2]
    return unet, gamma_net


def test_a_name_alone_is_short_for_a_section_and_a_model_may_have_its_own() -> None:
    unet, gamma_net = of_models(parse(FILE))
    assert unet.training.optimizer.name == "adamw"
    assert unet.training.optimizer.weight_decay == 0.01
    assert unet.training.gradient_clip_norm is None
    assert gamma_net.training.optimizer.momentum == 0.99
    assert gamma_net.training.gradient_clip_norm == 12
    for run in (unet, gamma_net):
        assert run.training.loss.structure_weights == {"myocardium": 2}
        assert (run.training.schedule.name, run.training.schedule.warmup_epochs) == ("poly", 1)
    written = parse(FILE.replace("optimizer: adamw", "optimizer: {name: adamw, weight_decay: 0.01, eps: 1e-8}"))
    assert [run.run_id for run in written.runs] == [run.run_id for run in parse(FILE).runs]


def test_any_of_it_is_set_by_its_path_and_is_an_axis_of_the_grid() -> None:
    experiment = parse(FILE, "training.optimizer.eps=1e-6", "models.unet.loss=focal", "models.unet.loss.gamma=3")
    unet = experiment.runs[0]
    assert (unet.training.optimizer.name, unet.training.optimizer.eps) == ("adamw", 1e-6)
    assert (unet.training.loss.name, unet.training.loss.gamma) == ("focal", 3)
    axis = """\
ablations:
  - none
  - {name: slow, set: {training.learning_rate: 0.0001, training.optimizer.weight_decay: 0.1}}
  - {name: cosine, set: {training.schedule: cosine, models.gamma_net.timesteps: 3}}
"""
    runs = parse(FILE + axis).runs
    assert [run.ablation for run in runs] == ["none", "none", "slow", "slow", "cosine", "cosine"]
    assert [run.training.schedule.name for run in runs] == ["poly"] * 4 + ["cosine"] * 2
    assert [run.training.learning_rate for run in runs] == [1e-3, 1e-3, 1e-4, 1e-4, 1e-3, 1e-3]
    assert runs[2].training.optimizer.weight_decay == 0.1
    assert runs[5].network.options == {"timesteps": 3}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("optimizer: adamw", "optimizer: adamv"), "exp.yaml:12: training.optimizer: unknown value 'adamv'"),
        (("optimizer: adamw", "optimizer: adamv"), "did you mean 'adam'?"),
        (("optimizer: adamw", "optimizer: {name: SGD}"), "exp.yaml:12: training.optimizer.name: unknown value 'SGD'"),
        (("optimizer: adamw", "optimizer: {momentun: 0.9}"), "unknown key 'momentun'\n  did you mean 'momentum'?"),
        (("optimizer: adamw", "optimizer: {momentum: 0.9}"), "training.optimizer.momentum: is an option of sgd"),
        (("optimizer: adamw", "optimizer: 3"), "exp.yaml:12: training.optimizer: "),
        (("optimizer: adamw", "momentum: 0.9"), "it belongs under training.optimizer: training.optimizer.momentum"),
        (("optimizer: adamw", "lr_schedule: cosine"), "unknown key 'lr_schedule'\n  did you mean 'schedule'?"),
        (("optimizer: adamw", "gradient_clip: 1"), "did you mean 'gradient_clip_norm'?"),
        (("    warmup_epochs: 1", "    warmup_epoch: 1"), "did you mean 'warmup_epochs'?"),
        (
            ("    warmup_epochs: 1", "    warmup_epochs: 4"),
            "exp.yaml:14: training.schedule: warmup_epochs is 4, but epochs is 4",
        ),
        (
            ("    warmup_epochs: 1", "    eta_min: 0.1"),
            "exp.yaml:16: training.schedule.eta_min: is an option of cosine",
        ),
        (
            ("name: poly", "name: one_cycle"),
            "training.schedule.warmup_epochs: is an option of constant, cosine and poly",
        ),
        (("name: dice_bce", "name: dice_ce"), "did you mean 'dice_bce'?"),
        (("{myocardium: 2}", "{myocardium: 0}"), "must be greater than 0, got 0"),
        (("{myocardium: 2}", "{right_ventricle: 2}"), "exp.yaml:13: training.loss.structure_weights: "),
        (("nesterov: true", "dampening: 0.1, nesterov: true"), "nesterov needs a momentum above 0 and no dampening"),
        (("{batch_size: 8}", "{epochs: 1}"), "exp.yaml:3: models.unet.schedule: warmup_epochs is 1, but epochs is 1"),
        (
            ("{batch_size: 8}", "{training: {loss: dise}}"),
            "exp.yaml:3: models.unet.training.loss: unknown value 'dise'",
        ),
        (("gradient_clip_norm: 12", "gradient_clip_norm: 0"), "models.gamma_net.gradient_clip_norm: must be greater"),
    ],
)
def test_a_mistake_is_named_with_its_line(changed: tuple[str, str], said: str) -> None:
    assert changed[0] in FILE
    assert said in mistakes(FILE.replace(*changed))


def test_a_run_whose_rates_depend_on_its_epochs_does_not_go_on_from_a_shorter_one(tmp_path: Path) -> None:
    attempt = AttemptName(1, "abcdefab")
    for schedule, goes_on in (("constant", True), ("cosine", False), ("poly", False), ("one_cycle", False)):
        short, long = (
            parse(FILE.replace("epochs: 4", f"epochs: {epochs}").split("  schedule:")[0] + f"  schedule: {schedule}\n")
            for epochs in (4, 8)
        )
        old, new = short.runs[0], long.runs[0]
        layout, name = RunLayout(old.experiment, old.run_id), CheckpointName(Position(4), attempt)
        keys = [layout.checkpoint(name), layout.checkpoint_manifest(name)]
        assert (reusable(FolderStore(tmp_path), new, old, keys) is not None) is goes_on, schedule


STRONG = """\
name: demo
models:
  unet: {preset: strong}
  gamma_net: {batch_size: 2}
train_ratios: [0.5]
seeds: [1]
data:
  train: {dataset: acdc, path: data/acdc}
  augmentation: {flip: true, shift: 0.2}
training: {epochs: 4, loss: dice}
"""


def test_the_strong_preset_says_how_its_model_is_trained_and_varied() -> None:
    unet, gamma_net = of_models(parse(STRONG))
    assert (unet.training.loss.name, unet.training.optimizer.name) == ("dice_bce", "adamw")
    assert (unet.training.schedule.name, unet.training.gradient_clip_norm) == ("one_cycle", 1)
    assert unet.training.epochs == 4
    assert (unet.data.augmentation.rotation_degrees, unet.data.augmentation.shift) == (20, 0.05)
    assert unet.data.augmentation.flip, "what the preset does not say is as for all models"
    assert (gamma_net.training.loss.name, gamma_net.training.optimizer.name) == ("dice", "adam")
    assert (gamma_net.data.augmentation.rotation_degrees, gamma_net.data.augmentation.shift) == (0, 0.2)
    author = parse(STRONG.replace("preset: strong", "preset: author")).runs[0]
    assert unet.network == author.network, "the network itself is the same one"


def test_a_models_own_keys_go_before_those_of_its_preset() -> None:
    own = "{preset: strong, loss: focal, learning_rate: 0.01, augmentation: {shift: 0}}"
    unet, _ = of_models(parse(STRONG.replace("{preset: strong}", own)))
    assert (unet.training.loss.name, unet.training.learning_rate) == ("focal", 0.01)
    assert (unet.data.augmentation.shift, unet.data.augmentation.scaling) == (0, 0.15)
    set_ = parse(STRONG, "models.unet.augmentation.gamma=0.5", "models.gamma_net.preset=strong")
    assert set_.runs[0].data.augmentation.gamma == 0.5
    assert set_.runs[1].training.loss.name == "dice_bce"


def test_a_run_is_the_same_one_however_its_recipe_was_written() -> None:
    written = """\
  unet:
    loss: {name: dice_bce, batch_dice: true}
    optimizer: adamw
    learning_rate: 0.003
    schedule: one_cycle
    gradient_clip_norm: 1
    augmentation: {rotation_degrees: 20, scaling: 0.15, shift: 0.05, gamma: 0.3}
"""
    assert parse(STRONG.replace("  unet: {preset: strong}\n", written)).runs[0].run_id == parse(STRONG).runs[0].run_id


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("{preset: stron}", "exp.yaml:3: models.unet.preset: unknown value 'stron'\n  did you mean 'strong'?"),
        ("{augmentation: {rotation: 3}}", "models.unet.augmentation.rotation: unknown key 'rotation'\n  did you mean"),
        ("{augmentation: 3}", "exp.yaml:3: models.unet.augmentation: expected a mapping of keys to values"),
        ("{augmentatoin: {}}", "did you mean 'augmentation'?"),
    ],
)
def test_mistakes_in_it_are_named(own: str, said: str) -> None:
    assert said in mistakes(STRONG.replace("{preset: strong}", own))
