"""The `kubernetes:` section of an experiment file: where and with what pods run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from trainer.contract.frozen import Frozen


def _quantity(value: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?", value):
        raise ValueError("use a quantity of Kubernetes, such as 500m, 2, 512Mi or 8Gi")
    return value


def _subdomain(value: str) -> str:
    label = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    if len(value) > 253 or not re.fullmatch(rf"{label}(\.{label})*", value):
        raise ValueError("use the name of a Kubernetes object: lowercase letters, digits, '-' and '.'")
    return value


def _label_key(value: str) -> str:
    prefix, _, name = value.rpartition("/")
    if prefix:
        _subdomain(prefix)
    if len(name) > 63 or not re.fullmatch(r"[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?", name):
        raise ValueError("use the key of a Kubernetes label, such as nvidia.com/gpu.product")
    return value


def _label_value(value: str) -> str:
    if len(value) > 63 or not re.fullmatch(r"([A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?)?", value):
        raise ValueError("use the value of a Kubernetes label: at most 63 letters, digits, '-', '_' and '.'")
    return value


def _image(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]\S*", value):
        raise ValueError("use the name of an image, such as gridctl-trainer:1.0")
    return value


def _mount_path(value: str) -> str:
    path = PurePosixPath(value)
    if not path.is_absolute() or ".." in path.parts or ":" in value or value == "/":
        raise ValueError("use an absolute path inside the pod, such as /data")
    return str(path)


def _environment_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("use the name of an environment variable")
    if re.search(r"SECRET|TOKEN|PASSWORD|CREDENTIAL|PRIVATE|ACCESS_KEY", value.upper()):
        raise ValueError("put it into a Secret and name that in kubernetes.secret: a Job can be read by many")
    if value.startswith("GRIDCTL_"):
        raise ValueError("gridctl sets this one itself")
    return value


Quantity = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_quantity)]
ObjectName = Annotated[str, AfterValidator(_subdomain)]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_label_value)]
ImageName = Annotated[str, AfterValidator(_image)]
MountPath = Annotated[str, AfterValidator(_mount_path)]
EnvironmentName = Annotated[str, AfterValidator(_environment_name)]
EnvironmentValue = Annotated[str, Field(coerce_numbers_to_str=True)]

RESERVED_PATHS = ("/app", "/dev/shm", "/opt/venv", "/tmp", "/var/cache/gridctl")
"""Where the pod has its own things; nothing else may be mounted over them."""

_OUR_LABELS = ("gridctl/", "app.kubernetes.io/", "batch.kubernetes.io/")


class Toleration(Frozen):
    """A taint of nodes that pods put up with.

    Attributes:
        key: Of the taint; empty with `Exists` for every taint.
        operator: `Exists` for any value, `Equal` for `value`.
        value: Of the taint.
        effect: Of the taint; None for every effect.
    """

    key: str = ""
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Toleration:
        if self.operator == "Exists" and self.value:
            raise ValueError("a value needs `operator: Equal`")
        if self.operator == "Equal" and not self.key:
            raise ValueError("`operator: Equal` needs a key")
        return self


class Volume(Frozen):
    """A PersistentVolumeClaim mounted in every pod.

    Attributes:
        claim: Its name.
        read_only: Whether pods may only read it.
        sub_path: Folder inside it that is mounted; None for all of it.
    """

    claim: ObjectName
    read_only: bool = True
    sub_path: str | None = None


class DataCache(Frozen):
    """Where pods keep fetched data and packs, so that the next pod finds them: one of the two.

    Attributes:
        host_path: Folder on the disk of each node, so that a node fetches once. It must be
            writable for the pods' user, 10001, and the namespace must allow hostPath volumes.
        claim: PersistentVolumeClaim that pods may write to; ReadWriteMany for more than a node.
    """

    host_path: MountPath | None = None
    claim: ObjectName | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> DataCache:
        if (self.host_path is None) == (self.claim is None):
            raise ValueError("give either host_path, a folder of every node, or claim, a PersistentVolumeClaim")
        return self


class KubernetesOptions(Frozen):
    """Where and with what pods run; nothing here changes a result or a `run_id`.

    Attributes:
        context: Of the kubeconfig; None for its current one.
        namespace: None for the context's.
        image: The trainer's, as the cluster's nodes pull it. Needed.
        image_pull_policy: When nodes pull it.
        image_pull_secrets: Secrets for a private registry.
        secret: Secret whose keys become environment variables: the store's `AWS_*`.
        service_account: The pods'; None for the namespace's default. No token is mounted.
        gpus: A pod's; 0 for training on CPUs.
        gpu_resource: What the cluster calls a GPU.
        gpu_product: Value of the node label `nvidia.com/gpu.product`, so that pairs are alike.
        node_selector: Labels that a pod's node must have.
        tolerations: Taints that pods put up with.
        priority_class: The pods'.
        queue: Kueue's LocalQueue; None without Kueue.
        cpu: CPUs asked for by a pod.
        memory: Memory asked for by a pod, which is also its limit.
        shm: Size of /dev/shm, counted as memory.
        scratch: Size of /tmp, where a checkpoint lies while it travels, and data without a `data_cache`.
        volumes: PersistentVolumeClaims by the path where pods see them.
        data_cache: Where what is fetched from a bucket, and packs, outlive a pod; None for its own /tmp.
        env: More environment variables, none of them secret.
        labels: More labels of Jobs and pods.
        retries: Failures that are counted before a run is given up; preemptions are not.
        grace_seconds: From SIGTERM to SIGKILL: at least as long as one checkpoint takes.
        deadline_seconds: From the Job's creation, waiting included, until it is given up.
        keep_seconds: How long a finished Job and its pods' logs stay.
        template: Path of a Jinja template to use instead of the built-in one.
        requests_at_once: To the API server.
    """

    context: str | None = None
    namespace: ObjectName | None = None
    image: ImageName | None = None
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[ObjectName, ...] = ()
    secret: ObjectName | None = None
    service_account: ObjectName | None = None
    gpus: int = Field(1, ge=0, le=64)
    gpu_resource: LabelKey = "nvidia.com/gpu"
    gpu_product: LabelValue | None = None
    node_selector: Mapping[LabelKey, LabelValue] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    priority_class: ObjectName | None = None
    queue: ObjectName | None = None
    cpu: Quantity = "1"
    memory: Quantity = "8Gi"
    shm: Quantity = "1Gi"
    scratch: Quantity = "4Gi"
    volumes: Mapping[MountPath, Volume] = Field(default_factory=dict)
    data_cache: DataCache | None = None
    env: Mapping[EnvironmentName, EnvironmentValue] = Field(default_factory=dict)
    labels: Mapping[LabelKey, LabelValue] = Field(default_factory=dict)
    retries: int = Field(3, ge=0, le=1000)
    grace_seconds: int = Field(120, ge=1, le=3600)
    deadline_seconds: int = Field(14 * 86400, ge=60)
    keep_seconds: int = Field(14 * 86400, ge=60)
    template: str | None = None
    requests_at_once: int = Field(16, ge=1, le=128)

    @model_validator(mode="after")
    def _no_label_of_ours(self) -> KubernetesOptions:
        ours = [
            key for key in self.labels if key.startswith(("gridctl/", "app.kubernetes.io/", "batch.kubernetes.io/"))
        ]
        if ours:
            raise ValueError(f"labels: {', '.join(ours)} is set by gridctl or by Kubernetes")
        covered = [path for path in self.volumes if path in RESERVED_PATHS]
        if covered:
            raise ValueError(f"volumes: {', '.join(covered)} is used by the trainer itself; choose another path")
        return self
