"""Examples of every command of `gridctl`, shown at the end of its help. A test runs each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("gridctl init data/phantom", "gridctl submit experiments/demo.yaml", "gridctl report --significance"),
    "init": ("gridctl init data/phantom", "gridctl init data/phantom/acdc --name hearts -o -"),
    "submit": (
        "gridctl submit experiments/demo.yaml --dry-run",
        "gridctl submit experiments/demo.yaml --set training.epochs=2 --store short",
    ),
    "decide": ("gridctl decide experiments/demo.yaml --set compare.stopping=anytime",),
    "status": ("gridctl status", "gridctl status --runs", "gridctl status demo --json"),
    "list": ("gridctl list", "gridctl list --store runs --json"),
    "report": (
        "gridctl report --significance",
        "gridctl report demo --significance --format html -o report",
    ),
    "plan": ("gridctl plan", "gridctl plan experiments/demo.yaml --set training.epochs=200"),
    "export": ("gridctl export", "gridctl export demo --table runs -o runs.csv"),
    "seal": ("gridctl seal experiments/demo.yaml", "gridctl seal experiments/demo.yaml --json"),
    "verify": ("gridctl verify report", "gridctl verify report/report.json --json"),
    "logs": ("gridctl logs demo-unet-r30-none-s42", "gridctl logs demo-unet-r30-none-s42 --follow"),
    "predict": ("gridctl predict demo-unet-r30-none-s42 data/phantom/acdc -o masks",),
    "cancel": ("gridctl cancel demo", "gridctl cancel demo --run demo-unet-r30-none-s42"),
    "retry": ("gridctl retry demo", "gridctl retry demo --run demo-unet-r30-none-s42"),
    "delete": ("gridctl delete demo --run demo-unet-r30-none-s42", "gridctl delete demo --yes"),
    "render": ("gridctl render hearts.yaml", "gridctl render hearts.yaml -o jobs"),
    "score": (
        "gridctl score data/phantom/acdc data/phantom/acdc --dataset acdc",
        "gridctl score data/phantom data/phantom --labels 1=rv,2=myo,3=lv",
    ),
    "doctor": ("gridctl doctor experiments/demo.yaml", "gridctl doctor experiments/demo.yaml --json"),
    "schema": ("gridctl schema > experiment.schema.json",),
}
