"""Times all metrics of one case against MONAI and surface-distance, for one structure of real ACDC volumes.

    python -m benchmarks.case_metrics /data/acdc --patients 20

End-systole is scored against end-diastole, which differ as much as a bad prediction does. It runs on one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import surface_distance
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_dice import compute_surface_dice
from monai.metrics.surface_distance import compute_average_surface_distance

from gridctl_trainer.datasets.formats.nifti import read_volume
from gridctl_trainer.metrics.base import CaseVolume
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.metrics.scorecard import score_case
from gridctl_trainer.plugins.metric import METRICS

SURFACES = ("hd", "hd95", "assd", "nsd")


def cases(root: Path, patients: int) -> Iterator[CaseVolume]:
    folders = sorted(path for path in root.rglob("patient*") if path.is_dir())
    for folder in folders[:: max(len(folders) // patients, 1)][:patients]:
        first, second = (read_volume(path) for path in sorted(folder.glob("*_gt.nii.gz")))
        for label in (1, 2, 3):
            truth, predicted = first.array == label, second.array == label
            if truth.any() and predicted.any():
                yield CaseVolume(predicted, truth, first.spacing_mm, np.arange(len(truth)))


def by_monai(volume: CaseVolume) -> None:
    """Compute HD, HD95, ASSD and NSD."""
    rows, columns, slices = volume.spacing_mm
    predicted, truth = (torch.from_numpy(mask)[None, None] for mask in (volume.predicted, volume.truth))
    spacing = [slices, rows, columns]
    compute_hausdorff_distance(predicted, truth, include_background=True, spacing=spacing)
    compute_hausdorff_distance(predicted, truth, include_background=True, spacing=spacing, percentile=95)
    compute_average_surface_distance(predicted, truth, include_background=True, spacing=spacing, symmetric=True)
    compute_surface_dice(predicted, truth, [2.0], include_background=True, spacing=spacing, use_subvoxels=True)


def by_surface_distance(volume: CaseVolume) -> None:
    """Compute robust Hausdorff at 100 and 95, average distance and surface Dice, from one set of distances."""
    rows, columns, slices = volume.spacing_mm
    found = surface_distance.compute_surface_distances(volume.truth, volume.predicted, [slices, rows, columns])
    surface_distance.compute_robust_hausdorff(found, 100)
    surface_distance.compute_robust_hausdorff(found, 95)
    surface_distance.compute_average_surface_distance(found)
    surface_distance.compute_surface_dice_at_tolerance(found, 2.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--patients", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    everything = load_metrics([name for name in METRICS.names() if METRICS.is_built_in(name)], "case")
    surfaces = load_metrics(SURFACES)

    def fresh(volume: CaseVolume) -> CaseVolume:  # a copy without cached results
        return CaseVolume(volume.predicted, volume.truth, volume.spacing_mm, volume.slices)

    ways: dict[str, Callable[[CaseVolume], object]] = {
        f"gridctl, all {len(everything)} metrics of a case": lambda volume: score_case(
            everything, {"_": fresh(volume)}
        ),
        "gridctl, HD HD95 ASSD NSD": lambda volume: score_case(surfaces, {"_": fresh(volume)}),
        "MONAI, the same four": by_monai,
        "surface-distance, the same four": by_surface_distance,
    }
    seconds = defaultdict(list)
    for volume in cases(given.root, given.patients):
        for name, way in ways.items():
            started = time.perf_counter()
            way(volume)
            seconds[name].append(time.perf_counter() - started)
    ours = statistics.median(seconds[next(iter(ways))])
    found = {
        name: {
            "median_ms": round(1000 * statistics.median(values), 1),
            "largest_ms": round(1000 * max(values), 1),
            "times_as_long_as_ours": round(statistics.median(values) / ours, 2),
            "volumes": len(values),
        }
        for name, values in seconds.items()
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
