"""Provides a real cluster and a real S3 server, named by the environment, and a namespace and prefix for each test."""

from __future__ import annotations

import json
import os
import textwrap
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridctl.executors.kubernetes import KubernetesExecutor
from gridctl.executors.kubernetes.api.connection import open_connection
from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl_trainer.storage.base import Store, open_store
from tests import s3_server
from tests.cluster.commands import Gridctl
from tests.forked_commands import ForkedCommand
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
IMAGE = os.environ.get("GRIDCTL_TEST_IMAGE", "")
PARTS = os.environ.get("GRIDCTL_TEST_CLUSTER_PARTS", "")
"""A command with which to `stop` and `start` parts of a cluster on this machine: kubelet, kube-apiserver."""
HOW_TO_GET_ONE = (
    "no cluster: set KUBECONFIG to one where you may make namespaces (kind create cluster, k3d cluster create), "
    "GRIDCTL_TEST_IMAGE to an image of tests/cluster/image that its nodes have, and AWS_* as for the S3 tests"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    there = bool(os.environ.get("KUBECONFIG") and IMAGE and s3_server.is_there())
    if os.environ.get("GRIDCTL_TEST_REQUIRE_CLUSTER") and not there:
        raise pytest.UsageError(f"GRIDCTL_TEST_REQUIRE_CLUSTER is set, but there is {HOW_TO_GET_ONE}")
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.cluster)
            if not there:
                item.add_marker(pytest.mark.skip(reason=HOW_TO_GET_ONE))


class Cluster:
    """The API server, with the rights of an administrator."""

    def __init__(self) -> None:
        self.connection = open_connection(None, None, 8)
        self.api = Api(self.connection)

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self.api.request("POST", path, body=body).body

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self.api.get(path, **query)

    def patch(self, path: str, body: Mapping[str, Any]) -> None:
        headers = self.connection.headers() | {"Content-Type": "application/merge-patch+json"}
        url = self.connection.server + path
        answer = self.connection.pool.request("PATCH", url, body=json.dumps(body), headers=headers)
        assert answer.status == 200, answer.data

    def delete(self, path: str, **query: str) -> None:
        try:
            self.api.request("DELETE", path, query)
        except RefusedError as error:
            if error.status != 404:
                raise


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace with everything from k8s/base and the Secret of the store, which is deleted after the test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    apply_base(cluster, name)
    secret = {key: value for key, value in os.environ.items() if key.startswith("AWS_") and key != "AWS_CA_BUNDLE"}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gridctl-store"}, "stringData": secret}
    cluster.create(f"/api/v1/namespaces/{name}/secrets", body)
    wait_for(
        lambda: cluster.get(f"/api/v1/namespaces/{name}/serviceaccounts", fieldSelector="metadata.name=default")[
            "items"
        ]
    )
    yield name
    jobs = f"/apis/batch/v1/namespaces/{name}/jobs"
    cluster.delete(jobs, propagationPolicy="Background")
    cluster.delete(f"/api/v1/namespaces/{name}/pods", gracePeriodSeconds="0")
    cluster.delete(f"/api/v1/namespaces/{name}")


def apply_base(cluster: Cluster, namespace: str) -> None:
    """What `kubectl apply -k k8s/base` applies, in another namespace."""
    base = ROOT / "k8s" / "base"
    paths = {
        "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
        "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
        "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
        "ResourceQuota": "/api/v1/namespaces/{}/resourcequotas",
        "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
        "Namespace": "/api/v1/namespaces",
    }
    for name in yaml.safe_load((base / "kustomization.yaml").read_text())["resources"]:
        for item in yaml.safe_load_all((base / name).read_text()):
            if item["kind"] == "Namespace":
                item["metadata"]["name"] = namespace
            cluster.create(paths[item["kind"]].format(namespace), item)


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store(f"s3://{s3_server.BUCKET}/cluster-tests/{uuid.uuid4().hex}")
    yield store
    for stat in list(store.list()):
        store.delete(stat.key)


EXPERIMENT = """
name: {name}
models:
  unet: {{channels: [4, 8], batch_size: 4}}
  gamma_net: {{channels: [4, 8], down_fgru_kernels: [3, 1], up_fgru_kernels: [3], batch_size: 4, timesteps: 1}}
train_ratios: [0.5]
seeds: [1, 2]
data:
  train: {{dataset: acdc, path: /data/acdc}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: /data/sunnybrook}}}}
  size_px: 32
training: {{epochs: 4, checkpoint_every_epochs: 1, device: cpu}}
backend: kubernetes
store: {store}
kubernetes:
  namespace: {namespace}
  image: {image}
  secret: gridctl-store
  gpus: 0
  cpu: 100m
  cpu_limit: none
  memory: 1Gi
  scratch: 200Mi
  shm: 64Mi
  grace_seconds: 20
"""


@pytest.fixture
def experiment(namespace: str, store: Store) -> Callable[..., Experiment]:
    """Makes experiments in the test's namespace, changed by `--set` assignments."""

    def make(*assignments: str, name: str = "demo") -> Experiment:
        text = EXPERIMENT.format(name=name, store=store.url, namespace=namespace, image=IMAGE)
        return parse_experiment(Document.parse(text, "experiment.yaml").with_overrides(assignments))

    return make


@pytest.fixture
def stub(tmp_path: Path) -> Callable[[str], str]:
    """An assignment of `--set` for a template whose container runs a few lines of Python instead of the trainer."""

    def make(script: str) -> str:
        text = (ROOT / "k8s" / "templates" / "job.yaml.j2").read_text()
        line = '          args: ["run", {{ spec_url | tojson }}, "--progress", "none"]\n'
        assert line in text
        command = yaml.dump(["python", "-c", textwrap.dedent(script)], default_flow_style=True, width=10**9)
        path = tmp_path / f"{uuid.uuid4().hex}.yaml.j2"
        path.write_text(text.replace(line, f"          command: {command.strip()}\n{line}"))
        return f"kubernetes.template={path}"

    return make


def backend(experiment: Experiment) -> KubernetesExecutor:
    return KubernetesExecutor(experiment, open_store(experiment.store))


@pytest.fixture
def gridctl(namespace: str, store: Store, tmp_path: Path, forked_gridctl: ForkedCommand) -> Gridctl:
    """Runs commands in a folder that holds the experiment file."""
    text = EXPERIMENT.format(name="demo", store=store.url, namespace=namespace, image=IMAGE)
    (tmp_path / "experiment.yaml").write_text(text)
    return Gridctl(tmp_path, forked_gridctl)
