"""The section `data` names data sets, and tells users of old keys what to write instead."""

from __future__ import annotations

import pytest

from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment, parse_experiment

GRID = "name: tiny\nmodels: [unet]\ntrain_ratios: [0.5]\nseeds: [1]\n"
TRAIN = "train: {dataset: acdc, path: a}"


def parsed(data: str, *overrides: str) -> Experiment:
    return parse_experiment(Document.parse(GRID + data, "tiny.yaml").with_overrides(overrides))


def mistakes(data: str, *overrides: str) -> str:
    with pytest.raises(InputError) as raised:
        parsed(data, *overrides)
    return "\n".join(map(str, raised.value.problems))


def test_any_number_of_external_sets_is_read_in_the_order_of_the_file() -> None:
    sets = "external: {zoo: {dataset: sunnybrook, path: b}, abroad: {dataset: acdc, path: s3://c/d}}"
    (run,) = parsed(f"data: {{{TRAIN}, {sets}, test: {{dataset: acdc, path: t}}}}").runs
    assert [(keys, found.dataset, found.path) for keys, found in run.data.places] == [
        (("train",), "acdc", "a"),
        (("test",), "acdc", "t"),
        (("external", "zoo"), "sunnybrook", "b"),
        (("external", "abroad"), "acdc", "s3://c/d"),
    ]


def test_a_set_is_left_out_and_moved_on_the_command_line() -> None:
    data = f"data:\n  {TRAIN}\n  external: {{sunnybrook: {{dataset: sunnybrook, path: b}}}}\n"
    assert parsed(data, "data.external.sunnybrook=null").runs[0].data.external == {}
    moved = parsed(data, "data.train.path=/x", "data.external.sunnybrook.path=/y").runs[0].data
    assert (moved.train.path, moved.external["sunnybrook"].path) == ("/x", "/y")


def test_the_keys_of_before_are_refused_with_what_is_written_instead() -> None:
    said = mistakes("data:\n  acdc: /data/acdc\n  sunnybrook: /data/sunny\n  size: 3\n")
    assert "tiny.yaml:6: data.acdc: " in said
    assert "write train: {dataset: acdc, path: PATH}, and on the command line --set data.train.path=PATH" in said
    assert "write external: {sunnybrook: {dataset: sunnybrook, path: PATH}}" in said
    assert "--set data.external.sunnybrook.path=PATH" in said
    assert "data.size: unknown key 'size'" in said, "what else is wrong is said at once"
    assert "is missing" not in said


def test_the_key_of_before_as_an_override_names_its_replacement() -> None:
    assert "--set data.train.path=PATH" in mistakes(f"data: {{{TRAIN}}}\n", "data.acdc=/x")


@pytest.mark.parametrize("name", ["train", "validation", "test", "external", "final", "best", "all"])
def test_a_set_has_no_name_that_means_something_else(name: str) -> None:
    said = mistakes(f"data: {{{TRAIN}, external: {{{name}: {{dataset: acdc, path: b}}}}}}\n")
    assert f"data.external.{name}: '{name}' has a meaning of its own" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("data: {train: {path: a}}", "tiny.yaml:5: data.train.dataset: is missing"),
        ("data: {train: {dataset: acdc}}", "data.train.path: is missing"),
        ("data: {train: acdc}", "data.train: expected a mapping of keys to values"),
        (f"data: {{{TRAIN}, external: {{A-B: {{dataset: acdc, path: b}}}}}}", "use lowercase letters, digits and '_'"),
        (f"data: {{{TRAIN}, target: []}}", "data.target: the list is empty, so there is nothing to segment"),
        (f"data: {{{TRAIN}, target: [a, a]}}", "data.target: a appears more than once"),
        (f"data: {{{TRAIN}, target: left_ventricle}}", "write [left_ventricle]"),
        (f"data: {{{TRAIN}, extern: {{}}}}", "did you mean 'external'?"),
    ],
)
def test_a_mistake_is_named(data: str, said: str) -> None:
    assert said in mistakes(data)
