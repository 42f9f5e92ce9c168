"""`report -o DIR` draws the study's figures, or says why one is not drawn and which models it lacks."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.reports.conftest import *  # noqa: F403
from tests.e2e.reports.conftest import Submit
from tests.e2e.short_commands import Command

REPORT = ("report", "tiny", "--store", "store", "-o", "out")


def test_why_a_figure_is_not_drawn_is_said(gridctl: Command, submit: Submit, tmp_path: Path) -> None:
    submit("reproduces=[figure-5.1, figure-5.3]")
    written = gridctl(*REPORT)
    assert written.returncode == 0, written.stderr
    assert {path.name for path in (tmp_path / "out").glob("figure*")} == {"figure-5.1.png", "figure-5.1.pdf"}
    notes = [line for line in written.stderr.splitlines() if "figure" in line and line.startswith("note: ")]
    assert notes == [
        "note: figure 5.3 is not drawn: no finished run of this experiment corresponds to it yet",
    ]


def test_an_experiment_that_reproduces_nothing_is_told_how_figures_are_drawn(gridctl: Command, submit: Submit) -> None:
    submit()
    written = gridctl(*REPORT)
    assert "note: no figures of a published study: the experiment file names none under `reproduces`" in written.stderr


def test_a_third_model_and_a_missing_one_are_said(gridctl: Command, submit: Submit, tmp_path: Path) -> None:
    submit(
        "models={small: {architecture: unet, channels: [4, 8, 8]}, large: {architecture: unet}}",
        "compare={model: large, against: small}",
        "train_ratios=[0.2, 0.8]",
        "reproduces=[table-5.1, figure-5.1]",
    )
    written = gridctl(*REPORT)
    assert written.returncode == 0, written.stderr
    assert (tmp_path / "out" / "figure-5.1.png").exists()
    text, page = (" ".join((tmp_path / "out" / name).read_text().split()) for name in ("report.txt", "report.html"))
    said = (
        "γ-Net is missing: no model of this experiment has the architecture gamma_net",
        "U-Net is small here; large, of the same architecture, is left out",
        "U-Net is small where the two are compared; large is drawn beside it",
        "no points of γ-Net, so γ-Net and U-Net cannot be compared",
    )
    for sentence in said:
        assert sentence in text
    assert "no model of this experiment has the architecture gamma_net" in page
    (study,) = json.loads((tmp_path / "out" / "report.json").read_text())["studies"]
    assert [item["notes"][0] for item in study["items"]] == [said[0], said[0]]


def test_an_unknown_table_has_its_line_and_the_nearest_name(gridctl: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nmodels: [unet]\ntrain_ratios: [0.5]\nseeds: [1]\ndata: {train: {dataset: acdc, path: data}}\n"
        "reproduces:\n  - table-5.1\n  - tabel-5.2\n"
    )
    refused = gridctl("submit", "mine.yaml", "--dry-run")
    assert refused.returncode == 2
    assert "mine.yaml:8: reproduces[1]: unknown value 'tabel-5.2'" in refused.stderr
    assert "did you mean 'table-5.2'?" in refused.stderr
