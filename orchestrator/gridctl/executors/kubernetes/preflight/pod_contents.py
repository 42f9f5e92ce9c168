"""Whether pods have what their runs need, as far as the rendered Jobs show: folders of data, and GPUs.

An image may hold data, and a node may expose its GPUs to every pod: so these are warnings, not errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from gridctl.executors.check import Check
from gridctl.executors.kubernetes.manifest.job_template import gpus_of
from gridctl.executors.kubernetes.store_access.pod_environment import trainer_container
from gridctl.experiment import Experiment
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count

Json = Mapping[str, Any]


def pod_contents(experiment: Experiment, runs: Sequence[RunSpec], manifests: Sequence[Json]) -> list[Check]:
    """What pods seem to lack or to ask for needlessly, each once.

    Args:
        experiment: Of the runs.
        runs: To be started.
        manifests: Their Jobs, as rendered and checked.
    """
    found: dict[Check, None] = {}
    for run, manifest in zip(runs, manifests, strict=True):
        found.update(dict.fromkeys(_unmounted_data(experiment, run, manifest)))
        found.update(dict.fromkeys(_gpus(experiment, run, manifest)))
    return list(found)


def _unmounted_data(experiment: Experiment, run: RunSpec, manifest: Json) -> Iterator[Check]:
    mounts = _mounts(manifest)
    for keys, found in run.data.places:
        place = read_location(found.path)
        if place.is_remote:
            continue
        folder, field = PurePosixPath(place.path), ".".join(("data", *keys, "path"))
        if any(folder.is_relative_to(mount) or mount.is_relative_to(folder) for mount in mounts):
            continue
        where = experiment.document.where(("data", *keys, "path"))
        says = f"{where}: no volume of the pods is mounted at or above {folder}"
        claim = f"{{{folder.parent if len(folder.parts) > 2 else folder}: {{claim: NAME}}}}"
        fix = f"right if the image holds it; else kubernetes.volumes: {claim}, or {field}: s3://bucket/prefix"
        yield Check("data", "unknown", says, fix)


def _mounts(manifest: Json) -> list[PurePosixPath]:
    """Mount paths of volumes that may hold something when the trainer starts."""
    pod = manifest["spec"]["template"]["spec"]
    filled = bool(pod.get("initContainers"))  # by which an emptyDir may have been filled
    volumes = {item.get("name"): item for item in pod.get("volumes") or ()}
    mounts = trainer_container(manifest).get("volumeMounts") or ()
    return [
        PurePosixPath(str(mount.get("mountPath", "")))
        for mount in mounts
        if filled or "emptyDir" not in volumes.get(mount.get("name"), {})
    ]


def _gpus(experiment: Experiment, run: RunSpec, manifest: Json) -> Iterator[Check]:
    device, gpus = run.training.device, gpus_of(manifest, experiment.kubernetes.gpu_resource)
    if device == "cpu" and gpus:
        says = f"each pod asks for {count(gpus, 'GPU')} and would not use it: training.device is cpu"
        yield Check("GPUs", "unknown", says, "kubernetes.gpus: 0, or leave training.device out")
    elif device == "cuda" and not gpus:
        says = "training.device is cuda, and pods ask for no GPU: a run ends with exit code 2 if it finds none"
        yield Check("GPUs", "unknown", says, "kubernetes.gpus: 1, or leave training.device out")
