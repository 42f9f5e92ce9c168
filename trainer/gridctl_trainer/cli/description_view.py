"""Prints the table of `gridctl-trainer describe`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridctl_trainer.contract.wording import count
from gridctl_trainer.training.network_description import NetworkDescription

_GIB = 2**30
_MIB = 2**20


def print_description(described: NetworkDescription, card_gib: float, console: Console) -> None:
    """Print layers and totals, and whether training fits on a device.

    Args:
        described: The network.
        card_gib: Memory of the device in GiB.
        console: Console to print on.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("layer", "kind"):
        table.add_column(column)
    for column in ("output", "calls", "parameters", "MFLOP"):
        table.add_column(column, justify="right")
    for layer in described.layers:
        shape = "×".join(str(size) for size in layer.output_shape)
        flops = f"{layer.forward_flops / 1e6:,.1f}"
        table.add_row(layer.name, layer.kind, shape, str(layer.calls), f"{layer.parameters:,}", flops)
    console.print(table)
    console.print()
    said = f"{count(described.batch_size, 'image')} of {described.size_px}x{described.size_px} px"
    if described.timesteps > 1:
        said += f", {described.timesteps} timesteps"
    per_image = described.forward_flops / 2 / described.batch_size / 1e9
    console.print(Text(f"{described.architecture}, {said}", style="bold"))
    console.print(f"parameters    {described.parameters:,}")
    console.print(
        f"a step        {described.forward_flops / 1e9:,.2f} GFLOP forward ({per_image:.2f} GMAC an image), "
        f"{described.training_flops / 1e9:,.2f} forward and backward",
        soft_wrap=True,
    )
    console.print(
        f"memory        {described.activation_bytes / _MIB:,.0f} MiB of activations kept for the backward pass, "
        f"{described.weights_bytes / _MIB:,.1f} MiB of weights{_kept(described)} (float32)",
        soft_wrap=True,
    )
    console.print(_fit(described, card_gib), soft_wrap=True)


def _kept(described: NetworkDescription) -> str:
    if described.optimizer_state:
        return f", gradients and {described.optimizer_state}"
    return f" and gradients; {described.optimizer.upper()} keeps nothing of them"


def _fit(described: NetworkDescription, card_gib: float) -> Text:
    needed = described.training_bytes / _GIB
    fits = needed < 0.85 * card_gib
    free_bytes = 0.85 * card_gib * _GIB - described.weights_bytes
    largest = max(0, int(free_bytes * described.batch_size / described.activation_bytes))
    advice = f"the largest batch is about {largest}" if largest else "not even one image fits: lower the size"
    verdict = "fits" if fits else "does not fit"
    return Text(
        f"{card_gib:g} GiB        {verdict} with {needed:.2f} GiB; {advice} "
        "(15% is left to workspaces and the allocator)",
        style="green" if fits else "red",
    )
