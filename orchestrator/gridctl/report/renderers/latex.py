"""A report as LaTeX tables with booktabs, for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.analysis.model import Report
from gridctl.analysis.wording import sentence
from gridctl.report.conditions import conditions
from gridctl.report.methods import methods
from gridctl.report.renderers.sections.all_sections import all_sections
from gridctl.report.renderers.sections.comparisons import definitions, footer
from gridctl.report.renderers.sections.section import Section
from gridctl.report.renderers.unbroken import NO_BREAK, unbroken

_PREAMBLE: Final = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\setlength{\belowcaptionskip}{6pt}
\begin{document}
"""

_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    "−": r"$-$",
    "±": r"$\pm$",
    "≤": r"$\le$",
    "γ": r"$\gamma$",
    "×": r"$\times$",
    "–": "--",
    "…": r"\ldots{}",
    "•": r"\textbullet{}",
    "“": "``",
    "”": "''",
    NO_BREAK: "~",
}


def as_latex(report: Report) -> str:
    """A document that compiles as it is; its tables need `booktabs` where they are copied to.

    Rows whose difference is significant after correction are bold.
    """
    parts = [_PREAMBLE, rf"\section*{{{escaped(report.experiment)}}}"]
    parts += [rf"\paragraph{{Warning}} {escaped(warning)}" for warning in report.warnings]
    parts += [*_itemised(report.headlines)]
    parts += [rf"\paragraph{{{escaped(label)}}} {escaped(text)}" for label, text in definitions(report).items()]
    for number, section in enumerate(all_sections(report)):
        parts.append(_table(section))
        parts += [r"\clearpage"] if number % 12 == 11 else []  # LaTeX defers no more tables at once
        if section.notes:
            heading = [rf"\paragraph{{{escaped(section.title)}}}"] if section.columns else []
            parts += [*heading, *_itemised(section.notes)]
    if said := list(methods(report)):
        parts += [r"\paragraph{How it was tested}", *_itemised(said)]
    parts += [escaped(line) + "\n" for line in conditions(report)]
    parts += [rf"{{\small {escaped(footer(report))}}}", r"\end{document}"]
    return "\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is; letters it cannot print become `?`."""
    return "".join(_SPECIAL.get(character, _plain(character)) for character in unbroken(text.replace("\n", " ")))


def _plain(character: str) -> str:
    return character if character.isascii() or "À" <= character <= "ÿ" else "?"


def _itemised(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield r"\begin{itemize}"
        yield from (rf"\item {escaped(line)}" for line in lines)
        yield r"\end{itemize}"


def _table(section: Section) -> str:
    if not section.columns:
        return rf"\paragraph{{{escaped(section.title)}}}"
    kinds = "".join("l" if column in section.text_columns else "r" for column in section.columns)
    label = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escaped(sentence(section.title))}. {escaped(sentence(section.caption))}.}}",
        rf"\label{{tab:{label}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{@{{}}{kinds}@{{}}}}",
        r"\toprule",
        " & ".join(escaped(column) for column in section.columns) + r" \\",
        r"\midrule",
    ]
    for index, row in enumerate(section.rows):
        cells = [rf"\textbf{{{escaped(cell)}}}" if index in section.emphasised else escaped(cell) for cell in row]
        lines.append(" & ".join(cells) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table}"]
    return "\n".join(lines)
