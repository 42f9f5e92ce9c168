"""Own packages work in pods: the image that docs/plugins.md makes of the examples trains with all of them."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import pytest

from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.waiting import wait_for

IMAGE = os.environ.get("GRIDCTL_TEST_PLUGINS_IMAGE", "")

EXPERIMENT = """
name: demo
models:
  unet: {{channels: [4, 8], batch_size: 4}}
  mine: {{architecture: "own_model.network:ResUNet", width: 4, batch_size: 4}}
train_ratios: [0.5]
seeds: [1, 2]
data:
  train: {{dataset: "own_dataset.hearts:NpzHearts", path: {store}/hearts}}
  target: [left_ventricle, myocardium]
  size_px: 32
  preprocessing: ["own_step.clip:CLIP_OUTLIERS", minmax, resize]
metrics: [soft_dice, "own_metric.area_error:AREA_ERROR"]
training: {{epochs: 1, device: cpu}}
compare: {{model: mine, against: unet}}
backend: kubernetes
store: {store}
"""


def put_hearts(store: Store) -> None:
    """Four patients, each with a bright disc in a ring."""
    rows, columns = np.mgrid[:40, :40]
    noise = np.random.default_rng(1)
    for patient in range(4):
        distance = np.hypot(rows - 20, columns - 20)
        labels = np.where(distance < 5 + patient, 1, np.where(distance < 9 + patient, 2, 0)).astype(np.uint8)
        volume = np.stack([labels] * 3)
        buffer = io.BytesIO()
        images = volume * 80.0 + noise.normal(0, 5, volume.shape)
        np.savez(buffer, images=images, labels=volume, spacing_mm=np.array([1.5, 1.5, 8.0]))
        store.put(f"hearts/p{patient}.npz", buffer.getvalue())


@pytest.mark.slow
@pytest.mark.skipif(
    not IMAGE, reason="GRIDCTL_TEST_PLUGINS_IMAGE names no image of examples/Dockerfile: see CONTRIBUTING"
)
@pytest.mark.timeout(600)
def test_what_only_the_image_has_is_trained_with_and_reported(gridctl: Gridctl, store: Store) -> None:
    """Options of packages that are not installed here cannot be checked: `submit` says so, and the pod checks them."""
    put_hearts(store)
    file = gridctl.folder / "experiment.yaml"
    where = file.read_text().partition("\nkubernetes:\n")[2]
    file.write_text(f"{EXPERIMENT.format(store=store.url)}kubernetes:\n{where}")
    submitted = gridctl("submit", "experiment.yaml", "--set", f"kubernetes.image={IMAGE}")
    assert submitted.returncode == 0, submitted.stderr
    assert "note: options of models.mine are not checked here: no module named 'own_model'" in submitted.stderr
    wait_for(lambda: gridctl.totals().keys() <= {"done", "failed"}, 300)
    assert gridctl.totals() == {"done": 4}, gridctl("logs").stdout
    logs = [stat.key for stat in store.list("demo/") if "demo-mine-" in stat.key and stat.key.endswith(".jsonl")]
    first = json.loads(store.get(logs[0]).data.splitlines()[0])
    used = {(item["kind"], item["distribution"]) for item in first["plugins"]}
    assert used >= {
        ("model", "gridctl-res-unet"),
        ("dataset", "gridctl-own-dataset"),
        ("metric", "gridctl-area-error"),
        ("preprocessing step", "gridctl-own-step"),
    }
    report = gridctl("report", "demo", "--significance", "--metric", "validation.own_metric.area_error:AREA_ERROR")
    assert report.returncode == 0, report.stderr
    assert "area error" in report.stdout
