"""`gridctl list` shows what was submitted from here, and what a store holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gridctl.commands.lookup.experiments import GoneExperimentError, find_experiment
from gridctl.commands.lookup.listing import experiments_in, submitted_experiments
from gridctl.errors import InputError
from gridctl.experiment import Document, parse_experiment
from gridctl.submissions.submitted_experiments import forget, remember
from gridctl_trainer.contract import layout
from gridctl_trainer.storage.base import Store, open_store

TEXT = """\
name: {name}
models: [unet]
train_ratios: [0.5]
seeds: [1, 2, 3]
data: {{train: {{dataset: acdc, path: data/acdc}}, size_px: 64}}
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    return open_store(str(tmp_path / "runs"))


def submit(store: Store, name: str, done: int) -> None:
    text = TEXT.format(name=name)
    store.put(layout.experiment_yaml(name), text.encode())
    for run in parse_experiment(Document.parse(text, "")).runs[:done]:
        store.put(layout.RunLayout(name, run.run_id).result, b"{}")


def test_those_of_this_folder_are_listed_newest_first_with_what_is_done(store: Store) -> None:
    for name, done in (("first", 3), ("second", 1)):
        submit(store, name, done)
        remember(name, store.url, "local")
    store.put("second/of-another-grid/result.json", b"{}")
    listed = submitted_experiments()
    assert [(item.experiment, item.done, item.runs, item.is_last) for item in listed] == [
        ("second", 1, 3, True),
        ("first", 3, 3, False),
    ]


def test_one_that_its_store_no_longer_holds_is_gone_and_not_the_default(store: Store) -> None:
    submit(store, "kept", 2)
    remember("kept", store.url, "local")
    remember("lost", f"{store.url}-gone", "local")
    lost, kept = submitted_experiments()
    assert (kept.experiment, kept.done, kept.gone, kept.is_last) == ("kept", 2, False, True)
    assert (lost.experiment, lost.done, lost.runs, lost.gone, lost.is_last) == ("lost", None, None, True, False)
    assert find_experiment(None).experiment.name == "kept"
    with pytest.raises(GoneExperimentError, match="no experiment 'lost'"):
        find_experiment("lost")
    assert forget("lost", f"{store.url}-gone")
    assert not forget("lost", f"{store.url}-gone")
    assert [item.experiment for item in submitted_experiments()] == ["kept"]
    store.delete(layout.experiment_yaml("kept"))
    with pytest.raises(InputError, match="no experiment submitted from this folder is left"):
        find_experiment(None)


def test_a_store_that_fails_spoils_only_its_own_line(store: Store) -> None:
    submit(store, "damaged", 1)
    store.put(layout.experiment_yaml("damaged"), b"{")
    remember("damaged", store.url, "local")
    submit(store, "kept", 2)
    remember("kept", store.url, "local")
    kept, damaged = submitted_experiments()
    assert (kept.done, kept.problem) == (2, "")
    assert (damaged.runs, damaged.gone, bool(damaged.problem)) == (None, False, True)


def test_a_store_is_listed_whoever_submitted_to_it(store: Store) -> None:
    submit(store, "theirs", 0)
    submit(store, "mine", 3)
    remember("mine", store.url, "local")
    remember("theirs", "/elsewhere", "local")
    store.put("no-experiment/spec.json", b"{}")
    noted = [datetime(2026, 3, day, 9, 30, tzinfo=UTC) for day in (2, 4, 6)]
    for at, kind in zip(noted, ("submit", "submit", "report"), strict=True):
        store.put(layout.history_event("theirs", at, kind, "1a2b"), b"{}")
    mine, theirs = experiments_in(store.url)
    assert (mine.experiment, mine.done, mine.submitted_at is None) == ("mine", 3, False)
    assert (theirs.experiment, theirs.done, theirs.submitted_at) == ("theirs", 0, noted[1].timestamp())


def test_where_the_store_notes_no_submission_the_file_tells_when(store: Store) -> None:
    submit(store, "old", 0)
    store.put("old/history/not-an-event.json", b"{}")
    (old,) = experiments_in(store.url)
    (file,) = store.list(layout.experiment_yaml("old"))
    assert old.submitted_at == file.modified
