"""A trainer starts fast, as it imports only what its run needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.specification import specification


def test_a_run_imports_no_compiler(tmp_path: Path, phantom: Path) -> None:
    """Several of torch's functions import its compiler when they are first called, which takes a third of a start."""
    data = {"train": {"dataset": "acdc", "path": str(phantom / "acdc")}}
    by_dft = {"channels": [16, 2], "down_fgru_kernels": [7, 1], "up_fgru_kernels": [1], "timesteps": 2}
    spec = specification(data=data, training={"batch_size": 4})
    network = {"architecture": "gamma_net", "options": by_dft}
    (tmp_path / "spec.json").write_text(json.dumps(spec | {"network": network}))
    arguments = ("run", "spec.json", "--store", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gridctl_trainer", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "torch" in imported
    assert not imported & {"torch._dynamo", "torch._inductor", "sympy"}
