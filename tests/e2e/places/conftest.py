"""Fixtures for many short commands, as many ways to write a location or a setting are tried."""

from __future__ import annotations

from tests.e2e.short_commands import Command, gridctl, trainer

__all__ = ["YAML", "Command", "gridctl", "trainer"]

YAML = """\
name: tiny
models: {unet: {channels: [4, 8], batch_size: 2}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: /nowhere}, size_px: 32}
training: {epochs: 1}
"""
