"""Templates, styles and scripts of the page; everything goes into the one file."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gridctl.analysis.wording import sentence
from gridctl.report.numbers import effect, interval, mean_sd, p_value, share, signed
from gridctl.report.renderers.html.charts.plot import px, shapes, shared_words
from gridctl.report.renderers.unbroken import unbroken
from gridctl_trainer.contract.score_name import VALIDATION

STYLES: Final = ("colours.css", "layout.css", "tables.css", "charts.css", "pictures.css", "print.css")
SCRIPTS: Final = ("theme.js", "tables.js", "tips.js", "choices.js", "packed.js", "panel.js", "curves.js")

_IMPLIED: Final = re.compile(r"</t[dhr]>\s*")
"""End tags that HTML does without; free text cannot hold one, for it is escaped."""


def render(template: str, content: dict[str, Any]) -> str:
    """Fill in a template. All values are escaped.

    Args:
        template: Its file name.
        content: Values by name.
    """
    environment = Environment(
        loader=PackageLoader("gridctl.report.renderers.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: unbroken(value) if type(value) is str else value,  # markup and JSON stay as they are
    )
    names = {model.name for model in content.get("models", ())}
    environment.filters |= {
        "signed": signed,
        "p_value": p_value,
        "effect": effect,
        "share": share,
        "duration": duration,
        "px": px,
        "said_once": said_once,
        "sorted_by": sorted_by,
        "set_title": set_title,
        "sentence": lambda text: sentence(str(text), names),
    }
    environment.globals |= {"shapes": shapes(), "interval": interval, "mean_sd": mean_sd}
    style, script = _asset(STYLES), _asset(SCRIPTS)
    page = environment.get_template(template).render(
        style=Markup(style),
        script=Markup(script),
        policy=policy(style, script),
        **content,
    )
    return _IMPLIED.sub("", page)


def said_once(tips: Sequence[str]) -> tuple[str, list[str]]:
    """As `shared_words`, escaped: the script counts spaces, so that no number is kept together with its sign."""
    words, own = shared_words(tips)
    return (escape(words), [escape(tip) for tip in own]) if words else ("", own)


def sorted_by(value: float | None) -> Markup:
    """The attribute by which a cell is sorted, where its text has fewer digits; nothing without a value."""
    return Markup("") if value is None else Markup(f" data-value={value:.6g}")


def policy(style: str, script: str) -> str:
    """The page's Content-Security-Policy: no request leaves it, no code runs but its own.

    Args:
        style: Text of its one style element.
        script: Text of its one script.
    """
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def set_title(name: str) -> str:
    """What a set of images is called in prose: `validation set`, `external set sunnybrook`."""
    return f"{name} set" if name == VALIDATION else f"external set {name}"


def duration(seconds: float) -> str:
    """`3 h 20 min`, `51 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, hours = whole // 60 % 60, whole // 3600
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"


def _asset(names: tuple[str, ...]) -> str:
    folder = resources.files("gridctl.report.renderers.html") / "assets"
    return "\n" + "\n".join((folder / name).read_text("utf-8") for name in names)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
