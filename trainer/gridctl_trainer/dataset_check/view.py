"""Prints the table and the findings of `data check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridctl_trainer.contract.wording import count
from gridctl_trainer.dataset_check.check import CheckedPatient, CheckedSet
from gridctl_trainer.dataset_check.copies import FoundCopy
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.plugins.dataset import title_of


def print_check(checked: CheckedSet, console: Console) -> None:
    """Print one row per patient, then everything that is wrong, then everything worth knowing."""
    test = " test set," if checked.is_test else ""
    console.print(f"[bold]{title_of(checked.kind)}[/]{test} {escape(str(checked.root))}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("patient", no_wrap=True)
    for name in ("slices", "size", "spacing", "range", "area", "EDV", "ESV", "EF"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row("", "LV/all", "px", "mm", "", "cm²", "ml", "ml", "%", style="dim")
    for patient in checked.patients:
        table.add_row(*_row(patient))
    console.print(table)
    console.print(_summary(checked), soft_wrap=True)
    for patient in checked.patients:
        for problem in patient.problems:
            console.print(f"[bold red]wrong[/] {escape(str(problem))}", soft_wrap=True)
    _print_oddities([oddity for patient in checked.patients for oddity in patient.oddities], console)


def print_copies(found: Sequence[FoundCopy], console: Console) -> None:
    """Print one line for each pair of patients with images in common."""
    _print_oddities([copy.oddity for copy in found], console)


def print_pack(folder: Path, text: str, oddities: Sequence[Oddity], console: Console) -> None:
    """Print one line for a pack, then what was odd about the files from which it was made.

    Args:
        folder: Folder of the pack.
        text: Description of the pack.
        oddities: What was odd.
        console: Console to print on.
    """
    console.print(f"[bold]{escape(folder.name)}[/] {escape(text)}", soft_wrap=True)
    _print_oddities(oddities, console)


def _print_oddities(oddities: Sequence[Oddity], console: Console) -> None:
    for oddity in sorted(oddities, key=lambda item: not item.wrong):
        label = "[bold red]wrong[/]" if oddity.wrong else "[yellow]note[/] "
        console.print(f"{label} {escape(str(oddity))}", soft_wrap=True)


def _row(found: CheckedPatient) -> tuple[str, ...]:
    if found.problems:
        return (escape(found.patient), "[bold red]not readable[/]", *("",) * 7)
    rows_mm, columns_mm, slices_mm = found.spacing_mm
    plane = f"{rows_mm:.2f}" if abs(rows_mm - columns_mm) < 0.005 else f"{rows_mm:.2f}x{columns_mm:.2f}"
    by_phase = dict(zip(found.phases, found.volume_ml or (), strict=False))
    volumes = [f"{by_phase[phase]:.1f}" if phase in by_phase else "-" for phase in ("ED", "ES")]
    fraction = found.ejection_fraction
    return (
        escape(f"{found.patient} {found.group}".strip()),
        " ".join(f"{labelled}/{all_}" for all_, labelled in found.slices),
        f"{found.size_px[0]}x{found.size_px[1]}",
        f"{plane} {slices_mm:g}" if slices_mm else f"{plane} ?",
        f"{found.intensities[0]:g}-{found.intensities[1]:g}",
        " ".join(f"{area:.1f}" for area in found.largest_cm2),
        *volumes,
        "-" if fraction is None else f"{fraction * 100:.1f}",
    )


def _summary(checked: CheckedSet) -> str:
    readable = [found for found in checked.patients if not found.problems]
    slices = sum(all_ for found in readable for all_, _ in found.slices)
    labelled = sum(with_cavity for found in readable for _, with_cavity in found.slices)
    structures: Counter[str] = Counter()
    for found in readable:
        structures.update(dict(found.structures))
    others = ", ".join(f"{name.replace('_', ' ')} on {number}" for name, number in structures.items() if number)
    series = sum(found.series_frames > 1 for found in readable)
    parts = [
        f"{len(readable)} of {count(len(checked.patients), 'patient')} readable",
        f"{count(slices, 'slice')}, {labelled} with a left-ventricle cavity" + (f" ({others})" if others else ""),
        f"{series} with frames for temporal context",
    ]
    return "; ".join(parts)
