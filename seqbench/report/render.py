"""A table as CSV, TeX and Markdown. Names are text in all of them, never markup or a formula."""

from __future__ import annotations

from typing import Any

import pandas as pd

from seqbench.report.table import Entry, Table

TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "\n": " ",
    "≥": r"$\geq$", "≤": r"$\leq$", "–": "--", "−": "$-$", "→": r"$\to$", "×": r"$\times$", "·": r"$\cdot$",
}  # fmt: skip
"""How LaTeX spells signs that mean something else to it."""
MARKDOWN = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", **{sign: f"\\{sign}" for sign in "\\`*_{}[]#!|~$"},
}  # fmt: skip
"""How Markdown spells signs that mean something else to it."""
LONG, TEX_SHARE = 40, 0.6
"""From how many letters on a text of a LaTeX table is broken into lines, and the share of the width of such columns."""
TEX_TABLE = {
    "begin": "% Needs the packages array, booktabs and graphicx.\n"
    r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%" "\n"
    r"\begin{tabular}{COLUMNS}" "\n" r"\toprule",
    "end": r"\bottomrule" "\n" r"\end{tabular}}",
    "long": r">{\raggedright\arraybackslash}p{SHARE\linewidth}",
}  # fmt: skip
"""What stands around the rows of a LaTeX table, and the column of long texts; the page lays out its copies alike."""
_TO_TEX, _TO_MARKDOWN = str.maketrans(TEX), str.maketrans(MARKDOWN)

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet runs."""


def csv(frame: pd.DataFrame) -> str:
    """CSV text in which no text is a formula: spreadsheets run what begins with `=`, `+`, `-` or `@`."""
    safe = frame.copy()
    safe.columns = [_disarmed(str(column)) for column in safe.columns]
    for place, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            column = safe.iloc[:, place]
            if not isinstance(kind, pd.StringDtype) or column.str.startswith(FORMULA, na=False).any():
                safe.isetitem(place, [_disarmed(value) for value in column])
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _disarmed(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def tex(table: Table) -> str:
    """A LaTeX table with rules of the booktabs package, as shown in the report.

    Long texts are broken into lines, and a table that is wider than the text is made smaller.
    """
    longest = [max((len(row[place].text) for row in table.entries), default=0) for place in range(len(table.columns))]
    broken = sum(length > LONG for length in longest)
    columns = "".join(
        column.align[0] if length <= LONG else TEX_TABLE["long"].replace("SHARE", f"{TEX_SHARE / broken:.2f}")
        for column, length in zip(table.columns, longest, strict=True)
    )
    head, *rows = (" & ".join(map(in_tex, line)) + r" \\" for line in _lines(table))
    begin = TEX_TABLE["begin"].replace("COLUMNS", columns)
    return "\n".join([begin, head, r"\midrule", *rows, TEX_TABLE["end"], ""])


def in_tex(text: str) -> str:
    """Text in which nothing is a command of LaTeX."""
    return text.translate(_TO_TEX)


def markdown(table: Table, *, linked: bool = False) -> str:
    """A table for a code host; with `linked` entries lead where they say, which are no places on that page."""
    rows = [[_linked(entry) if linked else escape_markdown(entry.text) for entry in row] for row in table.entries]
    rule = ["---:" if column.align == "right" else "---" for column in table.columns]
    head = [escape_markdown(text) for text in table.head]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows))


def _linked(entry: Entry) -> str:
    text = escape_markdown(entry.text)
    return f"[{text}]({entry.link})" if entry.link else text


def _lines(table: Table) -> list[list[str]]:
    """The head and every row as texts."""
    return [list(table.head), *([entry.text for entry in row] for row in table.entries)]


def escape_markdown(text: str) -> str:
    """Text in which nothing is markup."""
    return " ".join(text.translate(_TO_MARKDOWN).split())
