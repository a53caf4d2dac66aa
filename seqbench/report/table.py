"""What a table of the report is: columns that are declared, and a frame of rows.

    Table("cost", "Cost of each method", (Column("method", "method"), Column("time", "seconds", unit="s")), frame)

`seqbench.report.render` writes it as CSV, TeX and Markdown, the page's template as HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from numbers import Integral
from typing import Any, Literal, NamedTuple

import pandas as pd

from seqbench.number_text import number_text
from seqbench.report.slug import slug

MISSING = "–"
"""How a missing value is read."""
NAMING = ("length", "distance", "learning rate")
"""Heads of numbers that say, among the first columns of a table, what a row is about."""
Row = Mapping[Any, Any]
"""One row of a frame: values by the name of their column."""


class Entry(NamedTuple):
    """One entry of a shown table.

    text: what is read
    link: where it leads on the page; empty for nowhere
    method: number of the method it names, to stand beside its marker
    """

    text: str
    link: str = ""
    method: int | None = None


@dataclass(frozen=True)
class Column:
    """One column of a table.

    head: what it shows
    text: an entry from its row; or the name of a column of the frame, whose values are read as `number` reads them
    unit: in what it is measured, or what its brackets hold; shown in brackets behind the head
    link: from a row to the address of the trials behind the entry; missing and empty entries lead nowhere
    method: from a row to the number of the method that the entry names
    align: the side on which entries stand; numbers stand on the right
    """

    head: str
    text: str | Callable[[Row], str]
    unit: str = ""
    link: Callable[[Row], str] | None = None
    method: Callable[[Row], int | None] | None = None
    align: Literal["left", "right"] = "right"

    @property
    def title(self) -> str:
        """The head with its unit."""
        return f"{self.head} ({self.unit})" if self.unit else self.head

    def entry(self, row: Row) -> Entry:
        """What the column shows of a row."""
        text = self.text(row) if callable(self.text) else number(row[self.text])
        leads = self.link is not None and text not in (MISSING, "")
        return Entry(
            text, self.link(row) if self.link and leads else "", None if self.method is None else self.method(row)
        )


def word(name: str, head: str | None = None) -> Column:
    """A column of text, as it stands in the column `name` of the frame."""
    return Column(name if head is None else head, name, align="left")


@dataclass(frozen=True)
class Table:
    """A table of the report.

    name: file name without ending
    title: its heading
    columns: what is shown; none for a table that is only a file
    rows: the rows that are shown
    note: how to read it, one or two sentences
    folded: whether the page shows it only when it is asked for
    values: what the CSV file holds, unrounded, where that is more than the rows
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame
    note: str = ""
    folded: bool = False
    values: pd.DataFrame | None = None

    @property
    def shown(self) -> bool:
        """Whether the report shows it: a head without rows says nothing."""
        return bool(self.columns) and not self.rows.empty

    @property
    def frame(self) -> pd.DataFrame:
        """What the CSV file holds."""
        return self.rows if self.values is None else self.values

    @property
    def head(self) -> tuple[str, ...]:
        """The heads of the columns, with units."""
        return tuple(column.title for column in self.columns)

    @cached_property
    def entries(self) -> tuple[tuple[Entry, ...], ...]:
        """The shown entries, row by row."""
        return tuple(tuple(column.entry(row) for column in self.columns) for row in self.rows.to_dict(orient="records"))

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """An address for each row, made of the first entries, which name it; a repeated one has a number."""
        naming = 1 + sum(1 for _ in takewhile(lambda one: one.align == "left" or one.head in NAMING, self.columns[1:]))
        seen: Counter[str] = Counter()
        found = []
        for row in self.entries:
            address = slug(" ".join(entry.text for entry in row[:naming]), longest=80)
            seen[address] += 1
            found.append(address if seen[address] == 1 else f"{address}.{seen[address]}")
        return tuple(found)

    def without_empty(self) -> Table:
        """The table without columns that show nothing in any row."""
        kept = [
            column for place, column in enumerate(self.columns)
            if any(row[place].text not in (MISSING, "") for row in self.entries)
        ]  # fmt: skip
        return Table(self.name, self.title, tuple(kept), self.rows, self.note, self.folded, self.values)


def number(value: Any, digits: int = 3) -> str:
    """A value as it is read: a dash if missing, a whole number in full, others to `digits` significant digits."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, float):
        return number_text(value, digits)
    return str(value)
