"""Compares the S3 settings of rendered Jobs with those of a shell, by key and without secrets."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gridctl.executors.kubernetes.manifest.job_template import JobTemplate
from gridctl.executors.kubernetes.store_access.comparison import compare, wanted_variables
from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding
from gridctl.executors.kubernetes.store_access.pod_environment import pod_environment
from gridctl.executors.kubernetes.store_access.secret_command import SecretCommand
from gridctl.executors.kubernetes.store_access.secret_keys import Secret
from gridctl.experiment import Document, parse_experiment
from gridctl_trainer.storage.s3.environment import read_s3_environment

EXPERIMENT = """\
name: demo
models: {unet: {}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: /data/acdc}}
backend: kubernetes
store: s3://bucket/runs
kubernetes: {image: "trainer:1", namespace: lab}
"""
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
ENDPOINT = "AWS_ENDPOINT_URL_S3"
HERE = {KEYS[0]: "AKIA-here", KEYS[1]: "secret-here", ENDPOINT: "http://s3.lab:9000"}

Compared = Callable[..., dict[str, StoreAccessFinding]]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compared:
    """Compares this process's environment with that of an experiment's Job."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def compare_with(
        *assignments: str,
        here: Mapping[str, str] = HERE,
        secret: tuple[str, ...] | None = KEYS,
        secret_there: bool | None = True,
    ) -> dict[str, StoreAccessFinding]:
        for name, value in here.items():
            monkeypatch.setenv(name, value)
        given = [*assignments, *(["kubernetes.secret=store"] if secret is not None else [])]
        experiment = parse_experiment(Document.parse(EXPERIMENT, "e.yaml").with_overrides(given))
        job = JobTemplate(experiment, experiment.store).job(experiment.runs[0])
        known = Secret("store", secret_there, frozenset(secret or ()) if secret_there else frozenset())
        environment = read_s3_environment(experiment.store)
        command = SecretCommand("lab", known if secret is not None else None, wanted_variables(environment))
        found = list(compare(environment, pod_environment(job, lambda name: known), command))
        said = "\n".join(f"{item.check.says}\n{item.check.fix}" for item in found)
        assert "secret-here" not in said
        assert "AKIA-here" not in said
        return {item.check.name.removeprefix("pods: "): item for item in found}

    return compare_with


def test_all_is_well(compared: Compared) -> None:
    for found in (
        compared(secret=(*KEYS, ENDPOINT)),
        compared(f'kubernetes.env={{{ENDPOINT}: "http://s3.lab:9000/"}}'),
    ):
        assert [item.check.state for item in found.values()] == ["ok", "ok"]
        assert set(found) == {ENDPOINT, ", ".join(KEYS)}


def test_a_secret_without_the_endpoint(compared: Compared) -> None:
    found = compared()[ENDPOINT]
    assert found.certain
    assert found.check.state == "failed"
    assert "this shell uses http://s3.lab:9000 (AWS_ENDPOINT_URL_S3), and pods have none" in found.check.says
    first, second = found.check.fix.splitlines()
    assert (
        first == f"""kubectl -n lab patch secret store -p '{{"stringData": {{"{ENDPOINT}": "http://s3.lab:9000"}}}}'"""
    )
    assert second.endswith(f'kubernetes: {{env: {{{ENDPOINT}: "http://s3.lab:9000"}}}}')


def test_no_secret_at_all(compared: Compared) -> None:
    here = {**HERE, "AWS_DEFAULT_REGION": "eu-1", "AWS_SESSION_TOKEN": "token"}
    found = compared(here=here, secret=None)
    made = (
        'kubectl -n lab create secret generic gridctl-store --from-literal=AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" '
        '--from-literal=AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY" '
        '--from-literal=AWS_SESSION_TOKEN="$AWS_SESSION_TOKEN" '
        f"--from-literal={ENDPOINT}=http://s3.lab:9000 --from-literal=AWS_DEFAULT_REGION=eu-1"
    )
    for name in (ENDPOINT, ", ".join(KEYS), "AWS_DEFAULT_REGION"):
        assert found[name].check.state == "failed"
        assert found[name].check.fix.splitlines()[0] == made
        assert "kubernetes: {secret: gridctl-store}" in found[name].check.fix
    assert found[ENDPOINT].certain
    assert found[", ".join(KEYS)].certain
    assert not found["AWS_DEFAULT_REGION"].certain


def test_the_command_for_missing_keys_can_be_pasted(compared: Compared, tmp_path: Path) -> None:
    """A shell that runs the advice passes the values of its own variables to kubectl."""
    found = compared(secret=("AWS_ACCESS_KEY_ID", ENDPOINT))[", ".join(KEYS)]
    assert found.certain  # only half of a pair is set
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    kubectl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", **HERE}
    said = subprocess.run(
        ["sh", "-c", found.check.fix], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert said.splitlines()[-1] == '{"stringData": {"AWS_SECRET_ACCESS_KEY": "secret-here"}}'


@pytest.mark.parametrize(
    "url", ["http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000", "http://0.0.0.0:9000"]
)
def test_this_machine_is_not_what_pods_reach(url: str, compared: Compared) -> None:
    without = compared(here={**HERE, ENDPOINT: url})[ENDPOINT]
    assert without.certain
    assert "in a pod the pod itself" in without.check.says
    assert "http://ADDRESS-THAT-PODS-REACH:9000" in without.check.fix
    given = compared(f'kubernetes.env={{{ENDPOINT}: "{url}"}}', here={**HERE, ENDPOINT: url})[ENDPOINT]
    assert given.certain
    hidden = compared(here={**HERE, ENDPOINT: url}, secret=(*KEYS, ENDPOINT))[ENDPOINT]
    assert (hidden.check.state, hidden.certain) == ("unknown", False)


def test_a_sidecar_may_be_at_localhost(compared: Compared, tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "k8s" / "templates" / "job.yaml.j2").read_text()
    sidecar = "      containers:\n        - {name: minio, image: minio}\n"
    (tmp_path / "mine.j2").write_text(text.replace("      containers:\n", sidecar))
    given = (f"kubernetes.template={tmp_path / 'mine.j2'}", f'kubernetes.env={{{ENDPOINT}: "http://localhost:9000"}}')
    assert compared(*given)[ENDPOINT].check.state == "unknown"


def test_values_that_differ_are_said_and_not_refused(compared: Compared) -> None:
    found = compared(
        f'kubernetes.env={{{ENDPOINT}: "http://minio.lab.svc:9000", AWS_DEFAULT_REGION: eu-2}}',
        here={**HERE, "AWS_DEFAULT_REGION": "eu-1"},
    )
    for name, ours, theirs in (
        (ENDPOINT, "http://s3.lab:9000", "http://minio.lab.svc:9000"),
        ("AWS_DEFAULT_REGION", "eu-1", "eu-2"),
    ):
        assert (found[name].check.state, found[name].certain) == ("unknown", False)
        assert ours in found[name].check.says
        assert theirs in found[name].check.says


def test_what_nobody_may_look_at_is_unknown(compared: Compared) -> None:
    found = compared(here={**HERE, "AWS_DEFAULT_REGION": "eu-1"}, secret_there=None)
    assert {item.check.state for item in found.values()} == {"unknown"}
    assert not any(item.certain for item in found.values())
    assert "Secret store, which you may not look at" in found[ENDPOINT].check.says
    keys = found["AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"].check.says
    assert keys == "they are to come from Secret store, which you may not look at", "nothing says that they are missing"
    assert f'env: {{{ENDPOINT}: "http://s3.lab:9000"}}' in found[ENDPOINT].check.fix


def test_a_profile_of_this_machine(compared: Compared, tmp_path: Path) -> None:
    (tmp_path / "aws_shared_credentials_file").write_text(
        "[lab]\naws_access_key_id = AKIA-here\naws_secret_access_key = secret-here\n"
    )
    (tmp_path / "aws_config_file").write_text(
        "[profile lab]\nregion = eu-1\nca_bundle = /etc/lab.pem\nservices = lab\ns3 =\n  addressing_style = virtual\n"
        "[services lab]\ns3 =\n  endpoint_url = https://s3.lab\n"
    )
    found = compared(here={"AWS_PROFILE": "lab"}, secret=None)
    assert found[ENDPOINT].certain
    assert "https://s3.lab (profile 'lab' in ~/.aws)" in found[ENDPOINT].check.says
    assert "profile 'lab' in ~/.aws, which pods do not have" in found[", ".join(KEYS)].check.says
    assert {"AWS_CA_BUNDLE", "addressing_style", "AWS_DEFAULT_REGION"} <= set(found)
    taken_along = compared("kubernetes.env={AWS_PROFILE: lab}", here={"AWS_PROFILE": "lab"})
    assert taken_along["AWS_PROFILE"].certain


def test_aws_itself_needs_no_endpoint_and_may_know_the_node(compared: Compared) -> None:
    here = {KEYS[0]: "AKIA-here", KEYS[1]: "secret-here"}
    assert compared(here=here)[ENDPOINT].check.state == "ok"
    without = compared(here=here, secret=None)[", ".join(KEYS)]
    assert (without.check.state, without.certain) == ("failed", False)
    account = compared("kubernetes.service_account=trainer", here=here, secret=None)[", ".join(KEYS)]
    assert account.check.state == "unknown"
    identity = compared(
        "kubernetes.env={AWS_ROLE_ARN: 'arn:aws:iam::1:role/x', AWS_WEB_IDENTITY_TOKEN_FILE: /var/token}",
        here=here,
        secret=None,
    )
    assert identity[", ".join(KEYS)].check.state == "ok"


def test_variables_by_themselves_and_unusable_ones(compared: Compared) -> None:
    one = "{secret: store, key: AWS_SECRET_ACCESS_KEY}"
    found = compared(f"kubernetes.secret_env={{AWS_SECRET_ACCESS_KEY: {one}}}", secret=("AWS_ACCESS_KEY_ID", KEYS[1]))
    assert found[", ".join(KEYS)].check.state == "ok"
    wrong = compared(f"kubernetes.env={{{ENDPOINT}: 's3.lab:9000'}}")
    assert wrong[ENDPOINT].certain
    assert "is not a URL" in wrong[ENDPOINT].check.says


def test_how_s3_is_asked(compared: Compared) -> None:
    here = {**HERE, "AWS_MAX_ATTEMPTS": "9", "AWS_RETRY_MODE": "standard", "http_proxy": "http://proxy:3128"}
    found = compared("kubernetes.env={AWS_RETRY_MODE: legacy}", here=here)
    assert found["AWS_MAX_ATTEMPTS"].check.says == "set here, and not in pods"
    assert "here standard, in pods legacy" in found["AWS_RETRY_MODE"].check.says
    assert found["http_proxy"].check.state == "unknown"
