"""A template that fails, never ends or grows without bound is one error with file and line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.e2e.jobs.conftest import EXPERIMENT, TEMPLATE, Render, changed_template

HEAD = "apiVersion: batch/v1\n"
LINE = TEMPLATE.read_text(encoding="utf-8").partition(HEAD)[0].count("\n") + 1
"""Line of the template at which a test adds something, before the first line of the Job."""

MEMORY = "needs too much memory"
FAILING = {
    "division by zero": ("{{ 1 / 0 }}", "the template failed: "),
    "endless range": ("{{ range(10**9) | list }}", "Range too big"),
    "endless text": ("{{ 'a' * 10**10 }}", MEMORY),
    "endless loops": ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "2 seconds"),
    "recursion": ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "calls itself without end"),
    "itself": ("{% include 'mine.yaml.j2' %}", "a template is one file"),
    "undefined": ("{{ run.network.nothing.deeper }}", "asks for something that there is not: "),
    "too long": ("{% for i in range(99999) %}# {{ run }}{% endfor %}", "gives more than 1,000,000 characters"),
    "no YAML": ("a: [", "is not YAML: "),
    "a date": ("started: 2020-01-01", "is not JSON: "),
}
MORE = {
    "power": ("{{ 10 ** (10**9) }}", "is too large"),
    "width": ('{{ "%1000000000d" | format(1) }}', MEMORY),
    "width in a format": ("{{ '{:1000000000}'.format(1) }}", MEMORY),
    "percent": ('{{ "%1000000000d" % 1 }}', MEMORY),
    "centre": ("{{ 'a' | center(10**9) }}", MEMORY),
    "indent": ("{{ 'a' | indent(10**9) }}", MEMORY),
    "doubling": ("{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}", MEMORY),
    "list": ("{{ [1] * 10**9 }}", MEMORY),
    "private": ("{{ ''.__class__.__mro__ }}", "is unsafe"),
    "many digits": ("a: " + "9" * 6000, "is not YAML: "),
    "tag": ("a: !!python/object:os.system b", "is not YAML: "),
    "key that is a list": ("? [a]\n: b", "is not YAML: "),
    "infinity": ("a: .inf", "is not JSON: "),
    "no filter": ("{{ 1 | no_such_filter }}", "No filter named"),
}


def assert_one_error(render: Render, folder: Path, text: str, said: str) -> None:
    template = changed_template(folder, HEAD, f"{text}\n{HEAD}")
    done = render(f"  template: {template.name}\n")
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert said in done.stderr
    near = range(LINE, LINE + 3) if "not YAML" in said else (LINE,)  # an open bracket is noticed on a later line
    assert any(done.stderr.startswith(f"error: {template.name}:{line}: ") for line in near), done.stderr
    assert "a bug in gridctl" not in done.stderr


@pytest.mark.parametrize(("text", "said"), FAILING.values(), ids=FAILING.keys())
def test_failing(text: str, said: str, render: Render, tmp_path: Path) -> None:
    assert_one_error(render, tmp_path, text, said)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "said"), MORE.values(), ids=MORE.keys())
def test_more_ways_of_failing(text: str, said: str, render: Render, tmp_path: Path) -> None:
    assert_one_error(render, tmp_path, text, said)


def test_a_second_document_is_named_by_its_line(render: Render, tmp_path: Path) -> None:
    template = changed_template(tmp_path, HEAD, f"a: 1\n---\n{HEAD}")
    done = render(f"  template: {template.name}\n")
    assert done.returncode == 2
    assert f"{template.name}:{LINE + 2}: the template gives 2 YAML documents, not one Job" in done.stderr


def test_a_mistake_in_the_job_has_the_line_of_its_field(render: Render, tmp_path: Path) -> None:
    template = changed_template(tmp_path, "restartPolicy: Never", "restartPolicy: OnFailure")
    (line,) = [number for number, text in enumerate(template.read_text().splitlines(), start=1) if "OnFailure" in text]
    done = render(f"  template: {template.name}\n")
    assert done.returncode == 2
    assert f"{template.name}:{line}: spec.template.spec.restartPolicy: must be Never" in done.stderr


def test_aliases_that_stand_for_gigabytes(render: Render, tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    done = render(f"  template: {changed_template(tmp_path, HEAD, bomb + HEAD).name}\n")
    assert done.returncode == 2
    assert "more than 1,000,000 characters of JSON" in done.stderr


@pytest.mark.parametrize("kind", ["endless file", "pipe", "folder", "large file"])
def test_what_is_no_template(kind: str, render: Render, tmp_path: Path) -> None:
    path = tmp_path / "given"
    if kind == "endless file":
        path = Path("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_text("#" * 1_000_001)
    done = render(f"  template: {path}\n")
    assert done.returncode == 2
    assert f"error: {path}: cannot read the template: " in done.stderr


def test_a_template_that_works_gives_what_the_built_in_one_gives(gridctl: Run, render: Render, tmp_path: Path) -> None:
    """Templates render even if modules of the same names lie in the folder."""
    for name in ("jinja2", "orchestrator", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')")
    environment = {"PYTHONSAFEPATH": "1"}
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    built_in = gridctl("render", "experiment.yaml", env=environment)
    template = changed_template(tmp_path, HEAD, HEAD)
    copied = gridctl("render", "experiment.yaml", "--set", f"kubernetes.template={template}", env=environment)
    assert copied.returncode == 0, copied.stderr
    assert copied.stdout == built_in.stdout != ""
