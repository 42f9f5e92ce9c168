"""Packages of one's own in pods: the image that docs/plugins.md makes of the examples trains them."""

from __future__ import annotations

import json
import os

import pytest

from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.waiting import wait_for

IMAGE = os.environ.get("GRIDCTL_TEST_PLUGINS_IMAGE", "")


@pytest.mark.slow
@pytest.mark.skipif(
    not IMAGE, reason="GRIDCTL_TEST_PLUGINS_IMAGE names no image of examples/Dockerfile: see CONTRIBUTING"
)
@pytest.mark.timeout(600)
def test_a_model_that_only_the_image_has_is_trained_and_reported(gridctl: Gridctl, store: Store) -> None:
    """Its options cannot be checked here, where it is not installed: `submit` says so, and the pod checks them."""
    file = gridctl.folder / "experiment.yaml"
    before, _, after = file.read_text().partition("  gamma_net:")
    _, _, rest = after.partition("\n")
    file.write_text(f'{before}  mine: {{architecture: "own_model.network:ResUNet", width: 4, batch_size: 4}}\n{rest}')
    submitted = gridctl(
        "submit",
        "experiment.yaml",
        "--set",
        "seeds=[1]",
        "--set",
        "training.epochs=1",
        "--set",
        f"kubernetes.image={IMAGE}",
    )
    assert submitted.returncode == 0, submitted.stderr
    assert "note: options of models.mine are not checked here: no module named 'own_model'" in submitted.stderr
    wait_for(lambda: gridctl.totals().keys() <= {"done", "failed"}, 300)
    assert gridctl.totals() == {"done": 2}, gridctl("logs").stdout
    (log,) = [stat.key for stat in store.list("demo/") if "demo-mine-" in stat.key and stat.key.endswith(".jsonl")]
    first = json.loads(store.get(log).data.splitlines()[0])
    (plugin,) = [item for item in first["plugins"] if item["kind"] == "model"]
    assert (plugin["distribution"], plugin["version"]) == ("gridctl-res-unet", "0.1.0")
    report = gridctl("report", "demo")
    assert report.returncode == 0, report.stderr
    assert "mine" in report.stdout
