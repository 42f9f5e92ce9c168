"""`against: [unet, other]` makes one comparison per opponent, corrects all together, and reports mistakes by line."""

from __future__ import annotations

import pytest

from gridctl.analysis.inference.families import asked_tests, family_sizes
from gridctl.analysis.request import ReportRequest
from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment, parse_experiment

HEAD = """\
name: tiny
models: {unet: {}, gamma_net: {}, other: {architecture: unet}}
train_ratios: [0.5]
seeds: [1, 2, 3]
data: {train: {dataset: acdc, path: /data}}
metrics: [dice, hd95, soft_dice]
"""


def parsed(compare: str, *overrides: str) -> Experiment:
    return parse_experiment(Document.parse(HEAD + compare, "tiny.yaml").with_overrides(overrides))


def mistakes(compare: str, *overrides: str) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        parsed(compare, *overrides)
    return [(problem.where, problem.what) for problem in caught.value.problems]


def test_it_is_short_for_a_comparison_with_each() -> None:
    short = parsed("compare: {model: gamma_net, against: [unet, other], effect: 0.02}")
    long = parsed(
        "compare: [{model: gamma_net, against: unet, effect: 0.02}, {model: gamma_net, against: other, effect: 0.02}]"
    )
    assert short.compare == long.compare
    assert [item.against for item in short.compare] == ["unet", "other"]


def test_all_opponents_are_one_family() -> None:
    short = parsed("compare: {model: gamma_net, against: [unet, other], secondary: []}")
    sizes = family_sizes(asked_tests(short, ReportRequest(significance=True)), short)
    assert sizes == {"all comparisons of models, validation Dice": 2}


def test_the_file_is_kept_as_it_was_written() -> None:
    text = "compare: {model: gamma_net, against: [unet, other]}\n"
    assert parsed(text).document.to_yaml() == HEAD + text


def test_metrics_of_one_entry_are_those_of_all_its_opponents() -> None:
    made = parsed(
        "compare:\n- {model: gamma_net, against: [unet, other], metrics: [validation.hd95]}\n"
        "- {model: unet, against: other}"
    )
    names = [item.metrics for item in made.compare]
    assert names == [("validation.hd95.left_ventricle",)] * 2 + [("validation.dice.left_ventricle",)]
    assert [item.secondary for item in asked_tests(made, ReportRequest(significance=True))] == [
        (),
        (),
        ("validation.hd95.left_ventricle",),
    ]


@pytest.mark.parametrize(
    ("compare", "where", "said"),
    [
        ("- model: gamma_net\n  against:\n  - unet\n  - unt", 11, "compare[0].against[1]: there is no model 'unt'"),
        ("- model: gamma_net\n  against:\n  - unet\n  - unet", 11, "compare[0].against[1]: 'unet' appears more than"),
        ("- model: gamma_net\n  against:\n  - unet\n  - 5", 11, "compare[0].against[1]: expected text"),
        ("- model: gamma_net\n  against: []", 9, "compare[0].against: the list is empty, so nothing is compared"),
        ("- model: gamma_net\n  against: [gamma_net, unet]", 8, "compare[0]: a model is compared with itself"),
        ("- model: gamma_net\n  against: [unet, other]\n  effect: 0", 10, "compare[0].effect: must be greater than 0"),
        (
            "- model: gamma_net\n  against: [unet, other]\n- model: other\n  against: unet\n  metrics: [test.dce]",
            12,
            "compare[1].metrics[0]: there is no set 'test' to score",
        ),
        (
            "- model: gamma_net\n  against: [unet, other]\n  family: comparison",
            10,
            "compare[0].family: several opponents are corrected together",
        ),
    ],
)
def test_a_mistake_is_named_once_where_it_was_written(compare: str, where: int, said: str) -> None:
    (found,) = mistakes(f"compare:\n{compare}\n")
    assert found[0] == f"tiny.yaml:{where}"
    assert found[1].startswith(said)


def test_a_mistake_of_an_option_is_named_by_it() -> None:
    (found,) = mistakes("", "compare={model: gamma_net, against: [unet, othr]}")
    assert found == ("--set compare", "compare.against[1]: there is no model 'othr' here")
    (found,) = mistakes("compare: {model: gamma_net, against: unet}", "compare.against=[unet, othr]")
    assert found[0] == "--set compare.against"


def test_too_many_are_refused_before_anything_is_made() -> None:
    many = ", ".join(["unet"] * 101)
    assert mistakes(f"compare: {{model: gamma_net, against: [{many}]}}") == [
        ("tiny.yaml:7", "compare: there are 101, more than 100")
    ]
