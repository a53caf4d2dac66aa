"""The numbers in a chart as a table, in which each number leads to the trials it is computed from."""

from __future__ import annotations

from numbers import Number
from typing import Any

import pandas as pd

from seqbench.report.charts.base import Chart
from seqbench.report.columns import method_column
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.table import Column, Table, number

NAMES = (
    "task", "method", "against", "length", "learning_rate", "setting", "effect", "factor", "level", "by", "by_level",
    "verdict", "text",
)  # fmt: skip
"""Columns that identify a row rather than measure it."""
WORDS = {
    "at_least": "solved the longest", "below": "shortest not solved", "violations": "contradicting results",
    "p_holm": "p (Holm)", "first_step": "first step", "median_step": "median step", "text": "remembers",
    "by_level": "at", "mean_rank": "mean rank", "learning_rate": "learning rate",
}  # fmt: skip
"""Heads of columns whose names are not plain words."""


def numbers(chart: Chart, evidence: Evidence) -> Table:
    """The table of a chart; its entries are links where the chart says which trials it is about."""
    columns = tuple(_column(chart, evidence, name) for name in chart.table.columns)
    return Table(chart.name, f"Numbers: {chart.title}", columns, chart.table)


def _column(chart: Chart, evidence: Evidence, name: Any) -> Column:
    """One column; names lead nowhere, and a method stands beside its marker."""
    counted = isinstance(name, Number)
    head = f"{chart.columns} {name:,g}".strip() if counted else WORDS.get(name, str(name))
    if name == "method":
        return method_column(evidence)
    link = None
    if chart.about and name not in NAMES:
        own = {chart.columns: int(name) if chart.columns == "length" else name} if counted and chart.columns else {}
        link = behind(evidence, "length", "learning_rate", pair=True, **chart.about, **own)
    numeric = link is not None or pd.api.types.is_numeric_dtype(chart.table[name].dtype)
    return Column(head, lambda row: number(row[name]), link=link, align="right" if numeric else "left")
