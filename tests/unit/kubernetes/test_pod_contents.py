"""The data folders and GPUs of pods are read from the rendered Jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.executors.check import Check
from gridctl.executors.kubernetes.manifest.job_template import JobTemplate
from gridctl.executors.kubernetes.preflight.pod_contents import pod_contents
from tests.unit.test_manifest import PLAIN, TEMPLATE, experiment

CLAIM = "{claim: gridctl-data}"


def found(*assignments: str) -> list[Check]:
    made = experiment(PLAIN, *assignments)
    template = JobTemplate(made, made.store)
    return pod_contents(made, made.runs, [template.job(run) for run in made.runs])


def test_data_that_no_volume_brings_are_named_once_with_their_line() -> None:
    acdc, sunnybrook = found()
    assert acdc.name == "data"
    assert acdc.state == "unknown", "the image may hold them"
    assert acdc.says == "demo.yaml:6: no volume of the pods is mounted at or above /data/acdc"
    assert "kubernetes.volumes: {/data: {claim: NAME}}" in acdc.fix
    assert "data.external.sunnybrook.path: s3://bucket/prefix" in sunnybrook.fix


@pytest.mark.parametrize(
    "assignment",
    [
        f"kubernetes.volumes={{/data: {CLAIM}}}",
        f"kubernetes.volumes={{/data/acdc: {CLAIM}, /data/sunnybrook: {CLAIM}}}",
        f"kubernetes.volumes={{/data/acdc/training: {CLAIM}, /data/sunnybrook: {CLAIM}}}",
        "data={train: {dataset: acdc, path: s3://lab/acdc}, external: {sunnybrook: {dataset: sunnybrook, path: s3://lab/sunnybrook}}}",
    ],
)
def test_volumes_at_above_and_below_and_buckets_bring_them(assignment: str) -> None:
    assert found(assignment) == []


@pytest.mark.parametrize("folder", ["/database/acdc", "/dat", "/tmp/acdc", "/"])
def test_a_volume_of_a_similar_name_does_not_and_an_empty_folder_does_not(folder: str) -> None:
    volume = f"kubernetes.volumes={{/data: {CLAIM}}}"
    found_there = found(volume, f"data.train.path={folder}", "data.external.sunnybrook=null")
    assert len(found_there) == (0 if folder == "/" else 1), "below / everything is mounted"


def test_what_an_init_container_may_have_filled_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml.j2"
    init = "      initContainers: [{name: fetch, image: curl}]\n      containers:\n"
    own.write_text(TEMPLATE.read_text().replace("      containers:\n", init, 1))
    assert found(f"kubernetes.template={own}", "data={train: {dataset: acdc, path: /tmp/acdc}}") == []


@pytest.mark.parametrize(
    ("device", "gpus", "said"),
    [
        ("cpu", 1, "each pod asks for 1 GPU and would not use it"),
        ("cuda", 0, "pods ask for no GPU"),
        ("cpu", 0, ""),
        ("auto", 1, ""),
        ("auto", 0, ""),
        ("cuda", 1, ""),
    ],
)
def test_gpus_and_device_that_contradict_each_other_are_said(device: str, gpus: int, said: str) -> None:
    given = [f"kubernetes.volumes={{/data: {CLAIM}}}", f"training.device={device}", f"kubernetes.gpus={gpus}"]
    says = [check.says for check in found(*given)]
    assert len(says) == bool(said), says
    assert all(said in text for text in says)
