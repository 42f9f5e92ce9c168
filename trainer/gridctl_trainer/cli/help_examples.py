"""Examples of every command of `gridctl-trainer`, which its help shows at the end. A test runs each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("gridctl-trainer data phantom data/phantom", "gridctl-trainer describe gamma_net"),
    "run": ("gridctl-trainer run runs/demo/demo-unet-r30-none-s42-*/spec.json",),
    "preflight": ("gridctl-trainer preflight runs/demo/*/spec.json",),
    "predict": ("gridctl-trainer predict runs/demo/*unet-r30*s42*/spec.json data -o masks",),
    "weights": ("gridctl-trainer weights runs/demo/*unet-r30*s42*/spec.json",),
    "describe": (
        "gridctl-trainer describe unet --size-px 176 --batch-size 8",
        "gridctl-trainer describe gamma_net --set timesteps=4 --card-gib 24",
    ),
    "score": (
        "gridctl-trainer score data/phantom/acdc data/phantom/acdc --dataset acdc",
        "gridctl-trainer score data/phantom data/phantom --labels 1=rv,2=myo,3=lv",
    ),
    "data": (
        "gridctl-trainer data phantom data/phantom",
        "gridctl-trainer data check data/phantom --figures pictures",
    ),
    "data check": (
        "gridctl-trainer data check data/phantom",
        "gridctl-trainer data check data/phantom/acdc --figures pictures --json",
        "gridctl-trainer data check data/phantom/acdc --target myocardium",
    ),
    "data pack": ("gridctl-trainer data pack data/phantom packs --size-px 48",),
    "data upload": (
        "gridctl-trainer data upload data/phantom s3://bucket/phantom",
        "gridctl-trainer data upload packs s3://bucket/packs",
    ),
    "data download": ("gridctl-trainer data download s3://bucket/phantom data/downloaded",),
    "data phantom": (
        "gridctl-trainer data phantom data/phantom",
        "gridctl-trainer data phantom data/series --patients 4 --series",
    ),
}
