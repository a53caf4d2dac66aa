"""Data frames as terminal tables."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from rich.table import Table
from rich.text import Text

from seqbench.number_text import number_text


def table_of(frame: pd.DataFrame, *, title: str | None = None) -> Table:
    """A frame as a table: whole numbers in full and others to three digits, nothing where nothing is known."""
    table = Table(title=title, title_justify="left")
    for name in frame.columns:
        side: Literal["left", "right"] = "right" if frame[name].dtype.kind in "iuf" else "left"
        table.add_column(str(name).replace("_", " "), justify=side, no_wrap=name == "method")
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(_shown(value)) for value in row))
    return table


def _shown(value: Any) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    return number_text(value) if isinstance(value, float) else str(value)
