"""The manifest of a Job is pinned word for word, and every mistake in a template is reported with its place.

After an intended change of the template: GRIDCTL_UPDATE_GOLDEN=1 python -m pytest tests/unit/test_manifest.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from gridctl.errors import InputError
from gridctl.executors.kubernetes.manifest.job_template import JobTemplate, gpus_of, shape_of
from gridctl.experiment import Document, Experiment, parse_experiment

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "tests" / "assets"
TEMPLATE = ROOT / "k8s" / "templates" / "job.yaml.j2"

PLAIN = """\
name: demo
models: {unet: {}, gamma_net: {}}
train_ratios: [0.5]
seeds: [1, 2]
data:
  train: {dataset: acdc, path: /data/acdc}
  external: {sunnybrook: {dataset: sunnybrook, path: /data/sunnybrook}}
backend: kubernetes
store: s3://bucket/runs
kubernetes:
  image: gridctl-trainer:1
"""
EVERYTHING = (
    PLAIN
    + """\
  namespace: research
  secret: gridctl-store
  volumes: {/data: {claim: gridctl-data}}
  data_cache: {claim: gridctl-cache}
  gpus: 1
  gpu_product: NVIDIA-A100
  cpu: "4"
  memory: 16Gi
  shm: 2Gi
  scratch: 10Gi
  node_selector: {disk: ssd}
  tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
  priority_class: low
  queue: team
  service_account: trainer
  image_pull_secrets: [registry]
  labels: {cost-centre: "42"}
"""
)


def experiment(text: str, *assignments: str) -> Experiment:
    return parse_experiment(Document.parse(text, "demo.yaml").with_overrides(assignments))


@pytest.mark.parametrize(("name", "text"), [("plain", PLAIN), ("everything", EVERYTHING)])
def test_the_manifest_is_the_one_that_was_checked_in(name: str, text: str) -> None:
    made = experiment(text)
    written = JobTemplate(made, made.store).text(made.runs[0])
    golden = ASSETS / f"job_{name}.yaml"
    if os.environ.get("GRIDCTL_UPDATE_GOLDEN"):
        golden.write_text(written)
    assert written == golden.read_text()


def test_no_secret_and_no_moment_is_in_a_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    made = experiment(EVERYTHING)
    template = JobTemplate(made, made.store)
    assert "hush" not in template.text(made.runs[0])
    assert template.text(made.runs[0]) == JobTemplate(made, made.store).text(made.runs[0])


def test_pods_are_what_pod_security_restricted_asks_for() -> None:
    made = experiment(EVERYTHING)
    pod = JobTemplate(made, made.store).job(made.runs[0])["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_specification_reaches_the_trainer_without_a_shell() -> None:
    made = experiment(EVERYTHING)
    job = JobTemplate(made, made.store).job(made.runs[0])
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert f"s3://bucket/runs/demo/{made.runs[0].run_id}/spec.json" in container["args"]
    assert "sh" not in container.get("command", [])
    assert gpus_of(job, "nvidia.com/gpu") == 1


def test_runs_that_differ_in_names_alone_have_one_shape() -> None:
    made = experiment(EVERYTHING)
    template = JobTemplate(made, made.store)
    assert len({shape_of(template.job(run)) for run in made.runs}) == 1


def changed(folder: Path, old: str, new: str) -> str:
    text = TEMPLATE.read_text()
    assert old in text
    path = folder / "mine.yaml.j2"
    path.write_text(text.replace(old, new, 1))
    return f"kubernetes.template={path}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{ run_id | tojson }}", "{{ run_name }}", "'run_name' is undefined"),
        ("{{ run_id | tojson }}", "{{ run_id | tojson", "not a Jinja template"),
        ("{{ run_id | tojson }}", "fixed", "not the run's id"),
        ("apiVersion: batch/v1", "apiVersion: v1", "is 'v1', not batch/v1"),
        ("restartPolicy: Never", "restartPolicy: OnFailure", "must be Never"),
        ("podReplacementPolicy: Failed", "podReplacementPolicy: TerminatingOrFailed", "two pods train one run"),
        ('status: "True"', "status: true", "status is a string"),
        (
            "{containerName: trainer, operator: In, values: [",
            "{containerName: other, operator: In, values: [",
            "no container",
        ),
        ("kind: Job", "kind: Job\nkind: Job", "'kind' is given twice"),
        ("kind: Job", "kind: [Job", "not YAML"),
        ("labels: {{ labels | tojson }}", "labels: {}", "gridctl would not find it again"),
        ("{{ spec_url | tojson }}", '"elsewhere"', "none gets the specification"),
    ],
)
def test_a_template_with_a_mistake_is_refused_with_its_place(old: str, new: str, said: str, tmp_path: Path) -> None:
    made = experiment(PLAIN, changed(tmp_path, old, new))
    with pytest.raises(InputError) as raised:
        JobTemplate(made, made.store).job(made.runs[0])
    assert any(said in problem.what for problem in raised.value.problems), raised.value
    assert all("mine.yaml.j2" in problem.where for problem in raised.value.problems)


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    made = experiment(PLAIN, f"kubernetes.template={tmp_path / 'none.j2'}")
    with pytest.raises(InputError, match="cannot read the template"):
        JobTemplate(made, made.store)


def test_all_that_pods_could_not_use_is_said_at_once() -> None:
    text = (
        PLAIN.replace("s3://bucket/runs", "runs")
        .replace("/data/acdc", "acdc")
        .replace("image: gridctl-trainer:1", "gpus: 0")
    )
    made = experiment(text)
    with pytest.raises(InputError) as raised:
        JobTemplate(made, made.store)
    said = "\n".join(map(str, raised.value.problems))
    for words in ("kubernetes.image", "pods cannot reach the folder runs", "pods cannot reach acdc", "data upload"):
        assert words in said


def test_data_in_a_bucket_needs_no_volume_and_a_folder_of_the_node_may_keep_it() -> None:
    text = PLAIN.replace("/data/acdc", "s3://bucket/acdc") + "  data_cache: {host_path: /var/lib/data}\n"
    made = experiment(text)
    pod = JobTemplate(made, made.store).job(made.runs[0])["spec"]["template"]["spec"]
    (cache,) = [volume for volume in pod["volumes"] if volume["name"] == "data-cache"]
    assert cache["hostPath"] == {"path": "/var/lib/data", "type": "DirectoryOrCreate"}
    (container,) = pod["containers"]
    mount = next(item["mountPath"] for item in container["volumeMounts"] if item["name"] == "data-cache")
    assert {"name": "GRIDCTL_CACHE", "value": mount} in container["env"]


@pytest.mark.parametrize("given", ["{}", "{claim: a, host_path: /b}"])
def test_a_data_cache_is_one_of_two(given: str) -> None:
    with pytest.raises(InputError, match="give either host_path"):
        experiment(PLAIN + f"  data_cache: {given}\n")


@pytest.mark.parametrize("path", sorted((ROOT / "k8s" / "base").glob("*.yaml")), ids=lambda path: path.name)
def test_the_base_is_yaml_that_names_its_kinds(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        assert document["kind"]
