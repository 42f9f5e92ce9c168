"""Segmentations of the same slices by every model, read from the store and embedded."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from gridctl.collection.read_cache import ReadCache
from gridctl.experiment.scores.measures import Measure
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.representatives import Shown
from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.samples import Polygon, SampleOutput, SamplesIndex, SampleSlice
from gridctl_trainer.storage.base import Store

BUDGET_BYTES: Final = 1_000_000
"""Limit for all embedded pictures together, as encoded in the page; cells beyond it are left out and named."""

_TILE_BYTES: Final = 400
"""What the page says around one picture."""

_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Output:
    """The output of a model on a slice.

    Attributes:
        timestep: From 1.
        outline: SVG path.
        score: Of this slice, in words: `soft Dice 0.81`; empty where it has none.
        picture: Its probability map as a data URI; empty for a model without timesteps.
    """

    timestep: int
    outline: str
    score: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """An image as a data URI, the SVG path of its truth, and the side of both."""

    picture: str
    truth: str
    size_px: int


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice with the outputs of all models of a cell.

    Attributes:
        scan: The image and its truth, which slices of other cells may share.
    """

    set: str
    name: str
    scan: Scan
    outputs: Mapping[Model, Sequence[Output]]

    @property
    def recurrent(self) -> Mapping[Model, Sequence[Output]]:
        """Models that have more than one timestep."""
        return {model: outputs for model, outputs in self.outputs.items() if len(outputs) > 1}


@dataclass(frozen=True, slots=True)
class CellGallery:
    """The slices of one cell."""

    shown: Shown
    size_px: int
    slices: Sequence[Slice]
    timesteps: Mapping[Model, int]

    @property
    def recurrent(self) -> Mapping[Model, int]:
        """Timesteps of the models that have more than one."""
        return {model: count for model, count in self.timesteps.items() if count > 1}


@dataclass(frozen=True, slots=True)
class Gallery:
    """All cells that fit, and those left out.

    Attributes:
        cells: In the order of the grid.
        left_out: Cells with pictures that would make the page too large.
        problems: Pictures that could not be read.
        scans: Every image of the cells once, with its name in the page.
    """

    cells: Sequence[CellGallery]
    left_out: Sequence[str]
    problems: Sequence[str]
    scans: Mapping[Scan, str] = field(default_factory=dict)


def read_gallery(
    store: Store, experiment: str, representatives: Sequence[Shown], measures: Sequence[Measure]
) -> Gallery:
    """Read the sample pictures of the chosen runs.

    Args:
        store: Where they are.
        experiment: Its name.
        representatives: The runs to show.
        measures: Scores that are said of each slice: of one metric, one for each structure.
    """
    cells: list[CellGallery] = []
    left_out: list[str] = []
    problems: list[str] = []
    scans: dict[Scan, str] = {}
    spent = 0
    cache = ReadCache.of(store)
    for shown in representatives:
        if spent >= BUDGET_BYTES:
            left_out.append(shown.cell)
            continue
        try:
            cell = _read_cell(store, cache, experiment, shown, measures)
        except StoreError as error:
            problems.append(f"{shown.cell}: {error.problems[0]}")
            continue
        if cell is None:
            continue
        added = dict.fromkeys(slice_.scan for slice_ in cell.slices if slice_.scan not in scans)
        size = _size(cell) + sum(len(scan.picture) + len(scan.truth) for scan in added)
        if cells and spent + size > BUDGET_BYTES:
            left_out.append(shown.cell)
        else:
            cells.append(cell)
            scans |= {scan: f"scan-{number}" for number, scan in enumerate(added, len(scans))}
            spent += size
    return Gallery(cells, left_out, problems, scans)


def _read_cell(
    store: Store, cache: ReadCache, experiment: str, shown: Shown, measures: Sequence[Measure]
) -> CellGallery | None:
    indices: dict[str, SamplesIndex] = {}
    wanted: dict[tuple[str, str], str] = {}
    etags: dict[str, str] = {}
    for run_id in dict.fromkeys(run_id for example in shown.of_set.values() for run_id in example.runs.values()):
        layout = RunLayout(experiment, run_id)
        etags |= {stat.key: stat.etag for stat in store.list(f"{layout.prefix}samples/")}
        if layout.samples_index not in etags:
            continue
        text = _get(store, cache, layout.samples_index, etags)
        indices[run_id] = SamplesIndex.from_json(text, f"{store.url}/{layout.samples_index}")
    chosen = [
        (model, run_id, slice_)
        for set_name, example in shown.of_set.items()
        for model, run_id in example.runs.items()
        if run_id in indices
        for slice_ in indices[run_id].slices
        if slice_.set == set_name
    ]
    if not chosen:
        return None
    for _, run_id, slice_ in chosen:
        recurrent = indices[run_id].timesteps > 1
        names = [slice_.picture, *(out.picture for out in slice_.outputs if recurrent)]
        wanted |= {(run_id, name): RunLayout(experiment, run_id).sample(name) for name in names}

    def read(key: str) -> str:
        try:
            data = _get(store, cache, key, etags)
        except NotFoundError:
            return ""
        return "data:image/png;base64," + base64.b64encode(data).decode()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pictures = dict(zip(wanted, pool.map(read, wanted.values()), strict=True))
    size_px = indices[chosen[0][1]].size_px
    return CellGallery(
        shown,
        size_px,
        _slices(chosen, pictures, measures, size_px),
        {model: indices[run_id].timesteps for model, run_id, _ in chosen},
    )


def _get(store: Store, cache: ReadCache, key: str, etags: Mapping[str, str]) -> bytes:
    return cache.get(key, etags.get(key, ""), lambda: store.get(key, SamplesIndex.max_bytes))


def _slices(
    chosen: Sequence[tuple[Model, str, SampleSlice]],
    pictures: Mapping[tuple[str, str], str],
    measures: Sequence[Measure],
    size_px: int,
) -> list[Slice]:
    """Slices by set and name; the picture and truth of one model are those of all with the same split."""
    found: dict[tuple[str, str], Slice] = {}
    for model, run_id, slice_ in chosen:
        key = (slice_.set, slice_.name)
        outputs = [_output(run_id, output, pictures, measures) for output in slice_.outputs]
        known = found.get(key) or _slice(run_id, slice_, pictures, size_px)
        found[key] = replace(known, outputs={**known.outputs, model: outputs})
    return [slice_ for slice_ in found.values() if slice_.scan.picture]


def _slice(run_id: str, slice_: SampleSlice, pictures: Mapping[tuple[str, str], str], size_px: int) -> Slice:
    scan = Scan(pictures[run_id, slice_.picture], _path(slice_.truth_outline), size_px)
    return Slice(slice_.set, slice_.name, scan, {})


def _output(
    run_id: str, output: SampleOutput, pictures: Mapping[tuple[str, str], str], measures: Sequence[Measure]
) -> Output:
    picture = pictures.get((run_id, output.picture), "")
    return Output(output.timestep, _path(output.outline), _score(output, measures), picture)


def _score(output: SampleOutput, measures: Sequence[Measure]) -> str:
    known = {measure.name.partition(".")[2]: measure for measure in measures}
    values = [(measure, output.scores[key]) for key, measure in known.items() if key in output.scores]
    if not values:
        return ""
    of = ["" if len(values) == 1 else f" {measure.structure.replace('_', ' ')}" for measure, _ in values]
    numbers = ", ".join(f"{value:.2f}{name}" for (_, value), name in zip(values, of, strict=True))
    return f"{values[0][0].metric_label} {numbers}"


def _path(outline: Sequence[Polygon]) -> str:
    """In steps of a tenth of a pixel, each point after the first of a polygon relative to the one before."""
    path = []
    for polygon in outline:
        points = [(round(10 * x), round(10 * y)) for x, y in polygon]
        steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(points)]
        path.append("M{:g} {:g}l".format(*(place / 10 for place in points[0])))
        path.append(" ".join(f"{dx / 10:g} {dy / 10:g}" for dx, dy in steps).replace(" -", "-") + "z")
    return "".join(path)


def _size(cell: CellGallery) -> int:
    """Of what a cell shares with no other."""
    return sum(
        len(out.picture) + len(out.outline) + _TILE_BYTES
        for slice_ in cell.slices
        for outs in slice_.outputs.values()
        for out in outs
    )
