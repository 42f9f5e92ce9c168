"""No secret gets into a Job: variables that hold one are refused without being shown; a Secret provides them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.jobs.conftest import FIRST_LINE, Render, changed_template

HEX = "0123456789abcdef" * 4
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
    "DB_PASSWORD": "hunter2",
    "PGPASSWORD": "correct horse",
    "HF_TOKEN": "unformed-but-named",
    "WANDB_KEY": HEX[:40],
    "TRACKING_URI": "https://user:pa55-word@mlflow.lab.org",
    "CACHE": "redis://:pa55-word@cache:6379/0",
    "ID": "AKIAIOSFODNN7EXAMPLE",
    "TEMPORARY": "ASIAIOSFODNN7EXAMPLE",
    "REPOSITORY": "https://ghp_" + "a1B2" * 9 + "@github.com/lab/code",
    "HUB": "hf_" + "aB3d" * 8,
    "PEM": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "CONNECTION": "host=db user=lab password=pa55-word",
    "HEADER": "Authorization: Bearer abcdefghijklmnop1234",
    "OPTIONS": "--epochs=3 --token=pa55-word",
}
HARMLESS = {
    "TOKENIZERS_PARALLELISM": "false",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "GOOGLE_APPLICATION_CREDENTIALS": "/var/secrets/google/key.json",
    "PASSWORD_FILE": "/run/secrets/password",
    "SECRETS_PATH": "/run/secrets",
    "MAX_TOKENS": "4096",
    "KEYBOARD": "us",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "EOS_TOKEN": "</s>",
    "GIT_SHA": HEX[:40],
    "SORT_KEY": "patient_id",
    "IMAGE": f"registry.lab.org:5000/trainer:1@sha256:{HEX}",
    "TRACKING_URI": "https://user@mlflow.lab.org:8080/users/@me",
    "AUTHOR": "mailto:somebody@lab.org",
    "SSH_REMOTE": "ssh://git@github.com:22/lab/code.git",
}


def section(variables: dict[str, str]) -> str:
    return "  env:\n" + "".join(f'    {name}: "{value}"\n' for name, value in variables.items())


def test_what_surely_is_a_secret_is_refused_and_not_shown(render: Render) -> None:
    done = render(section(SECRETS))
    assert done.returncode == 2
    for line, (name, value) in enumerate(SECRETS.items(), start=FIRST_LINE + 1):
        assert f"experiment.yaml:{line}: kubernetes.env.{name}: " in done.stderr
        assert value not in done.stderr
        assert f"kubernetes.secret_env: {{{name}: {{secret: NAME, key: KEY}}}}" in done.stderr
    assert "pa55-word" not in done.stderr


def test_what_only_sounds_like_a_secret_is_passed_on(container: Callable[[str], dict[str, Any]]) -> None:
    given = {item["name"]: item.get("value") for item in container(section(HARMLESS))["env"]}
    assert HARMLESS.items() <= given.items()


def test_a_value_that_no_process_takes_is_refused_soon(render: Render) -> None:
    done = render(f'  env: {{URLS: "{"://:" * 50_000}", URL_KEY: ok}}\n')
    assert done.returncode == 2
    assert (
        f"experiment.yaml:{FIRST_LINE}: kubernetes.env.URLS: is longer than the 128 KiB that Linux takes" in done.stderr
    )


def test_a_secret_gives_a_variable(container: Callable[[str], dict[str, Any]]) -> None:
    made = container("  secret_env: {WANDB_API_KEY: {secret: tracking, key: wandb}}\n")
    source = {"secretKeyRef": {"name": "tracking", "key": "wandb"}}
    assert {"name": "WANDB_API_KEY", "valueFrom": source} in made["env"]


def test_a_value_in_place_of_a_secrets_name_is_refused_and_not_shown(render: Render) -> None:
    lines = ["A: pa55-word", "B: {secret: tracking, key: pa55 word}", "C: {secret: PA55_word, key: x}"]
    lines.append("BOTH: {secret: a, key: b}")
    done = render("  env: {BOTH: x}\n  secret_env:\n" + "".join(f"    {line}\n" for line in lines))
    assert done.returncode == 2
    for number, name in enumerate(("A", "B", "C", "BOTH"), start=FIRST_LINE + 2):
        assert f"experiment.yaml:{number}: kubernetes.secret_env.{name}" in done.stderr
    assert "{secret: NAME, key: KEY}" in done.stderr
    assert "pa55" not in done.stderr.lower()


TEMPLATES = {
    "variable": ("          env:\n", "          env:\n            - {name: API_KEY, value: pa55-word}\n", "API_KEY is"),
    "command": ('"--progress"', '"--token=pa55-word", "--progress"', "a word of a command looks like"),
    "left out": ("in kubernetes.secret_env | dictsort", "in {} | dictsort", "none gets HUB of kubernetes.secret_env"),
}


@pytest.mark.parametrize(("old", "new", "said"), TEMPLATES.values(), ids=TEMPLATES.keys())
def test_a_template_keeps_to_it(old: str, new: str, said: str, render: Render, tmp_path: Path) -> None:
    template = changed_template(tmp_path, old, new)
    done = render(f"  template: {template.name}\n  secret_env: {{HUB: {{secret: hub, key: token}}}}\n")
    assert done.returncode == 2
    assert said in done.stderr
    assert f"{template.name}:" in done.stderr
    assert "pa55-word" not in done.stderr
