"""Times the preparation of slices against MONAI transforms that do the same in the same order.

    pip install monai
    OMP_NUM_THREADS=1 python benchmarks/preprocessing.py [--data ROOT] [--size 176] [--rounds 7]

The steps are Gaussian blur, CLAHE, min-max scaling, resizing of image and mask, padding and cropping. MONAI has no
CLAHE on 16-bit integers, so its pipeline calls OpenCV's. ROOT is a folder of ACDC; without it, the slices are synthetic
and have 256x216 pixels. The two pipelines alternate. The script prints images per second of both and their ratio, with
CLAHE and without. The goal is 5x.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.in_turn import median_seconds
from gridctl_trainer.contract.spec import DEFAULT_STEPS, DatasetSpec, DataSpec, StepSpec
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.preprocessing.steps import preprocess, shrunk_shape

Slices = Sequence[tuple[np.ndarray, np.ndarray]]


def scanned(root: Path | None, count: int) -> Slices:
    if root is not None:
        slices = (item for folder in acdc.find_patients(root) for item in acdc.read_patient(folder))
        return [(item.image, item.mask) for item, _ in zip(slices, range(count), strict=False)]
    random = np.random.default_rng(0)
    image = cv2.GaussianBlur(random.uniform(0, 900, (count, 216, 256)).astype(np.float32).transpose(1, 2, 0), (9, 9), 3)
    mask = np.zeros((216, 256), np.uint8)
    mask[80:130, 90:150] = 1
    return [(np.ascontiguousarray(image[..., index]), mask) for index in range(count)]


def ours(size_px: int, steps: tuple[StepSpec, ...]) -> Callable[[np.ndarray, np.ndarray], None]:
    data = DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=size_px, preprocessing=steps)

    def prepare(image: np.ndarray, mask: np.ndarray) -> None:
        preprocess(image[None], mask, data, (1.5, 1.5))

    return prepare


def monai(size_px: int, steps: tuple[StepSpec, ...]) -> Callable[[np.ndarray, np.ndarray], None]:
    from monai.data.meta_obj import set_track_meta
    from monai.transforms import (
        Compose,
        GaussianSmoothd,
        Lambdad,
        Resized,
        ResizeWithPadOrCropd,
        ScaleIntensityd,
    )

    set_track_meta(False)  # this is faster

    def equalised(image: torch.Tensor) -> np.ndarray:
        integers = np.clip(np.rint(np.asarray(image[0])), 0, 65535).astype(np.uint16)
        return cv2.createCLAHE(2.0, (8, 8)).apply(integers).astype(np.float32)[None]

    before = [
        GaussianSmoothd("image", sigma=1.0),
        *([Lambdad("image", equalised)] if steps == DEFAULT_STEPS else []),
        ScaleIntensityd("image", 0.0, 1.0),
    ]
    after = ResizeWithPadOrCropd(("image", "mask"), (size_px, size_px))
    by_shape: dict[tuple[int, ...], Compose] = {}

    def prepare(image: np.ndarray, mask: np.ndarray) -> None:
        if image.shape not in by_shape:
            small = shrunk_shape((image.shape[0], image.shape[1]), size_px)
            resize = [Resized(("image", "mask"), small, mode=("area", "nearest-exact"))] if small != image.shape else []
            by_shape[image.shape] = Compose([*before, *resize, after])
        by_shape[image.shape]({"image": image[None], "mask": mask[None]})

    return prepare


def prepare_all(prepare: Callable[[np.ndarray, np.ndarray], None], slices: Slices) -> None:
    for image, mask in slices:
        prepare(image, mask)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size", type=int, default=176)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    slices = scanned(arguments.data, arguments.images)
    without_clahe = tuple(item for item in DEFAULT_STEPS if item.step != "clahe")
    for steps in (DEFAULT_STEPS, without_clahe):
        found = {"MONAI": monai(arguments.size, steps), "gridctl": ours(arguments.size, steps)}
        works = {name: partial(prepare_all, prepare, slices) for name, prepare in found.items()}
        medians = median_seconds(works, arguments.rounds)
        rates = {name: len(slices) / median for name, median in medians.items()}
        sys.stdout.write(
            f"{len(slices)} slices to {arguments.size} px, {'with' if steps == DEFAULT_STEPS else 'without'} CLAHE: "
            + ", ".join(f"{name} {rate:.0f} images/s" for name, rate in rates.items())
            + f", {rates['gridctl'] / rates['MONAI']:.1f}x\n"
        )


if __name__ == "__main__":
    main()
