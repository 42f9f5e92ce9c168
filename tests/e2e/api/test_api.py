"""`gridctl.api` gives the answers of commands as objects and tables, and prints nothing."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gridctl import api
from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.api.conftest import Submit
from tests.e2e.local.conftest import experiment_of


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, gridctl.api; print(*sorted({'torch', 'pandas', 'pydantic', 'rich', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_status_has_a_row_per_run_and_per_cell(submit: Submit, store: FolderStore) -> None:
    tiny = submit(finished=1)
    status = api.status(tiny.name, store=store.url)
    runs = status.runs_table()
    assert list(runs["run_id"]) == [run.run_id for run in tiny.runs]
    assert runs["state"][0] == "done"
    assert len(status.cells_table()) == len({(run.model, run.train_ratio, run.ablation) for run in tiny.runs})


def test_collect_has_every_epoch(submit: Submit, store: FolderStore) -> None:
    tiny = submit()
    collected = api.collect(tiny.name, store=store.url)
    assert set(collected.epochs["run_id"]) == {run.run_id for run in tiny.runs}
    assert len(collected.epochs) == sum(run.training.epochs for run in tiny.runs)


def test_a_loaded_experiment_is_found_where_it_is_kept(submit: Submit, store: FolderStore, tmp_path: Path) -> None:
    submit()
    path = tmp_path / "tiny.yaml"
    path.write_bytes(store.get("tiny/experiment.yaml").data)
    assert api.status(api.load(path, store=store.url)).totals["done"] > 0


def test_report_has_tables_and_documents(submit: Submit, store: FolderStore, tmp_path: Path) -> None:
    submit()
    result = api.report("tiny", store=store.url)
    assert result.headlines
    assert len(result.comparisons) == sum(len(part.rows) for part in result.report.comparisons) > 0
    assert {"difference", "p", "verdict"} <= set(result.comparisons.columns)
    assert len(result.pairs) > 0
    assert result.headlines[0].partition(" ")[0] in repr(result)
    assert result.text("markdown").startswith("# tiny")
    assert [path.name for path in result.save(tmp_path / "out", "html")] == ["report.html"]


def test_tables_keep_their_columns_where_nothing_was_tested(submit: Submit, store: FolderStore) -> None:
    submit()
    result = api.report("tiny", store=store.url, significance=False)
    assert result.comparisons.empty
    assert "p_holm" in result.comparisons.columns
    assert not result.summaries.empty


def test_nothing_is_printed_and_progress_is_told_instead(
    submit: Submit, store: FolderStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    submit()
    told: list[str] = []
    api.status("tiny", store=store.url, progress=told.append)
    api.collect("tiny", store=store.url, progress=told.append)
    api.report("tiny", store=store.url).save(tmp_path / "out", progress=told.append)
    assert capfd.readouterr() == ("", "")
    assert f"wrote {tmp_path / 'out' / 'report.txt'}" in told


def test_what_is_wrong_is_raised_with_what_to_do(submit: Submit, store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\nmodls: {unet: {}}\n")
    with pytest.raises(api.InputError, match=r"bad.yaml:2"):
        api.load(tmp_path / "bad.yaml")
    with pytest.raises(Fault, match="no experiment 'other'"):
        api.status("other", store=store.url)
    submit()
    result = api.report("tiny", store=store.url)
    with pytest.raises(api.InputError, match="unknown format 'htm'"):
        result.text("htm")
    with pytest.raises(api.InputError, match="unit 'runs'"):
        api.report("tiny", store=store.url, unit="runs")


def test_overrides_are_values_of_python_or_texts_of_set(submit: Submit, store: FolderStore, tmp_path: Path) -> None:
    submit()
    path = tmp_path / "tiny.yaml"
    path.write_bytes(store.get("tiny/experiment.yaml").data)
    changed = api.load(path, {"training.epochs": 7, "seeds": [5, 6], "name": "other"})
    assert {run.training.epochs for run in changed.runs} == {7}
    assert (changed.seeds, changed.name) == ((5, 6), "other")
    assert api.load(path, ["training.epochs=7", "seeds=[5, 6]", "name=other"]).runs == changed.runs


def test_submit_can_be_refused_before_anything_is_written(phantom: Path, tmp_path: Path) -> None:
    experiment = api.load(experiment_of(tmp_path, phantom), store=str(tmp_path / "new"))

    def refuse(_prepared: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        api.submit(experiment, on_prepared=refuse)
    with pytest.raises(api.InputError, match="--max-active"):
        api.submit(experiment, max_active=2)
    with pytest.raises(api.InputError, match="would run nothing"):
        api.submit(experiment, workers=0)
    assert not (tmp_path / "new").exists()


def test_submit_trains_in_silence_from_any_thread(
    phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = experiment_of(tmp_path, phantom)
    told: list[str] = []
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(api.submit, path, progress=told.append).result()
    assert result.ok
    assert result.outcome.done == (result.prepared.experiment.runs[0].run_id,)
    assert any(line.startswith("[1/1 done]") for line in told)
    assert api.status().totals["done"] == 1  # the folder remembers the experiment
    assert api.submit(path).prepared.plan.to_do == ()
    assert capfd.readouterr() == ("", "")
