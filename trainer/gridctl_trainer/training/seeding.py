"""Seeds every random generator of a run, so that all depends only on the run's seed."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def seed_everything(seed: int, *, deterministic: bool = True) -> None:
    """Seed Python, NumPy and torch, and choose torch's algorithms.

    Args:
        seed: Seed of the run.
        deterministic: Whether torch may only use deterministic algorithms. Otherwise it tries several and takes the
            fastest, so two runs with the same seed may differ on a GPU.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    _choose_algorithms(deterministic)
    # Filling every new tensor takes a tenth of a step's time, and nothing here reads a tensor before writing it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not deterministic


def _choose_algorithms(deterministic: bool) -> None:
    """Do what `torch.use_deterministic_algorithms` does, without its import of torch's compiler.

    That import would take a third of a trainer's start. A model that compiles imports it later, and it then reads the
    environment variable.
    """
    if "torch._inductor" in sys.modules:
        torch.use_deterministic_algorithms(deterministic)
    else:
        os.environ["TORCHINDUCTOR_DETERMINISTIC"] = str(int(deterministic))
        torch.set_deterministic_debug_mode("error" if deterministic else "default")


def epoch_order(images: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch shows the training images.

    It depends only on the arguments, so both models of a pair see the same order, and an attempt that resumes within an
    epoch finds its place without replaying the epoch.

    Args:
        images: Number of training images.
        seed: Seed of the run.
        epoch: Number of the epoch, from 1.

    Returns:
        A permutation of `range(images)`, shape (images,).
    """
    return np.random.Generator(np.random.PCG64([seed, epoch])).permutation(images)


def rng_state() -> dict[str, Any]:
    """The state of every random generator, as tensors and plain values that `weights_only` loading accepts."""
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    version, internal, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), position, has_gauss, cached],
        "python": [version, list(internal), gauss],
    }


def restore_rng_state(state: dict[str, Any]) -> None:
    """Restore every random generator to a state that `rng_state` returned."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([item.cpu() for item in state["cuda"]])
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))


@contextlib.contextmanager
def chance_kept() -> Iterator[None]:
    """A context after which the random generators are as before, whatever was drawn in it."""
    before = rng_state()
    try:
        yield
    finally:
        restore_rng_state(before)
