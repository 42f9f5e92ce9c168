"""After a smaller or changed grid is submitted, runs that finished earlier are named, with how to see them again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.reports.conftest import Submit
from tests.e2e.short_commands import Command

HOW = "`gridctl submit FILE` with the earlier values (without `--set`, if that changed them) shows them again"


@pytest.mark.parametrize(
    ("overrides", "runs", "why"),
    [
        (("seeds=[1, 2]",), 12, "seeds 3, 4, 5 are not in it"),
        (("train_ratios=[0.2]",), 10, "train ratio 0.5 is not in it"),
        (("training.epochs=3",), 20, "training.epochs was 4, is 3"),
        (("models={gamma_net: {}}", "compare=[]"), 10, "model unet is not in it"),
        (("seeds=[1]", "training.epochs=3"), 20, "training.epochs was 4, is 3; seeds 2, 3, 4, 5 are not in it"),
        (("data.size_px=64", "data.external.sunnybrook=null"), 20, "data.external.sunnybrook"),
    ],
)
def test_report_and_status_say_what_is_left_out_and_why(
    overrides: tuple[str, ...], runs: int, why: str, gridctl: Command, submit: Submit
) -> None:
    submit()
    submit("compare.metrics=[validation.soft_dice.left_ventricle]", *overrides)
    shown = gridctl("report", "tiny", "--store", "store", "--json")
    (said,) = [line for line in json.loads(shown.stdout)["warnings"] if "finished runs of the store" in line]
    assert said.startswith(f"{runs} finished runs of the store are not in this experiment's grid")
    assert why in said
    assert HOW in said
    status = " ".join(gridctl("status", "tiny", "--store", "store").stdout.split())
    assert f"{runs} finished runs of the store are not in this grid (" in status
    assert why in status
    assert HOW in status


def test_a_grid_that_holds_everything_says_nothing(gridctl: Command, submit: Submit) -> None:
    submit()
    assert "not in this" not in gridctl("status", "tiny", "--store", "store").stdout
    assert "not in this" not in gridctl("report", "tiny", "--store", "store").stdout


def test_submit_says_what_a_smaller_grid_hides(gridctl: Command, submit: Submit, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(submit().document.to_yaml(), encoding="utf-8")
    for patient in ("patient001", "patient002"):  # there is no preflight, as nothing is left to train
        (tmp_path / "data" / patient).mkdir(parents=True)
    command = ("submit", "tiny.yaml", "--set", "seeds=[1, 2]", "--store", "store", "--dry-run", "--no-verify")
    said = gridctl(*command).stderr
    assert "12 finished runs of the store are not in this grid (seeds 3, 4, 5 are not in it)" in said
    assert "`gridctl submit tiny.yaml --store store`, without --set, shows them again" in said


def test_a_report_without_tests_says_which_command_has_them(gridctl: Command, submit: Submit) -> None:
    submit()
    said = gridctl("report", "tiny", "--store", "store").stderr
    assert "next: gridctl report tiny --store store --significance has the tests: gamma_net against unet\n" in said
    assert "has the tests" not in gridctl("report", "tiny", "--store", "store", "--significance").stderr
    submit("compare=[]")
    assert "has the tests" not in gridctl("report", "tiny", "--store", "store").stderr, "nothing is declared"
