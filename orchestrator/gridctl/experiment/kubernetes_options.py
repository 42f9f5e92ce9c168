"""The `kubernetes:` section of an experiment file: where and with what pods run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from gridctl.experiment.quantity import NO_LIMIT, CpuLimit, Cpus, Size, SizeLimit
from gridctl_trainer.contract.fields.quantity import parse_quantity
from gridctl_trainer.contract.fields.text_form import text_form
from gridctl_trainer.contract.frozen import Frozen

_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_NAME: Final = r"[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?"
_IMAGE: Final = r"[a-z0-9]\S*"
_VARIABLE: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_KEY: Final = r"[-._a-zA-Z0-9]+"


def _subdomain(value: str) -> str:
    if len(value) > 253 or not re.fullmatch(_SUBDOMAIN, value):
        raise ValueError("use the name of a Kubernetes object: lowercase letters, digits, '-' and '.'")
    return value


def _label_key(value: str) -> str:
    prefix, slash, name = value.rpartition("/")
    if slash:
        _subdomain(prefix)
    if len(name) > 63 or not re.fullmatch(_LABEL_NAME, name):
        raise ValueError("use the key of a Kubernetes label, such as nvidia.com/gpu.product")
    return value


def _label_value(value: str) -> str:
    if len(value) > 63 or not re.fullmatch(rf"({_LABEL_NAME})?", value):
        raise ValueError("use the value of a Kubernetes label: at most 63 letters, digits, '-', '_' and '.'")
    return value


def _image(value: str) -> str:
    if not re.fullmatch(_IMAGE, value):
        raise ValueError("use the name of an image, such as gridctl-trainer:1.0")
    return value


def _mount_path(value: str) -> str:
    path = PurePosixPath(value)
    if not path.is_absolute() or ".." in path.parts or ":" in value or value == "/":
        raise ValueError("use an absolute path inside the pod, such as /data")
    return str(path)


def _environment_name(value: str) -> str:
    if not re.fullmatch(_VARIABLE, value):
        raise ValueError("use the name of an environment variable")
    if value.startswith("GRIDCTL_"):
        raise ValueError("gridctl sets this one itself")
    return value


def _environment_value(value: str) -> str:
    if len(value.encode()) > MOST_BYTES_OF_A_VARIABLE:
        raise ValueError(f"is longer than the {MOST_BYTES_OF_A_VARIABLE >> 10} KiB that Linux takes")
    return value


def _secret_key(value: str) -> str:
    if len(value) > 253 or not re.fullmatch(_KEY, value):
        raise ValueError("use a key of the Secret: letters, digits, '-', '_' and '.'")
    return value


ObjectName = Annotated[str, AfterValidator(_subdomain), text_form(_SUBDOMAIN, 253)]
LabelKey = Annotated[str, AfterValidator(_label_key), text_form(rf"({_SUBDOMAIN}/)?{_LABEL_NAME}")]
LabelValue = Annotated[
    str,
    Field(coerce_numbers_to_str=True),
    AfterValidator(_label_value),
    text_form(rf"({_LABEL_NAME})?", 63, or_number=True),
]
ImageName = Annotated[str, AfterValidator(_image), text_form(_IMAGE)]
MountPath = Annotated[str, AfterValidator(_mount_path), text_form("/[^:]+")]
EnvironmentName = Annotated[str, AfterValidator(_environment_name), text_form(rf"(?!GRIDCTL_){_VARIABLE}")]
EnvironmentValue = Annotated[
    str, Field(coerce_numbers_to_str=True), AfterValidator(_environment_value), text_form(or_number=True)
]

MOST_BYTES_OF_A_VARIABLE = 128 << 10
"""With its name and the final NUL: MAX_ARG_STRLEN."""

RESERVED_PATHS = ("/dev/shm", "/opt/venv", "/tmp", "/var/cache/gridctl")
"""Paths that the pod uses itself; nothing may be mounted over them."""

_OUR_LABELS = ("gridctl/", "app.kubernetes.io/", "batch.kubernetes.io/")


def _require_at_least(limit: str | None, least: str | None, what: str) -> None:
    if limit not in (None, NO_LIMIT) and least is not None and parse_quantity(str(limit)) < parse_quantity(least):
        raise ValueError(f"{limit} is less than {what}, which is {least}")


class Toleration(Frozen):
    """A taint of nodes that pods tolerate.

    Attributes:
        key: Key of the taint; empty with `Exists` for every taint.
        operator: `Exists` for any value, `Equal` for `value`.
        value: Value of the taint.
        effect: Effect of the taint; None for every effect.
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
        claim: Name of the PersistentVolumeClaim.
        read_only: Whether pods may only read it.
        sub_path: Folder inside it that is mounted; None for all of it.
    """

    claim: ObjectName
    read_only: bool = True
    sub_path: str | None = None


class SecretKey(Frozen):
    """One value of a Secret.

    Attributes:
        secret: The Secret's name.
        key: The Secret's key that holds the value.
    """

    secret: ObjectName
    key: Annotated[str, AfterValidator(_secret_key), text_form(_KEY, 253)]

    @model_validator(mode="before")
    @classmethod
    def _no_value(cls, given: object) -> object:
        if isinstance(given, Mapping | SecretKey):
            return given
        raise ValueError("name the Secret and its key, not the value: {secret: NAME, key: KEY}")


class DataCache(Frozen):
    """Where pods keep fetched data and packs for later pods: one of the two.

    Attributes:
        host_path: Folder on the disk of each node, so that a node fetches once. It must be
            writable for the pods' user, 10001, and the namespace must allow hostPath volumes.
        claim: PersistentVolumeClaim that pods may write to; ReadWriteMany for more than one node.
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
        context: Context of the kubeconfig; None for its current one.
        namespace: Namespace where Jobs are created; None for the context's.
        image: The trainer's image, as the cluster's nodes pull it. Needed.
        image_pull_policy: When nodes pull the image.
        image_pull_secrets: Secrets for a private registry.
        secret: Secret whose keys become environment variables: the store's `AWS_*`.
        service_account: Service account of the pods; None for the namespace's default. No token is mounted.
        gpus: GPUs of each pod; 0 for training on CPUs.
        gpu_resource: What the cluster calls a GPU.
        gpu_product: Value of the node label `nvidia.com/gpu.product` that nodes must have, so that pairs are alike.
        node_selector: Labels that a pod's node must have.
        tolerations: Taints that pods tolerate.
        priority_class: PriorityClass of the pods; None for the cluster's default.
        queue: Kueue's LocalQueue; None without Kueue.
        cpu: CPUs that a pod requests.
        cpu_limit: CPUs that a pod may use; None for `cpu`, `none` for no limit.
        memory: Memory that a pod requests.
        memory_limit: Memory beyond which a pod is killed; None for `memory`, `none` for no limit.
        shm: Size of /dev/shm, counted as memory.
        scratch: Size of /tmp, which holds checkpoints during upload, and data if there is no `data_cache`.
        ephemeral_storage: Local disk that a pod requests, for /tmp and its log; None for `scratch`.
        ephemeral_storage_limit: Local disk beyond which a pod is evicted; None for the larger of
            `ephemeral_storage` and `scratch`, `none` for no limit.
        volumes: PersistentVolumeClaims by the path where pods see them.
        data_cache: Where data fetched from a bucket, and packs, outlive a pod; None for the pod's own /tmp.
        env: Additional environment variables of the pods, none of them secret.
        secret_env: Secret environment variables: which key of which Secret each one is taken from.
        labels: Additional labels of Jobs and pods.
        retries: Failures after which a run is given up; preemptions do not count.
        grace_seconds: From SIGTERM to SIGKILL: at least as long as one checkpoint takes.
        deadline_seconds: Time from the Job's creation, waiting included, until it is given up.
        keep_seconds: How long a finished Job and its pods' logs stay.
        template: Path of a Jinja template to use instead of the built-in one.
        requests_at_once: Requests in flight to the API server while Jobs are created.
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
    cpu: Cpus = "1"
    cpu_limit: CpuLimit | None = None
    memory: Size = "8Gi"
    memory_limit: SizeLimit | None = None
    shm: Size = "1Gi"
    scratch: Size = "4Gi"
    ephemeral_storage: Size | None = None
    ephemeral_storage_limit: SizeLimit | None = None
    volumes: Mapping[MountPath, Volume] = Field(default_factory=dict)
    data_cache: DataCache | None = None
    env: Mapping[EnvironmentName, EnvironmentValue] = Field(default_factory=dict)
    secret_env: Mapping[EnvironmentName, SecretKey] = Field(default_factory=dict)
    labels: Mapping[LabelKey, LabelValue] = Field(default_factory=dict)
    retries: int = Field(3, ge=0, le=1000)
    grace_seconds: int = Field(120, ge=1, le=3600)
    deadline_seconds: int = Field(14 * 86400, ge=60)
    keep_seconds: int = Field(14 * 86400, ge=60)
    template: str | None = None
    requests_at_once: int = Field(16, ge=1, le=128)

    @property
    def requests(self) -> dict[str, str]:
        """What a pod's container requests, by resource."""
        storage = self.ephemeral_storage or self.scratch
        return {"cpu": self.cpu, "memory": self.memory, "ephemeral-storage": storage}

    @property
    def limits(self) -> dict[str, str]:
        """What a pod's container may use, by resource. They equal the requests unless declared otherwise.

        A Job then passes where a LimitRange bounds their ratio or a ResourceQuota requires limits.
        """
        requests = self.requests
        given = {
            "cpu": self.cpu_limit or self.cpu,
            "memory": self.memory_limit or self.memory,
            "ephemeral-storage": self.ephemeral_storage_limit
            or max(requests["ephemeral-storage"], self.scratch, key=parse_quantity),
        }
        return {resource: limit for resource, limit in given.items() if limit != NO_LIMIT}

    @field_validator("cpu_limit", "memory_limit", "ephemeral_storage_limit")
    @classmethod
    def _at_least_what_is_requested(cls, value: str | None, info: ValidationInfo) -> str | None:
        name = str(info.field_name).removesuffix("_limit")
        _require_at_least(value, info.data.get(name), f"the request, kubernetes.{name}")
        if name == "ephemeral_storage":
            _require_at_least(value, info.data.get("scratch"), "kubernetes.scratch")
        return value

    @field_validator("shm")
    @classmethod
    def _fits_into_the_memory(cls, value: str, info: ValidationInfo) -> str:
        limit = info.data.get("memory_limit") or info.data.get("memory")
        if limit and limit != NO_LIMIT and parse_quantity(value) > parse_quantity(limit):
            raise ValueError(
                f"{value} is more than the memory limit of {limit}, and what lies in /dev/shm counts to it"
            )
        return value

    @model_validator(mode="after")
    def _no_label_of_ours(self) -> KubernetesOptions:
        ours = [key for key in self.labels if key.startswith(_OUR_LABELS)]
        if ours:
            raise ValueError(f"labels: {', '.join(ours)} is set by gridctl or by Kubernetes")
        covered = [path for path in self.volumes if path in RESERVED_PATHS]
        if covered:
            raise ValueError(f"volumes: {', '.join(covered)} is used by the trainer itself; choose another path")
        return self
