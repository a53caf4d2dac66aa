"""What a table is, and how it becomes CSV, TeX and Markdown.

Names are text in all of them, never markup or a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd

_TEX = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "\n": " ",
    "≥": r"$\geq$", "≤": r"$\leq$", "–": "--", "−": "$-$", "×": r"$\times$", "·": r"$\cdot$",
})  # fmt: skip


class Cell(NamedTuple):
    """One entry of a shown table.

    text: what is read
    link: where it leads on the page; empty for nowhere
    method: number of the method it names, to stand beside its marker
    number: whether it is set to the right
    """

    text: str
    link: str = ""
    method: int | None = None
    number: bool = False


class Table(NamedTuple):
    """A table of the report.

    name: file name without ending
    title: its heading
    note: how to read it, one or two sentences
    head: names of the shown columns
    rows: the shown entries
    frame: the values behind it, unrounded: what the CSV file holds
    folded: whether the page shows it only when it is asked for
    """

    name: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    frame: pd.DataFrame
    folded: bool = False


def tabulate(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    note: str = "",
    heads: dict[str, str] | None = None,
    cells: dict[str, Callable[[Any], Cell]] | None = None,
    raw: pd.DataFrame | None = None,
    folded: bool = False,
) -> Table:
    """Show the columns of `frame` named in `heads` (default all), each entry made by its maker in `cells`."""
    heads = heads or {column: str(column) for column in frame.columns}
    makers = cells or {}
    rows = tuple(
        tuple(makers.get(column, plain)(row[column]) for column in heads) for row in frame.to_dict(orient="records")
    )
    return Table(name, title, note, tuple(heads.values()), rows, frame if raw is None else raw, folded)


def plain(value: Any) -> Cell:
    """An entry that leads nowhere."""
    return Cell(number(value), number=isinstance(value, (int, float)) and not isinstance(value, bool))


def number(value: Any, digits: int = 3) -> str:
    """A value as it is read: a dash if missing, thousands apart, at most `digits` significant digits behind a point."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    if isinstance(value, float):
        return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def csv(frame: pd.DataFrame) -> str:
    """CSV text in which no cell of text is a formula: spreadsheets run what begins with `=`, `+`, `-` or `@`."""
    safe = frame.copy()
    safe.columns = [_disarmed(str(column)) for column in safe.columns]
    for place, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(place, [_disarmed(value) for value in safe.iloc[:, place]])
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _disarmed(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def tex(table: Table) -> str:
    """A LaTeX table with rules of the booktabs package, as shown in the report."""
    columns = "".join("r" if cell.number else "l" for cell in table.rows[0]) if table.rows else "l" * len(table.head)
    lines = [" & ".join(_tex(name) for name in table.head) + r" \\"]
    body = [" & ".join(_tex(cell.text) for cell in row) + r" \\" for row in table.rows]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            *lines,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _tex(text: str) -> str:
    return text.translate(_TEX)


def markdown(table: Table) -> str:
    """A table for a code host."""
    rows: Sequence[Sequence[str]] = [[escape_markdown(cell.text) for cell in row] for row in table.rows]
    rule = ["---:" if table.rows and cell.number else "---" for cell in (table.rows[0] if table.rows else ())]
    lines = [[escape_markdown(name) for name in table.head], rule or ["---"] * len(table.head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def escape_markdown(text: str) -> str:
    """Text in which nothing is markup."""
    kept = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_{}[]()#!|~$@":
        kept = kept.replace(sign, f"\\{sign}" if sign not in "@" else "&#64;")
    return " ".join(kept.split())
