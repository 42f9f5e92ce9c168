"""`data.preprocessing` takes steps of plugins in their declared order or that of a list, and reports mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl_trainer.plugins.entry_points import _entry_points

PLUGINS = {
    "first": "",
    "late": ', after=("minmax",)',
    "later": ', after=("minmax",)',
    "between": ', after=("gaussian",), before=("clahe",)',
    "early": ', before=("between",)',
    "impossible": ', after=("minmax",), before=("clahe",)',
    "ring": ', after=("ring_2",)',
    "ring_2": ', after=("ring",)',
}
MODULE = """\
from pydantic import Field
from gridctl_trainer.plugins.step import StepDescriptor, StepOptions

class Options(StepOptions):
    iterations: int = Field(50, ge=1)

"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that registers steps."""
    described = "".join(
        f'{name.upper()} = StepDescriptor(summary="{name}", apply="mylab_steps:apply", options=Options{place})\n'
        for name, place in PLUGINS.items()
    )
    (tmp_path / "mylab_steps.py").write_text(MODULE + described)
    info = tmp_path / "mylab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mylab\nVersion: 1.0\n")
    names = [f"{name} = mylab_steps:{name.upper()}" for name in PLUGINS]
    broken = "broken = mylab_steps_that_are_not:BROKEN"
    (info / "entry_points.txt").write_text("\n".join(["[gridctl.preprocessing]", *names, broken]) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    _entry_points.cache_clear()


def experiment(preprocessing: str, ablations: str = "[none]") -> Experiment:
    text = f"""\
name: steps
models: [unet]
train_ratios: [0.5]
seeds: [1]
ablations: {ablations}
data:
  train: {{dataset: acdc, path: data/acdc}}
  preprocessing: {preprocessing}
"""
    return parse_experiment(Document.parse(text, "steps.yaml"))


def order(preprocessing: str) -> list[str]:
    return [item.step for item in experiment(preprocessing).runs[0].data.preprocessing]


def mistakes(preprocessing: str, ablations: str = "[none]") -> str:
    with pytest.raises(InputError) as caught:
        experiment(preprocessing, ablations)
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", "gaussian clahe minmax resize"),
        ("", "gaussian clahe minmax resize"),
        ("{clahe: false, gaussian: true}", "gaussian minmax resize"),
        ("{first: true}", "first gaussian clahe minmax resize"),
        ("{first: }", "first gaussian clahe minmax resize"),
        ("{first: false}", "gaussian clahe minmax resize"),
        ("{late: true, later: true}", "gaussian clahe minmax late later resize"),
        ("{later: true, late: true}", "gaussian clahe minmax later late resize"),
        ("{late: true, minmax: false}", "gaussian clahe late resize"),
        ("{early: true, between: true}", "gaussian early between clahe minmax resize"),
        ('{"mylab.n4:N4": true, first: true}', "mylab.n4:N4 first gaussian clahe minmax resize"),
        ("[]", ""),
        ("[minmax, first, resize]", "minmax first resize"),
        ("[{first: {iterations: 3}}, {minmax: true}]", "first minmax"),
    ],
)
def test_steps_run_in_the_order_that_they_declare_or_that_a_list_gives(written: str, expected: str) -> None:
    assert order(written) == expected.split()


def test_options_that_have_their_default_leave_a_run_the_same_one() -> None:
    plain, given, other = (
        experiment(f"{{late: {options}}}").runs[0] for options in ("true", "{iterations: 50}", "{iterations: 9}")
    )
    assert plain.run_id == given.run_id != other.run_id
    assert dict(other.data.preprocessing[3].options) == {"iterations": 9}


def test_a_step_that_is_off_is_no_part_of_a_runs_identity() -> None:
    assert experiment("{late: false}").runs[0].run_id == experiment("{}").runs[0].run_id


@pytest.mark.parametrize("written", ["{late: true}", "[gaussian, late, minmax]"])
def test_ablations_leave_out_steps_that_are_on(written: str) -> None:
    runs = experiment(written, "[none, no_late, {name: bare, without: [gaussian, late]}]").runs
    assert [[item.step for item in run.data.preprocessing].count("late") for run in runs] == [1, 0, 0]
    assert "gaussian" not in [item.step for item in runs[2].data.preprocessing]


def test_a_step_named_by_its_path_is_left_out_by_an_ablation_with_a_name() -> None:
    runs = experiment('{"mylab.n4:N4": true}', '[none, {name: plain, without: ["mylab.n4:N4"]}]').runs
    assert [len(run.data.preprocessing) for run in runs] == [5, 4]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{fisrt: true}", "steps.yaml:8: data.preprocessing.fisrt: unknown preprocessing step 'fisrt'\n  did you mean"),
        ("{fisrt: false}", "unknown preprocessing step 'fisrt'"),
        ("[gaussain]", "steps.yaml:8: data.preprocessing[0]: unknown preprocessing step 'gaussain'"),
        (
            "{late: {iteration: 3}}",
            "preprocessing.late.iteration: unknown key 'iteration'\n  did you mean 'iterations'",
        ),
        ("{late: {iterations: 0}}", "data.preprocessing.late.iterations: "),
        ("{late: 3}", "expected true, false or a mapping of options, got 3"),
        ("{clahe: 2}", "expected true, false or a mapping of options, got 2"),
        ("{broken: true}", "cannot be imported: ModuleNotFoundError: No module named 'mylab_steps_that_are_not'"),
        ("{impossible: true}", "impossible would come after minmax and before clahe\n  write data.preprocessing as a"),
        ("{ring: true, ring_2: true}", "ring and ring_2 each wait for another one"),
        ("[gaussian, gaussian]", "gaussian appears more than once"),
        ("[{gaussian: true, clahe: true}]", "expected the name of a step"),
        ('{"mylab n4:": true}', "'mylab n4:' is not the path of a preprocessing step"),
        ("usual", "expected a mapping of steps to true, false or options"),
    ],
)
def test_mistakes_are_said_with_their_line_and_once(written: str, said: str) -> None:
    assert mistakes(written, "[none, augmented]").count(said) == 1


@pytest.mark.parametrize(
    ("ablations", "said"),
    [
        ("[no_late]", "unknown ablation 'no_late'"),
        ("[{name: x, without: [late]}]", "ablations[0].without[0]: there is no preprocessing step 'late' here"),
        ("[{name: x, without: [clahee]}]", "did you mean 'clahe'"),
    ],
)
def test_what_is_not_on_cannot_be_left_out(ablations: str, said: str) -> None:
    assert said in mistakes("{}", ablations)
