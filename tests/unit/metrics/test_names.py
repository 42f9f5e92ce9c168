"""Names of scores are read as written, completed if the structure is left out, and refused with a suggestion."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl.experiment.scores.measures import primary_measures
from gridctl_trainer.contract.score_name import ScoreName

YAML = """\
name: tiny
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.5]
seeds: [1]
data:
  train: {{dataset: acdc, path: /data}}
  external: {{other: {{dataset: acdc, path: /other}}}}
  target: {target}
training: {{epochs: 1, checkpoint_keep_best: {best}}}
metrics: {metrics}
compare: {{model: gamma_net, against: unet, metrics: {compared}}}
"""
IDENTIFIER = st.from_regex(r"[a-z0-9]([_a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
METRIC = IDENTIFIER | st.from_regex(
    r"[A-Za-z_]\w{0,8}(\.[A-Za-z_]\w{0,8}){0,2}:[A-Za-z_]\w{0,8}", fullmatch=True
).filter(str.isascii)


def experiment(
    compared: str = "[validation.soft_dice]",
    *,
    target: str = "[left_ventricle]",
    best: str = "null",
    metrics: str = "[soft_dice, bce]",
) -> Experiment:
    text = YAML.format(compared=compared, target=target, best=best, metrics=metrics)
    return parse_experiment(Document.parse(text, "tiny.yaml"))


@given(IDENTIFIER, METRIC, IDENTIFIER | st.just(""))
def test_what_is_written_is_read_again(of_set: str, metric: str, structure: str) -> None:
    name = ScoreName(of_set, metric, structure)
    assert ScoreName.parse(str(name)) == name


@pytest.mark.parametrize(
    "text", ["", "validation", "validation.", ".soft_dice", "a.b.c.d", "a b.c", "a.b.c\n", "Ä.b.c"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"SET\.METRIC\.STRUCTURE"):
        ScoreName.parse(text)


def test_the_structure_may_be_left_out_and_is_filled_in() -> None:
    found = experiment("[validation.soft_dice, other.bce.left_ventricle]", best="validation.soft_dice")
    assert found.compare[0].metrics == ("validation.soft_dice.left_ventricle", "other.bce.left_ventricle")
    assert {run.training.checkpoint_keep_best for run in found.runs} == {"validation.soft_dice.left_ventricle"}


def test_of_several_structures_each_is_meant() -> None:
    found = experiment(target="[left_ventricle, myocardium]")
    assert found.compare[0].metrics == ("validation.soft_dice.left_ventricle", "validation.soft_dice.myocardium")
    assert [measure.structure for measure in primary_measures(found.measures)] == ["left_ventricle", "myocardium"]
    assert found.measures["other.bce.myocardium"].label == "other BCE, myocardium"


def test_pooled_structures_are_named_in_the_order_of_what_is_scored() -> None:
    known = [ScoreName("validation", "dice", name) for name in ("cavity", "wall", "right")]
    pooled = ScoreName.parse("validation.dice.right+cavity")
    assert pooled.structures == ("right", "cavity")
    assert [str(found) for found in pooled.written_out(known)] == ["validation.dice.cavity+right"]
    assert ScoreName.parse("validation.dice.right+apex").written_out(known) == []
    assert ScoreName.parse("validation.dice").written_out([*known, pooled]) == known


def test_by_default_the_first_metric_is_compared_on_every_set() -> None:
    text = YAML.format(compared="[x]", target="[left_ventricle]", best="null", metrics="[bce, soft_dice]")
    found = parse_experiment(Document.parse(text.replace(", metrics: [x]", ""), "tiny.yaml"))
    assert found.compare[0].metrics == ("validation.bce.left_ventricle", "other.bce.left_ventricle")


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"compared": "[validation_dice]"}, 11, "validation_dice has another name now: write validation.soft_dice."),
        ({"compared": "[generalisation_bce]"}, 11, "sunnybrook.bce.left_ventricle, with the name of your set"),
        (
            {"compared": "[validaton.soft_dice]"},
            11,
            "no set 'validaton' to score\n  did you mean 'validation'?",
        ),
        ({"compared": "[mnms.soft_dice]"}, 11, "another set is given in data.external: {mnms: ...}"),
        ({"compared": "[validation.soft_dise]"}, 11, "'soft_dise' is not computed\n  did you mean 'soft_dice'?"),
        ({"compared": "[validation.hd95]"}, 11, "compute it: metrics: [soft_dice, bce, hd95]"),
        ({"compared": "[validation.soft_dice.lv]"}, 11, "there is no score 'validation.soft_dice.lv'"),
        ({"compared": "[]"}, 11, "the list is empty, so nothing is compared"),
        ({"best": "validation_dice"}, 9, "validation_dice has another name now"),
        ({"best": "mnms.soft_dice"}, 9, "there is no set 'mnms' to score"),
        (
            {"best": "validation.soft_dice", "target": "[left_ventricle, myocardium]"},
            9,
            "name the structure: validation.soft_dice.left_ventricle or validation.soft_dice.myocardium",
        ),
        ({"metrics": "[soft_dice, bse]"}, 10, "unknown metric 'bse'\n  did you mean 'bce'?"),
        ({"metrics": "[]"}, 10, "the list is empty, so nothing is scored"),
        ({"metrics": "[bce, bce]"}, 10, "bce appears more than once"),
        ({"metrics": "[Soft Dice]"}, 10, "name a metric by its short name, such as soft_dice, or by its path"),
    ],
    ids=str,
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(changes: dict[str, str], where: int, said: str) -> None:
    with pytest.raises(InputError) as raised:
        experiment(**changes)  # type: ignore[arg-type]
    assert said in str(raised.value)
    assert f"tiny.yaml:{where}: " in str(raised.value)


def test_another_list_of_metrics_is_the_same_run(tmp_path: Path) -> None:
    """The change affects neither the weights nor the scores that both have."""
    assert {run.run_id for run in experiment().runs} == {run.run_id for run in experiment(metrics="[soft_dice]").runs}
