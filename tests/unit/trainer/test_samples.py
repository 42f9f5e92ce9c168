"""The samples of a run show the same slices for both models, the mask, and each timestep."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.samples import Polygon, SamplesIndex
from gridctl_trainer.contract.spec import NetworkSpec, RunSpec
from gridctl_trainer.metrics.base import SliceBatch
from gridctl_trainer.metrics.soft_dice import soft_dice
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.preprocessing.prepared import PreparedSet, SliceRecord
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.training.samples.pictures import outline
from gridctl_trainer.training.samples.written_samples import (
    SLICES_PER_SET,
    TIMESTEPS_SHOWN,
    choose_slices,
    write_samples,
)
from tests.e2e.specification import specification
from tests.networks import gamma_net, unet
from tests.scored import DICE

CPU = torch.device("cpu")
SPEC = RunSpec.model_validate(specification(data={"train": {"dataset": "acdc", "path": "a"}}))
SIDE = 16
UNET = unet(channels=(4, 4))
GAMMA = gamma_net(channels=(4, 4), down_fgru_kernels=(3, 1), up_fgru_kernels=(1,), timesteps=3)


def prepared(count: int = 9, seed: int = 0) -> PreparedSet:
    random = np.random.default_rng(seed)
    masks = np.zeros((count, SIDE, SIDE), np.uint8)
    masks[2:, 4:9, 5:12] = 1  # the first two have no cavity
    images = random.normal(size=masks.shape).astype(np.float32)
    records = [SliceRecord(f"p{i}", "ED", f"patient {i:03d} ED slice 00", 1.0, 1.0, 0.0) for i in range(count)]
    return PreparedSet.whole(images[:, None], masks, records)


def written(
    tmp_path: Path, spec: NetworkSpec, other: PreparedSet | None = None
) -> tuple[FolderStore, RunLayout, torch.nn.Module, SamplesIndex]:
    torch.manual_seed(1)
    model = build_model(spec)
    store, layout = FolderStore(tmp_path / spec.architecture), RunLayout("e", "r")
    sets = {"validation": prepared()} | ({} if other is None else {"sunnybrook": other})
    write_samples(store, layout, SPEC, model, sets, CPU)
    return store, layout, model, SamplesIndex.from_json(store.get(layout.samples_index).data)


def pixels(store: FolderStore, layout: RunLayout, name: str) -> NDArray[np.uint8]:
    data = np.frombuffer(store.get(layout.sample(name)).data, np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), dtype=np.uint8)


def test_both_models_show_the_same_slices(tmp_path: Path) -> None:
    other = prepared(3, seed=5)
    indices = [written(tmp_path, spec, other)[3] for spec in (UNET, GAMMA)]
    shown = [[(s.set, s.name, s.patient, s.truth_outline) for s in index.slices] for index in indices]
    assert shown[0] == shown[1]
    assert [s.set for s in indices[0].slices] == ["validation"] * SLICES_PER_SET + ["sunnybrook"]
    assert [index.timesteps for index in indices] == [1, 3]


def test_pictures_are_the_image_the_truth_and_what_the_model_says_after_each_timestep(tmp_path: Path) -> None:
    store, layout, model, index = written(tmp_path, GAMMA)
    source = prepared()
    for slice_ in index.slices:
        at = source.names.index(slice_.name)
        assert pixels(store, layout, slice_.picture).shape == (SIDE, SIDE)
        assert np.array_equal(pixels(store, layout, slice_.truth), source.masks[at] * 255)
        image = torch.from_numpy(source.images[at])[None, None]
        with torch.inference_mode():
            logits = model.eval().forward_timesteps(image)[:, 0]  # type: ignore[operator]
            last = model(image)[0]
        assert torch.allclose(logits[-1], last, atol=1e-5), "the last timestep is the prediction"
        assert [output.timestep for output in slice_.outputs] == [1, 2, 3]
        for output, of_step in zip(slice_.outputs, logits, strict=True):
            seen = pixels(store, layout, output.picture) / 255
            assert np.abs(seen - of_step[0].sigmoid().numpy()).max() < 1 / 255
            truth = torch.from_numpy(source.masks[at])[None, None].float()
            (dice,) = soft_dice(SliceBatch(of_step, truth[:, 0], of_step > 0)).tolist()
            assert output.scores[DICE] == pytest.approx(dice, abs=1e-5)


def test_every_object_is_named_in_the_index_or_is_an_overlay(tmp_path: Path) -> None:
    store, layout, _, index = written(tmp_path, GAMMA)
    named = {layout.samples_index}
    for slice_ in index.slices:
        named |= {layout.sample(name) for name in (slice_.picture, slice_.truth)}
        named |= {layout.sample(output.picture) for output in slice_.outputs}
        named.add(layout.sample(slice_.picture.removesuffix("-image")))
    assert {stat.key for stat in store.list()} == named


def test_of_many_timesteps_some_are_shown_with_the_first_and_the_last(tmp_path: Path) -> None:
    *_, index = written(tmp_path, GAMMA.model_copy(update={"options": {**GAMMA.options, "timesteps": 20}}))
    steps = [output.timestep for output in index.slices[0].outputs]
    assert index.timesteps == 20
    assert len(steps) == TIMESTEPS_SHOWN
    assert (steps[0], steps[-1]) == (1, 20)


def test_sets_without_a_labelled_slice_give_an_empty_index(tmp_path: Path) -> None:
    source = prepared()
    empty = PreparedSet.whole(source.all_series, np.zeros_like(source.all_masks), source.slices)
    store, layout = FolderStore(tmp_path), RunLayout("e", "r")
    write_samples(store, layout, SPEC, build_model(UNET), {"validation": empty}, CPU)
    assert SamplesIndex.from_json(store.get(layout.samples_index).data).slices == ()


@given(labelled=st.lists(st.booleans(), min_size=1, max_size=60))
def test_labelled_slices_are_chosen_at_even_distances(labelled: list[bool]) -> None:
    masks = np.array(labelled, np.uint8)[:, None, None]
    chosen = choose_slices(masks)
    there = np.flatnonzero(labelled)
    assert len(chosen) == min(SLICES_PER_SET, len(there))
    assert set(chosen) <= set(there)
    if len(there):
        assert chosen[0] == there[0]
        if len(there) > 1:
            assert chosen[-1] == there[-1]


@given(mask=arrays.arrays(np.bool_, st.tuples(st.integers(2, 12), st.integers(2, 12))))
def test_an_outline_holds_the_pixels_of_its_mask(mask: NDArray[np.bool_]) -> None:
    inside = np.zeros(mask.shape, bool)
    for polygon in outline(mask.astype(np.float32)):
        inside ^= _inside(polygon, mask.shape)
    assert np.array_equal(inside, mask)


def _inside(polygon: Polygon, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Fill by the even-odd rule at the centre of every pixel, as the page fills a path."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    hit = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            hit ^= crosses & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return hit


def test_an_index_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StoreError, match="an index of samples of schema version 3, this gridctl reads 2") as raised:
        SamplesIndex.from_json(json.dumps({"schema_version": 3}), "runs/e/r/samples/index.json")
    assert "the image that wrote it" in raised.value.problems[0].fix


@pytest.mark.parametrize("text", ['{"schema_version": 1}', "[]", "{", b"\xff"])
def test_what_is_no_index_is_refused_by_name(text: str | bytes) -> None:
    with pytest.raises(StoreError, match="not an index of samples: ") as raised:
        SamplesIndex.from_json(text, "runs/e/r/samples/index.json")
    assert raised.value.problems[0].where == "runs/e/r/samples/index.json"
