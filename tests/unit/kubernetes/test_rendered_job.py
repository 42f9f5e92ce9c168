"""The Job that is read from a template's output equals what a plain YAML parser makes of it."""

from __future__ import annotations

import pytest
import yaml

from gridctl.executors.kubernetes.manifest.rendered_job import TemplateOutput, lines_by_text, read_job
from gridctl.executors.kubernetes.manifest.template_mistake import TemplateMistake

DOCUMENTS = {
    "scalars": "a: 1\nb: 1.5\nc: true\nd: null\ne: ~\nf: '1'\ng: \"x\\ty\"\nh:\ni: 0x10\nj: !!str 5\n",
    "nested": "a: [1, {b: [x, []]}, {}]\nc:\n- d: e\n  f: [g]\n-\n",
    "words": "a: [yes, No, on, OFF, y, null, Null, ~, '', 1_000, 012, 0b1, +1, .5, 1e3, 1.0e+3, -.5, 1:30, x]\n",
    "words again, in quotes": "a: ['yes', \"No\", 'null', '~', '1_000', '.5', '1:30', !  5, ! x]\n",
    "a long word": "a: " + "1" * 150 + "\nb: " + "x" * 150 + "\n",
    "number as a key": "a: {1: x, true: y}\n",
    "alias": "a: &one {b: [1]}\nc: *one\n",
    "merge": "a: &one {b: 1, c: 2}\nd: {<<: *one, c: 3}\n",
    "merge without an alias": "d: {<<: {b: 1}, c: 3}\n",
    "ampersand alone": "a: x & y\nb: [1]\n",
    "long text": "a: |\n  one\n  two\nb: >\n  one\n  two\n",
}


def output(text: str) -> TemplateOutput:
    """The text as output of a template, in pieces that do not end at line breaks."""
    made = TemplateOutput(lines_by_text(text))
    for number, start in enumerate(range(0, len(text), 5)):
        made.add(text[start : start + 5], 1 if number == 0 else 1 + text.count("\n", 0, start))
    return made


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_job_is_what_yaml_says(text: str) -> None:
    read = read_job(output(text)).job
    wanted = yaml.safe_load(text)
    assert read == wanted
    assert repr(read) == repr(wanted)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, "'c' is given twice"),
        ("a: 1\nb: [{c: 1, c: 2}]\n", 2, "'c' is given twice"),
        ("a: &one 1\nb: {c: *one, c: 2}\n", 2, "'c' is given twice"),
        ("a: 1\n1: 2\nb: {1: x, 1: y}\n", 3, "'1' is given twice"),
        ("a: 1\nb: [2020-01-01]\n", 2, "not JSON"),
        ("a: 1\nb: !!python/name:os.system x\n", 2, "could not determine a constructor"),
        ("a: 1\nb: {[1]: 2}\n", 2, "unhashable"),
    ],
)
def test_what_is_no_job_is_named_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(TemplateMistake) as raised:
        read_job(output(text))
    assert said in raised.value.what
    assert raised.value.line == line
