"""Provides a real Chromium, and pages of small grids."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridctl.collection.collect import collect
from gridctl.experiment import parse_experiment
from gridctl.report import ReportRequest, build_report
from gridctl.report.renderers.html import render_page
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.browser.chromium import Chromium
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.pictured import add_function, add_samples
from tests.unit.report.scored_cases import PATIENTS, case_dice_of, log_cases

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></script><!-- {{ 7*7 }}"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """The browser. Tests are skipped without one, unless GRIDCTL_TEST_REQUIRE_BROWSER is set."""
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        said = "no Chromium with its driver: apt-get install chromium chromium-driver"
        if os.environ.get("GRIDCTL_TEST_REQUIRE_BROWSER") == "1":
            pytest.fail(said)
        pytest.skip(said)
    browser = Chromium(binary, driver, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a page can show: 20 runs, one of which failed with hostile text, one is running, one waits."""
    folder = tmp_path_factory.mktemp("page")
    store = FolderStore(folder / "store")
    tiny = experiment(folder / "data")
    states = dict(zip((run.run_id for run in tiny.runs[-3:]), ("not started", "running", "failed"), strict=True))
    for run in tiny.runs:
        match states.get(run.run_id):
            case "not started":
                continue
            case "running":
                log_run(store, run, dice_of(0.03), epochs=2, finished=False, host=HOSTILE)
            case "failed":
                log_run(store, run, dice_of(0.03), epochs=1, finished=False, failed=HOSTILE, device_name=HOSTILE)
            case _:
                log_run(store, run, dice_of(0.03), host=HOSTILE)
                add_samples(
                    store, run, name=f"patient001 {HOSTILE}" if run.train_ratio == 0.2 else "patient001 ED slice 03"
                )
                add_function(store, run)
    tables = collect(store, tiny.runs)
    report = build_report(tiny, tables, ReportRequest(significance=True))
    path = folder / "report.html"
    path.write_text(render_page(report, tiny, tables, store, folder), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def wide_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five models with long names, four ablations, two comparisons and a margin, so that every column is full."""
    folder = tmp_path_factory.mktemp("wide")
    store = FolderStore(folder / "store")
    models = "{unet: {}, unet_wide: {architecture: unet}, gamma_net: {}, gamma_net_deep: {architecture: gamma_net}, "
    models += "gamma_net_small: {architecture: gamma_net}}"
    compare = (
        "[{model: gamma_net, against: unet, equivalence_margin: 0.01}, {model: gamma_net_deep, against: unet_wide}]"
    )
    text = "ablations: [none, no_clahe, no_minmax, augmented]\n"
    tiny = experiment(folder / "data", text)
    overrides = [f"models={models}", f"compare={compare}", "train_ratios=[0.1, 0.3]", "seeds=[1, 2, 3]"]
    wide = parse_experiment(tiny.document.with_overrides(overrides))
    for run in wide.runs:
        log_run(store, run, dice_of(0.03))
        add_samples(store, run)
        add_function(store, run)
    tables = collect(store, wide.runs)
    path = folder / "report.html"
    report = build_report(wide, tables, ReportRequest(significance=True))
    path.write_text(render_page(report, wide, tables, store, folder), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def scored_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs with scorecards: unequal batches, a case without a Dice, and an image of the worst case."""
    folder = tmp_path_factory.mktemp("scored")
    store = FolderStore(folder / "store")
    text = "metrics: [dice, hd, hd95, assd, nsd, soft_dice, bce]"
    overrides = ["models.unet.batch_size=8", "models.gamma_net.batch_size=2"]
    scored = parse_experiment(experiment(folder / "data", text).document.with_overrides(overrides))

    def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float | None:
        undefined = (run.model, patient, time_point) == ("unet", PATIENTS[2], "ES")
        return None if undefined else case_dice_of(0.02)(run, set_name, patient, time_point)

    for run in scored.runs:
        log_run(store, run, dice_of(0.03), train_steps=100 // run.training.batch_size)
        log_cases(store, run, dice)
        add_samples(store, run, name=f"{PATIENTS[-1]} ES slice 03")
        add_function(store, run)
    tables = collect(store, scored.runs, cases=True)
    path = folder / "report.html"
    report = build_report(scored, tables, ReportRequest(significance=True))
    path.write_text(render_page(report, scored, tables, store, folder), encoding="utf-8")
    return path
