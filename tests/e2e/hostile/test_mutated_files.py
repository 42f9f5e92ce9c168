"""Valid experiment files, logs and results, mutated with a fixed seed.

Each is refused with a message, or means what it says: no bug, no traceback, and no number that changes silently. The
small sets run everywhere; `pytest -m slow -s` runs the whole sweep and prints which call took longest.
"""

from __future__ import annotations

import csv
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.e2e.hostile.mutation import WORDS, mutated, mutated_json
from tests.e2e.hostile.session import Answer, answers
from tests.e2e.stores import planted

SLOW = pytest.mark.slow
EXPERIMENT = """\
# a comment: with signs
name: tiny
models:
  unet: {{channels: [4, 8], batch_size: 2}}
  gamma_net: &shared {{timesteps: 2, batch_size: 2}}
  other: {{<<: *shared, architecture: gamma_net, eta: true}}
train_ratios: [0.25, 0.5]
ablations: [none, no_clahe, {{name: long, set: {{models.gamma_net.timesteps: 6, training.learning_rate: 1e-4}}}}]
seeds: [1, 2, 42]
data:
  train: {{dataset: acdc, path: "{data}"}}
  size_px: 32
  augmentation: {{gamma: 0.5, flip: false}}
training: {{epochs: 3, learning_rate: 5e-3, checkpoint_keep_best: validation.soft_dice.left_ventricle}}
compare: {{model: gamma_net, against: unet, score: last-2, effect: 0.02}}
kubernetes: {{image: "x:1", cpu: 2, env: {{A: 1.10}}, volumes: {{/data: {{claim: c}}}}}}
"""


def ill_said(calls: list[list[str]], found: list[Answer]) -> list[str]:
    """Calls that did not end in a documented way."""
    wrong = []
    for call, answer in zip(calls, found, strict=True):
        said = answer.stdout + answer.stderr
        documented = answer.code in (0, 1, 2, 3) and "a bug in" not in said and "Traceback" not in said
        if not documented or len(answer.stderr) > 20_000:
            wrong.append(f"{' '.join(call)}: exit code {answer.code}: {answer.stderr[-500:]}")
    return wrong


@pytest.mark.parametrize("number", [40, pytest.param(2400, marks=[SLOW, pytest.mark.timeout(3600)])])
def test_experiments(number: int, tmp_path: Path) -> None:
    (tmp_path / "data" / "patient001").mkdir(parents=True)
    chance = random.Random(20)
    source = EXPERIMENT.format(data=tmp_path / "data").encode()
    calls = []
    for index in range(number):
        (tmp_path / f"{index}.yaml").write_bytes(mutated(source, chance, WORDS))
        calls.append(["submit", f"{index}.yaml", "--dry-run", "--json", "--backend", "local"])
    found = list(answers(calls, tmp_path))
    assert ill_said(calls, found) == []
    accepted = [(call[1], answer) for call, answer in zip(calls, found, strict=True) if answer.code == 0]
    assert accepted, "some mutations leave a valid file"
    assert [name for name, answer in accepted if _grid(json.loads(answer.stdout)) != _written(tmp_path / name)] == []
    say(calls, found, f"{len(accepted)} of {number} files accepted")


def _grid(shown: Any) -> tuple[list[str], int]:
    """Runs without their digests, and the total number of their epochs."""
    return sorted(run.rpartition("-")[0] for run in shown["create"]), sum(
        cell["epochs_left"] for cell in shown["estimate"]["cells"]
    )


def _written(path: Path) -> tuple[list[str], int]:
    """The same, by another YAML parser."""
    tree = YAML(typ="safe", pure=True).load(path.read_bytes().decode("utf-8-sig"))
    models, ratios, seeds = tree["models"], tree["train_ratios"], tree["seeds"]
    ablations = tree.get("ablations") or ["none"]
    runs, epochs = [], 0
    for ablation in ablations:
        name = ablation if isinstance(ablation, str) else ablation["name"]
        changed = {} if isinstance(ablation, str) else ablation.get("set", {})
        for model in models:
            own = (models[model] or {}).get("epochs", tree.get("training", {}).get("epochs", 200))
            own = changed.get(f"models.{model}.epochs", changed.get("training.epochs", own))
            for ratio in ratios:
                percent = f"{float(ratio) * 100:.6g}".replace(".", "p")
                for seed in seeds:
                    assert not isinstance(seed, bool)
                    runs.append(
                        f"{tree['name']}-{model}-r{percent}-{name}-s{int(Decimal(str(seed)))}".replace("_", "-")
                    )
                    epochs += int(own)
    return sorted(runs), epochs


@pytest.mark.parametrize("number", [20, pytest.param(900, marks=[SLOW, pytest.mark.timeout(3600)])])
def test_logs_and_results(number: int, tmp_path: Path) -> None:
    chance = random.Random(21)
    (tmp_path / "data" / "patient001").mkdir(parents=True)
    file = tmp_path / "tiny.yaml"
    file.write_text(planted.YAML.format(seeds=", ".join(map(str, range(number))), data=tmp_path / "data"))
    found = planted.objects(file)
    changed: dict[str, bytes] = {}
    for key, data in found.items():
        run_id = key.split("/")[1]
        if "-unet-" in run_id and key.endswith(chance.choice((planted.LOG, planted.LOG, planted.RESULT))):
            text = [repr(value)[:5000] for value in (1e400, -1, 10**30, True, None, "x", [], {})]
            new = mutated_json(data, chance) if chance.random() < 0.6 else mutated(data, chance, text)
            changed[run_id] = found[key] = new
    for key, data in found.items():
        path = tmp_path / "store" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    where = ["tiny", "--store", "store"]
    calls = [["status", *where, "--json"], ["export", *where, "-o", "e.csv"], ["report", *where, "-o", "out"]]
    calls += [["plan", *where, "--json"], ["report", *where, "--significance"]]
    got = list(answers(calls, tmp_path))
    assert ill_said(calls, got) == []

    status = json.loads(got[0].stdout)
    named = {run for run in changed if any(run in problem for problem in status["problems"])}
    assert [problem for problem in status["problems"] if not any(run in problem for run in changed)] == []
    with (tmp_path / "e.csv").open() as exported:
        rows = list(csv.DictReader(exported))
    silent = [run for run in changed if run not in named and not _as_written(run, rows, found)]
    assert silent == []
    say(calls, got, f"{len(named)} of {len(changed)} mutations named, the others as they stand in the file")


def _as_written(run: str, rows: list[dict[str, str]], found: dict[str, bytes]) -> bool:
    """Whether each exported number of a run equals the one in its log, as another JSON parser reads it."""
    lines = [json.loads(line) for line in found[f"tiny/{run}/{planted.LOG}"].split(b"\n")[:-1] if line]
    epochs = [line for line in lines if line.get("kind") == "epoch"]
    shown = [row for row in rows if row["run_id"] == run]
    return len(epochs) == len(shown) and all(
        float(row["validation.soft_dice.left_ventricle"])
        == line["sets"]["validation"]["scores"]["soft_dice.left_ventricle"]
        and float(row["train_loss"]) == line["train_loss"]
        and float(row["seconds"]) == line["seconds"]
        and int(row["epoch"]) == line["epoch"]
        for row, line in zip(shown, epochs, strict=True)
    )


def say(calls: list[list[str]], found: list[Answer], what: str) -> None:
    slowest = max(range(len(found)), key=lambda index: found[index].seconds)
    print(f"{what}; the slowest call took {found[slowest].seconds:.2f} s: gridctl {' '.join(calls[slowest])}")
