"""A study with a printed table and figure, to test what reports do with any study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gridctl.analysis.model import StudyCell, StudyItem, StudyPoint, StudySection
from gridctl.report.study import Measured
from tests.scored import VALIDATION_DICE


class PrintedStudy:
    """See `gridctl.report.study.StudyComparison`."""

    def section(self, measured: Measured) -> StudySection:
        source = "Doe (2024)"
        cells = [cell(measured, mean, p) for mean, p in ((0.5, "< 0.01"), (None, ""))]
        points = [point("unet", ratio) for ratio in (0.2, 0.5)] + [point("third", 0.2)]
        nothing = StudyItem("figure 3", "Another", source, "", said="nothing of ours", x_axis="epoch")
        return StudySection(
            "printed",
            "Doe beside ours",
            "As printed.",
            [
                StudyItem("table 1", "Dice", source, "They differ.", cells=cells, said="1 of 2", caption="mean (sd)"),
                StudyItem(
                    "figure 2",
                    "Dice against train ratio",
                    source,
                    "It falls.",
                    points=points,
                    said="it falls",
                    notes=["third is not in the print"],
                    x_axis="train ratio",
                ),
                nothing,
            ],
        )

    def draw(self, section: StudySection, folder: Path) -> Iterator[Path]:
        for item in section.items:
            if item.points:
                path = folder / f"{item.item.replace(' ', '-')}.svg"
                path.write_text("<svg/>")
                yield path


def cell(measured: Measured, mean: float | None, p: str) -> StudyCell:
    ours = float(measured.epochs[VALIDATION_DICE].mean())
    return StudyCell(
        row="U-Net",
        column="Dice",
        architecture="unet",
        metric=VALIDATION_DICE,
        train_ratio=0.5,
        model="unet",
        ablation="none",
        printed_mean=mean,
        printed_sd=0.01 if mean else None,
        printed_p=p,
        n_runs=5,
        n_epochs=20,
        pooled_mean=ours,
        pooled_sd=None,
        run_mean=ours,
        run_sd=None,
        p=None,
        p_holm=None,
        p_pooled=None,
        difference=ours - mean if mean else None,
    )


def point(model: str, ratio: float) -> StudyPoint:
    return StudyPoint("unet", model, VALIDATION_DICE, "validation soft Dice", ratio, 5, 0.6, 0.5, 0.7)
