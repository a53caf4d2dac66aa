"""The numbers in a chart as a table, in which each number leads to the trials it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Number
from typing import Any

from seqbench.report.charts.base import Chart
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.report.table import Cell, Table, plain, tabulate

NAMES = (
    "task", "method", "against", "length", "learning_rate", "setting", "effect", "factor", "level", "by", "by_level",
    "verdict", "text",
)  # fmt: skip
"""Columns that say what a row is about and are no number of it."""
WORDS = {
    "at_least": "solved every length", "below": "not even the shortest", "non_monotone": "solved again after a failure",
    "p_holm": "p (Holm)", "first_step": "first step", "median_step": "median step", "text": "remembers",
    "by_level": "at", "mean_rank": "mean rank", "learning_rate": "learning rate",
}  # fmt: skip
"""How columns are read whose names are no words."""


def numbers(chart: Chart, evidence: Evidence) -> Table:
    """The table of a chart; its entries are links where the chart says which trials it is about."""
    records, columns = chart.table.to_dict(orient="records"), list(chart.table.columns)
    rows = tuple(tuple(_entry(chart, evidence, record, column) for column in columns) for record in records)
    table = tabulate(chart.table, name=chart.name, title=f"Numbers: {chart.title}")
    head = tuple(f"{chart.columns} {name:,g}".strip() if isinstance(name, Number) else WORDS.get(name, str(name))
                 for name in columns)  # fmt: skip
    return table._replace(head=head, rows=rows)


def _entry(chart: Chart, evidence: Evidence, record: Mapping[Any, Any], column: Any) -> Cell:
    """One entry; missing values and names lead nowhere, and a method stands beside its marker."""
    cell = plain(record[column])
    if column == "method" and record[column] in evidence.methods:
        return cell._replace(method=evidence.place(record[column]))
    if not chart.about or column in NAMES or cell.text in ("–", ""):
        return cell
    known = {name: record[name] for name in ("task", "length", "learning_rate") if name in record}
    query: dict[str, Any] = {**chart.about, **known}
    if chart.columns and isinstance(column, Number):
        query[chart.columns] = column
    if "learning_rate" in query:
        query["learning_rate"] = f"{query['learning_rate']:.5g}"
    if "length" in query:
        query["length"] = int(query["length"])
    methods = [record[name] for name in ("method", "against") if record.get(name)]
    return cell._replace(link=trials(evidence, method=methods or None, **query), number=True)
