"""Changes that were made after somebody saw an answer are stated in the next report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gridctl_trainer.contract.layout import history_prefix
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.reports.conftest import Submit
from tests.e2e.short_commands import Command

REPORT = ("report", "tiny", "--store", "store")
DATE = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"


def warnings(gridctl: Command, *options: str) -> list[str]:
    shown = gridctl(*REPORT, "--json", *options)
    assert shown.returncode == 0, shown.stderr
    found: list[str] = json.loads(shown.stdout)["warnings"]
    return [line for line in found if "first report" in line or "history" in line]


def test_the_same_again_has_nothing_to_say(gridctl: Command, submit: Submit, store: FolderStore) -> None:
    submit()
    assert warnings(gridctl) == warnings(gridctl) == []
    (event,) = store.list(history_prefix("tiny"))
    content = json.loads(store.get(event.key).data)
    assert (content["event"], content["runs"], content["finished"]) == ("report", 20, 20)
    assert content["declared"]["seeds"] == [1, 2, 3, 4, 5]


def test_seeds_added_after_a_look_are_said(gridctl: Command, submit: Submit) -> None:
    submit("seeds=[1, 2, 3]")
    assert warnings(gridctl) == []
    submit("seeds=[1, 2, 3, 45, 46]")
    (line,) = warnings(gridctl)
    assert re.fullmatch(
        rf"changed since the first report \({DATE}, 12 of 12 runs finished\): seeds 45 and 46 were added", line
    )


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("compare.score=best", "score changed from final to best"),
        (
            "compare.metrics=[validation.soft_dice.left_ventricle]",
            "metrics changed from validation.soft_dice.left_ventricle and sunnybrook.soft_dice.left_ventricle to ",
        ),
        ("compare.family=experiment", "family changed from metric to experiment"),
        ("compare.equivalence_margin=0.01", "equivalence margin changed from none to 0.01"),
        ("train_ratios=[0.2]", "train ratio 0.5 was taken out"),
        ("seeds=[1, 2, 3, 4]", "seed 5 was taken out"),
        ("training.learning_rate=0.01", "training.learning_rate changed from 0.001 to 0.01 (unet and gamma_net)"),
        ("models.unet.batch_size=4", "training.batch_size changed from 8 to 4 (unet)"),
        ("compare.model=unet", ""),
    ],
)
def test_what_else_may_be_chosen_by_an_answer(override: str, said: str, gridctl: Command, submit: Submit) -> None:
    submit()
    assert warnings(gridctl) == []
    if override == "compare.model=unet":
        submit("compare={model: unet, against: gamma_net}")
        said = "comparison unet against gamma_net was added; comparison gamma_net against unet was taken out"
    else:
        submit(override)
    (line,) = warnings(gridctl)
    assert said in line


def test_a_score_of_the_command_line_is_a_change_too(gridctl: Command, submit: Submit) -> None:
    submit()
    assert warnings(gridctl, "--score", "best") == []
    assert "score changed from best to mean" in warnings(gridctl, "--score", "mean")[0]
    (line,) = warnings(gridctl)
    assert line.endswith("score changed from best to final; other reports used score mean")


def test_a_look_at_nothing_is_no_look(gridctl: Command, submit: Submit) -> None:
    submit("seeds=[1, 2]", finished=0)
    assert warnings(gridctl) == []
    submit("seeds=[1, 2, 3]")
    assert warnings(gridctl) == []


def test_it_stands_in_every_format(gridctl: Command, submit: Submit, tmp_path: Path) -> None:
    submit("seeds=[1, 2, 3, 4]")
    warnings(gridctl)
    submit()
    assert gridctl(*REPORT, "--significance", "-o", "out").returncode == 0
    for name in ("report.txt", "report.md", "report.tex", "report.json", "report.html"):
        text = " ".join((tmp_path / "out" / name).read_text("utf-8").split())
        assert "seed 5 was added" in text, name


def test_a_store_that_takes_no_history_makes_no_report_fail(gridctl: Command, submit: Submit, tmp_path: Path) -> None:
    submit()
    (tmp_path / "store" / "tiny" / "history").write_text("in the way")
    shown = gridctl(*REPORT, "--significance")
    assert shown.returncode == 0
    assert "note: the experiment's history cannot be kept" in shown.stderr
    assert "gamma_net is better than unet" in " ".join(shown.stdout.split())


def test_a_damaged_event_is_said_and_the_others_are_read(gridctl: Command, submit: Submit, store: FolderStore) -> None:
    submit("seeds=[1, 2, 3]")
    warnings(gridctl)
    store.put(f"{history_prefix('tiny')}20260101T000000000Z-report-00000000.json", b"{")
    submit()
    changed, unread = warnings(gridctl)
    assert "seeds 4 and 5 were added" in changed
    assert "cannot be read whole, so changes may be missed" in unread
    assert "20260101T000000000Z-report-00000000.json" in unread


def test_events_of_a_later_version_may_say_more(gridctl: Command, submit: Submit, store: FolderStore) -> None:
    submit("seeds=[1, 2, 3]")
    warnings(gridctl)
    (stat,) = store.list(history_prefix("tiny"))
    content = json.loads(store.get(stat.key).data) | {"plan": "frozen"}
    content["declared"]["population"] = "patients"
    store.put(stat.key, json.dumps(content).encode())
    submit()
    assert "seeds 4 and 5 were added" in warnings(gridctl)[0]


def test_a_history_is_no_run(gridctl: Command, submit: Submit) -> None:
    submit()
    warnings(gridctl)
    shown = gridctl("status", "tiny", "--store", "store", "--json")
    assert shown.returncode == 0, shown.stderr
    assert gridctl("delete", "tiny", "--store", "store", "--yes").returncode == 0
    assert gridctl("list", "--store", "store", "--json").stdout.strip() == "[]"


def test_options_that_an_older_version_did_not_keep_are_known_to_be_others(
    gridctl: Command, submit: Submit, store: FolderStore
) -> None:
    submit()
    assert warnings(gridctl) == []
    (event,) = store.list(history_prefix("tiny"))
    content = json.loads(store.get(event.key).data)
    del content["declared"]["options"]
    store.put(event.key, json.dumps(content).encode())
    submit("training.learning_rate=0.01")
    assert "unet and gamma_net are trained with other options or data" in warnings(gridctl)[0]


@pytest.mark.parametrize(("value", "said"), [("drop", False), ("keep", True)])
def test_an_option_that_is_new_and_at_its_default_is_no_change(
    value: str, said: bool, gridctl: Command, submit: Submit, store: FolderStore
) -> None:
    submit(f"data.copies={value}")
    warnings(gridctl)
    (event,) = store.list(history_prefix("tiny"))
    content = json.loads(store.get(event.key).data)
    declared = content["declared"]
    for name, options in declared["options"].items():
        assert options.pop("data.copies") == value
        declared["trained"][name] = "another"
    store.put(event.key, json.dumps(content).encode())
    assert bool(warnings(gridctl)) is said
