"""An experiment file becomes a grid, or every mistake in it is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment, load_experiment, parse_experiment

GOOD = """\
name: demo
models:
  unet: {batch_size: 8}
  gamma_net: {batch_size: 2, timesteps: 3}
train_ratios: [0.1, 0.5]
ablations: [none, no_clahe]
seeds: [1, 2, 3]
data:
  train: {dataset: acdc, path: data/acdc}
  external: {sunnybrook: {dataset: sunnybrook, path: data/sunnybrook}}
  size_px: 64
training: {epochs: 4}
compare: {model: gamma_net, against: unet, score: best}
"""


def parse(text: str, *overrides: str) -> Experiment:
    return parse_experiment(Document.parse(text, "exp.yaml").with_overrides(overrides))


def mistakes(text: str, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, *overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_grid_has_one_run_for_every_cell_and_pairs_stand_beside_each_other() -> None:
    runs = parse(GOOD).runs
    assert len(runs) == 2 * 2 * 2 * 3
    assert len({run.run_id for run in runs}) == len(runs)
    for first, second in zip(runs[::2], runs[1::2], strict=True):
        assert (first.model, second.model) == ("unet", "gamma_net")
        assert first.pair == second.pair
        assert first.data == second.data


def test_options_of_a_model_override_training_for_that_model_alone() -> None:
    unet, gamma_net = parse(GOOD).runs[:2]
    assert (unet.training.batch_size, gamma_net.training.batch_size) == (8, 2)
    assert (unet.training.epochs, gamma_net.training.epochs) == (4, 4)
    assert gamma_net.network.architecture == "gamma_net"
    assert gamma_net.network.options == {"timesteps": 3}


def test_an_ablation_leaves_out_one_step_and_nothing_else() -> None:
    by_ablation = {run.ablation: run for run in parse(GOOD).runs if run.model == "unet" and run.seed == 1}
    with_all, without = by_ablation["none"], by_ablation["no_clahe"]
    assert [item.step for item in with_all.data.preprocessing] == ["gaussian", "clahe", "minmax", "resize"]
    assert [item.step for item in without.data.preprocessing] == ["gaussian", "minmax", "resize"]


def test_an_ablation_can_set_any_value_of_data_models_and_training() -> None:
    text = GOOD.replace(
        "ablations: [none, no_clahe]",
        "ablations: [none, {name: slow, set: {models.gamma_net.timesteps: 6, training.epochs: 9}}]",
    )
    slow = [run for run in parse(text).runs if run.ablation == "slow"]
    assert {run.training.epochs for run in slow} == {9}
    assert {run.network.options["timesteps"] for run in slow if run.network.architecture == "gamma_net"} == {6}


def test_two_variants_of_one_architecture_can_be_compared() -> None:
    text = GOOD.replace("  unet: {batch_size: 8}", "  plain: {architecture: gamma_net, attention: false}").replace(
        "against: unet", "against: plain"
    )
    experiment = parse(text)
    assert experiment.models == ("plain", "gamma_net")


@pytest.mark.parametrize(
    ("line", "broken", "said"),
    [
        ("  unet: {batch_size: 8}", "  u-net: {batch_size: 8}", "exp.yaml:3: models.u-net: unknown model 'u-net'"),
        ("  unet: {batch_size: 8}", "  u-net: {batch_size: 8}", "did you mean 'unet'?"),
        ("batch_size: 8", "batchsize: 8", "exp.yaml:3: models.unet.batchsize: unknown key 'batchsize'"),
        ("batch_size: 8", "batchsize: 8", "did you mean 'batch_size'?"),
        ("timesteps: 3", "timesteps: 0", "exp.yaml:4: models.gamma_net.timesteps: must be at least 1"),
        ("[0.1, 0.5]", "[0, 0.5]", "exp.yaml:5: train_ratios[0]: must be greater than 0, got 0"),
        ("[0.1, 0.5]", "[0.1, 1.2]", "exp.yaml:5: train_ratios[1]: must be at most 1, got 1.2"),
        ("[0.1, 0.5]", "[]", "exp.yaml:5: train_ratios: the list is empty, so the grid has no runs"),
        ("[0.1, 0.5]", "[0.5, 0.5]", "exp.yaml:5: train_ratios: 0.5 appears more than once"),
        ("[1, 2, 3]", "[1, 1, 3]", "exp.yaml:7: seeds: 1 appears more than once"),
        ("[1, 2, 3]", "[]", "exp.yaml:7: seeds: the list is empty"),
        ("no_clahe", "no_clah", "exp.yaml:6: ablations[1]: unknown ablation 'no_clah'"),
        ("no_clahe", "none", "exp.yaml:6: ablations: none appears more than once"),
        ("size_px: 64", "size: 64", "exp.yaml:11: data.size: unknown key 'size'"),
        ("size_px: 64", "size_px: 60", "use a multiple of 16, such as 48 or 64"),
        ("epochs: 4", "epochs: many", "exp.yaml:12: training.epochs: expected a whole number"),
        ("against: unet", "against: u_net", "exp.yaml:13: compare.against: there is no model 'u_net' here"),
        ("against: unet", "against: gamma_net", "a model is compared with itself"),
        ("score: best", "score: top", "use final, best, mean or last-K"),
        ("name: demo", "name: Demo", "exp.yaml:1: name: use lowercase letters"),
        ("seeds:", "sedes:", "exp.yaml:7: sedes: unknown key 'sedes'"),
        ("models:", "model:", "models: is missing"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(line: str, broken: str, said: str) -> None:
    assert line in GOOD
    assert said in mistakes(GOOD.replace(line, broken, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# ours\n\nname: x\n", {"exp.yaml:3: models: is missing", "exp.yaml:3: data: is missing"}),
        ("name: x\ndata:\n\n  size_px: 64\n", {"exp.yaml:2: data.train: is missing"}),
        (
            "name: x\ncompare:\n  - {model: a, against: b}\n  - model: a\n",
            {"exp.yaml:4: compare[1].against: is missing"},
        ),
        (
            "name: x\nkubernetes:\n  volumes:\n    /data:\n      read_only: true\n",
            {"exp.yaml:4: kubernetes.volumes./data.claim: is missing"},
        ),
        (
            "name: x\nkubernetes:\n  secret_env:\n    A: {secret: s, key: k}\n    B: {secret: s}\n",
            {"exp.yaml:5: kubernetes.secret_env.B.key: is missing"},
        ),
        ("name: x\nablations:\n  - none\n  - set: {}\n", {"exp.yaml:4: ablations[1].name: is missing"}),
    ],
)
def test_what_is_missing_is_placed_at_the_section_that_lacks_it(text: str, said: set[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert said <= {f"{problem.where}: {problem.what}" for problem in caught.value.problems}


def test_a_required_key_without_a_value_may_not_be_left_out() -> None:
    assert mistakes(GOOD.replace("epochs: 4", "epochs: ")).endswith("write a value, or leave the key out")
    assert mistakes(GOOD.replace("against: unet", "against: ")).endswith("write a value")


def test_all_mistakes_of_a_file_are_said_at_once_in_the_order_of_their_lines() -> None:
    text = GOOD.replace("unet: {batch", "u-net: {batch", 1).replace("0.5]", "1.5]").replace("[1, 2, 3]", "[1, 1]")
    with pytest.raises(InputError) as caught:
        parse(text)
    lines = [problem.where for problem in caught.value.problems]
    assert lines == ["exp.yaml:3", "exp.yaml:5", "exp.yaml:7", "exp.yaml:13"]


def test_a_mistake_that_only_an_ablation_makes_is_placed_at_the_ablation() -> None:
    text = GOOD.replace("no_clahe", "{name: small, set: {data.size_px: 60}}")
    assert "exp.yaml:6: ablations[1]: " in mistakes(text)
    text = GOOD.replace("no_clahe", "{name: none2, set: {training.epochs: 0}}")
    assert "exp.yaml:6: ablations[1]: makes training.epochs invalid" in mistakes(text)


def test_not_yaml_is_said_with_its_line() -> None:
    assert mistakes("name: [demo\nseeds: 1\n").startswith("exp.yaml:")
    assert "exp.yaml:1" in mistakes("- just\n- a list\n")
    assert "not YAML" in mistakes("name: a\nname: b\n")


def test_a_missing_file_says_which_ones_there_are(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text(GOOD)
    with pytest.raises(InputError, match=r"did you mean '.*demo\.yaml'") as caught:
        load_experiment(tmp_path / "dmo.yaml")
    assert caught.value.exit_code == 2


def test_set_overrides_a_field_and_is_named_in_errors() -> None:
    assert {run.data.train.path for run in parse(GOOD, "data.train.path=/elsewhere").runs} == {"/elsewhere"}
    assert {run.training.learning_rate for run in parse(GOOD, "training.learning_rate=1e-2").runs} == {0.01}
    assert parse(GOOD, "seeds=[7]").seeds == (7,)
    assert mistakes(GOOD, "training.epoch=3").startswith("--set training.epoch: ")
    assert "an override is PATH=VALUE" in mistakes(GOOD, "training.epochs")


def test_set_reaches_models_given_as_a_list() -> None:
    text = GOOD.replace(
        "models:\n  unet: {batch_size: 8}\n  gamma_net: {batch_size: 2, timesteps: 3}", "models: [unet, gamma_net]"
    )
    runs = parse(text, "models.unet.batch_size=3").runs
    assert {run.training.batch_size for run in runs if run.model == "unet"} == {3}


def test_the_document_is_written_back_with_comments_and_overrides() -> None:
    document = Document.parse("# why\n" + GOOD, "exp.yaml").with_overrides(["seeds=[7]"])
    again = Document.parse(document.to_yaml(), "again.yaml")
    assert "# why" in document.to_yaml()
    assert parse_experiment(again).runs == parse(GOOD, "seeds=[7]").runs


def test_the_longest_name_a_label_can_hold_is_accepted_and_one_more_character_refused() -> None:
    fits = max(length for length in range(1, 63) if _accepted(length))
    assert f"at most {fits} characters" in mistakes(GOOD.replace("name: demo", f"name: {'x' * (fits + 1)}"))
    assert max(len(run.run_id) for run in parse(GOOD.replace("demo", "x" * fits, 1)).runs) == 63


def _accepted(length: int) -> bool:
    try:
        parse(GOOD.replace("name: demo", f"name: {'x' * length}"))
    except InputError:
        return False
    return True


@st.composite
def grids(draw: DrawFn) -> tuple[list[str], list[float], list[int]]:
    models = draw(st.lists(st.sampled_from(["unet", "gamma_net"]), min_size=1, unique=True))
    percents = draw(st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True))
    seeds = draw(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5, unique=True))
    return models, [percent / 100 for percent in percents], seeds


@given(grids())
def test_every_grid_has_exactly_its_cells_each_with_its_own_name(
    grid: tuple[list[str], list[float], list[int]],
) -> None:
    models, ratios, seeds = grid
    data = "{train: {dataset: acdc, path: x}, size_px: 16}"
    text = f"name: g\nmodels: {models}\ntrain_ratios: {ratios}\nseeds: {seeds}\ndata: {data}\n"
    runs = parse(text).runs
    assert {(run.model, run.train_ratio, run.seed) for run in runs} == {
        (model, ratio, seed) for model in models for ratio in ratios for seed in seeds
    }
    assert len({run.run_id for run in runs}) == len(runs) == len(models) * len(ratios) * len(seeds)


@pytest.mark.parametrize("path", sorted(Path("experiments").glob("*.yaml")), ids=lambda path: path.name)
def test_every_experiment_that_comes_along_is_valid(path: Path) -> None:
    assert load_experiment(path).runs


def test_a_tab_in_the_indentation_gets_its_fix() -> None:
    with pytest.raises(InputError, match=r"exp\.yaml:2: not YAML: .*\n  YAML is indented with spaces"):
        Document.parse("models:\n\tunet: {}\n", "exp.yaml")
