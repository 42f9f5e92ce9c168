"""fGRU, GALA and the whole γ-Net, step by step in NumPy: slow, plain, and written from the equations alone.

Maps are (B, C, H, W) float64. Nothing is folded, skipped or reordered: whatever the fast network computes in a cheaper
way is computed here as the equations say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.models.gamma_net.options import GammaNetOptions

Array = NDArray[np.float64]


def conv(maps: Array, kernel: Array, bias: Array | None = None) -> Array:
    """Cross-correlation with zero padding k // 2 and a kernel (out, in, k, k)."""
    reach = kernel.shape[-1] // 2
    padded = np.pad(maps, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    height, width = maps.shape[2:]
    out = np.zeros((maps.shape[0], kernel.shape[0], height, width))
    for row in range(kernel.shape[2]):
        for column in range(kernel.shape[3]):
            shifted = padded[:, :, row : row + height, column : column + width]
            out += np.einsum("bchw,oc->bohw", shifted, kernel[:, :, row, column])
    return out if bias is None else out + bias[None, :, None, None]


def relu(maps: Array) -> Array:
    return np.maximum(maps, 0)


def sigmoid(maps: Array) -> Array:
    return 1 / (1 + np.exp(-maps))


def instance_norm(maps: Array, eps: float) -> Array:
    mean = maps.mean(axis=(2, 3), keepdims=True)
    variance = ((maps - mean) ** 2).mean(axis=(2, 3), keepdims=True)
    return (maps - mean) / np.sqrt(variance + eps)


def max_pool(maps: Array) -> Array:
    batch, channels, height, width = maps.shape
    return maps.reshape(batch, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))


def upsample(maps: Array, factor: int) -> Array:
    """Resize bilinearly, align_corners=False: output pixel i samples at (i + 1/2) / factor - 1/2, held at the edge."""

    def along(values: Array, axis: int) -> Array:
        size = values.shape[axis]
        at = np.maximum((np.arange(size * factor) + 0.5) / factor - 0.5, 0)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, size - 1)
        shape = [1] * values.ndim
        shape[axis] = -1
        share = (at - low).reshape(shape)
        return values.take(low, axis) * (1 - share) + values.take(high, axis) * share

    return along(along(maps, 2), 3)


@dataclass(frozen=True)
class Weights:
    """Arrays by name below a prefix."""

    arrays: Mapping[str, Array]
    prefix: str = ""

    def __getitem__(self, name: str) -> Array:
        return self.arrays[self.prefix + name]

    def of(self, name: str) -> Weights:
        return Weights(self.arrays, f"{self.prefix}{name}.")


def gala(hidden: Array, weights: Weights) -> Array:
    def affine(maps: Array, norm: Weights) -> Array:
        return instance_norm(maps, 1e-5) * norm["weight"][:, None, None] + norm["bias"][:, None, None]

    local = relu(conv(hidden, weights["local.weight"], weights["local.bias"]))
    across = relu(conv(hidden, weights["across.weight"], weights["across.bias"]))
    return affine(local, weights.of("local_norm")) * affine(across, weights.of("across_norm"))


def fgru(drive: Array, hidden: Array, weights: Weights, spec: GammaNetOptions, timestep: int) -> Array:
    def norm(maps: Array) -> Array:
        return instance_norm(maps, 1e-3) if spec.norm == "instance" else maps

    def symmetric(kernel: Array) -> Array:
        return (kernel + kernel.transpose(1, 0, 2, 3)) / 2 if spec.symmetric else kernel

    w_inh = symmetric(weights["w_inh"])
    w_exc = w_inh if spec.shared_kernel else symmetric(weights["w_exc"])
    gate_1 = np.ones_like(hidden)
    if spec.attention:
        gate_1 = gate_1 * gala(hidden, weights.of("gala"))
    if spec.gate == "sigmoid":
        gate_1 = gate_1 * sigmoid(conv(hidden, weights["u1.weight"], weights["u1.bias"]))
    c_1 = norm(conv(hidden * gate_1, w_inh))
    inhibition = c_1 * (weights["alpha"] * hidden + weights["mu"])
    h_1 = relu(drive - (relu(inhibition) if spec.inhibition_relu else inhibition))
    gate_2 = sigmoid(norm(conv(h_1, weights["u2.weight"], weights["u2.bias"])))
    c_2 = norm(conv(h_1, w_exc))
    candidate = relu(weights["kappa"] * h_1 + weights["gamma"] * c_2 + weights["omega"] * h_1 * c_2)
    new = (1 - gate_2) * hidden + gate_2 * candidate
    return weights["eta"][timestep] * new if spec.eta else new


def block(maps: Array, weights: Weights, spec: GammaNetOptions) -> Array:
    for index in range(spec.convs_per_block):
        layer = weights.of(str(2 * index))  # there is a norm with its ReLU in between
        maps = conv(maps, layer["weight"], layer["bias"])
        if spec.norm == "instance":
            maps = instance_norm(maps, 1e-5)
        maps = relu(maps)
    return maps


def gamma_net(
    frames: list[Array], initial: list[Array], weights: Weights, spec: GammaNetOptions, *, training: bool
) -> list[Array]:
    """Logits after each timestep; there is one frame (B, 1, H, W) per timestep."""
    depth, hidden, outputs = spec.depth, list(initial), []
    for timestep, frame in enumerate(frames):
        maps, skips = frame, []
        for level in range(depth):
            maps = block(maps, weights.of(f"down.{level}"), spec)
            hidden[level] = fgru(maps, hidden[level], weights.of(f"down_fgru.{level}"), spec, timestep)
            skips.append(maps + hidden[level] if spec.skip == "after" else maps)
            maps = maps + hidden[level]
            if level < depth - 1:
                maps = max_pool(maps)
        for level in reversed(range(depth - 1)):
            sources = [upsample(maps, 2)]
            sources += [upsample(hidden[j], 2 ** (j - level)) for j in range(depth - 1, level, -1)]
            mix = weights.of(f"mix.{level}.conv")
            mixed = conv(np.concatenate(sources, axis=1), mix["weight"], mix["bias"])
            maps = block(np.concatenate([mixed, skips[level]], axis=1), weights.of(f"up.{level}"), spec)
            hidden[level] = fgru(maps, hidden[level], weights.of(f"up_fgru.{level}"), spec, timestep)
            maps = hidden[level]
        outputs.append(_readout(maps, weights, training=training))
    return outputs


def _readout(maps: Array, weights: Weights, *, training: bool) -> Array:
    maps = relu(maps)
    norm = weights.of("readout_norm")
    mean, variance = norm["running_mean"], norm["running_var"]
    if training:
        mean, variance = maps.mean(axis=(0, 2, 3)), maps.var(axis=(0, 2, 3))
    normed = (maps - mean[:, None, None]) / np.sqrt(variance[:, None, None] + 1e-3)
    normed = normed * norm["weight"][:, None, None] + norm["bias"][:, None, None]
    return conv(normed, weights["readout.weight"], weights["readout.bias"])
