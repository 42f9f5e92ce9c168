"""Environment variables of pods, as an experiment file gives them."""

from __future__ import annotations

from typing import Any

from gridctl.experiment.kubernetes_options import MOST_BYTES_OF_A_VARIABLE
from gridctl.experiment.secret_forms import why_secret
from gridctl.experiment.validation import Problems


def check_environment(kubernetes: Any, problems: Problems) -> None:
    """Refuse secrets among the variables that are written into Jobs, and variables given twice."""
    given = kubernetes if isinstance(kubernetes, dict) else {}
    plain: Any = given.get("env")
    secret: Any = given.get("secret_env")
    for name, value in plain.items() if isinstance(plain, dict) else ():
        reason = why_secret(name, str(value)[:MOST_BYTES_OF_A_VARIABLE]) if isinstance(value, str | int | float) else ""
        if reason:
            fix = f"put it into a Secret and write kubernetes.secret_env: {{{name}: {{secret: NAME, key: KEY}}}}"
            problems.add(("kubernetes", "env", name), f"{reason}, and a Job can be read by many", fix)
        elif isinstance(secret, dict) and name in secret:
            problems.add(("kubernetes", "secret_env", name), "is given in kubernetes.env as well")
