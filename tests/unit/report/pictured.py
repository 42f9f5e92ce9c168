"""Adds samples and ejection fractions of finished runs to what `logged` writes."""

from __future__ import annotations

import cv2
import numpy as np

from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.run_result import PatientFunction, ResultRecord
from gridctl_trainer.contract.records.samples import Polygon, SampleOutput, SamplesIndex, SampleSlice
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import DICE

SIDE = 24
PATIENTS = 6


def add_samples(store: FolderStore, run: RunSpec, *, name: str = "patient001 ED slice 03") -> None:
    """Write one slice of each set, for γ-Net after each of two timesteps."""
    layout = RunLayout(run.experiment, run.run_id)
    steps = 2 if run.model == "gamma_net" else 1
    slices = []
    for set_name in ("validation", "sunnybrook"):
        stem = f"{set_name}-slice"
        for picture in ("image", "truth", *(f"output-{step:02d}" for step in range(1, steps + 1))):
            store.put(layout.sample(f"{stem}-{picture}"), _png())
        outputs = tuple(
            SampleOutput(
                timestep=step,
                picture=f"{stem}-output-{step:02d}",
                outline=(_square(step),),
                scores={DICE: 0.5 + step / 10},
            )
            for step in range(1, steps + 1)
        )
        slices.append(
            SampleSlice(
                set=set_name,
                name=name,
                patient=name.split(maxsplit=1)[0],
                picture=f"{stem}-image",
                truth=f"{stem}-truth",
                truth_outline=(_square(0),),
                outputs=outputs,
            )
        )
    index = SamplesIndex(run_id=run.run_id, size_px=SIDE, timesteps=steps, slices=tuple(slices))
    store.put(layout.samples_index, index.to_json())


def add_function(store: FolderStore, run: RunSpec, *, lost: int = 0) -> None:
    """Write ejection fractions of a few patients of each set, except for those in `lost`."""
    layout = RunLayout(run.experiment, run.run_id)
    result = ResultRecord.from_json(store.get(layout.result).data)
    bias = 0.02 if run.model == "gamma_net" else -0.05
    patients = []
    for set_name in ("validation", "sunnybrook"):
        for number in range(PATIENTS):
            true = 0.3 + 0.05 * number
            found = true + bias + 0.01 * ((number + run.seed) % 3)
            patients.append(
                PatientFunction(
                    set=set_name,
                    patient=f"patient{number:03d}",
                    true_edv_ml=100,
                    true_esv_ml=100 * (1 - true),
                    true_ef=true,
                    predicted_edv_ml=100 if number >= lost else 0,
                    predicted_esv_ml=100 * (1 - found) if number >= lost else 0,
                    predicted_ef=found if number >= lost else None,
                )
            )
    store.put(layout.result, result.model_copy(update={"function": tuple(patients)}).to_json())


def _png() -> bytes:
    y, x = np.mgrid[:SIDE, :SIDE]
    _, encoded = cv2.imencode(".png", (255 * ((x - 12) ** 2 + (y - 12) ** 2 < 40)).astype(np.uint8))
    return encoded.tobytes()


def _square(shift: int) -> Polygon:
    return ((6.0 + shift, 6.0), (18.0 + shift, 6.0), (18.0 + shift, 18.0), (6.0 + shift, 18.0))
