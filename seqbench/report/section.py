"""What a report is made of: sections of parts, and parts of charts and tables. No layout, no markup."""

from __future__ import annotations

from typing import NamedTuple

from seqbench.report.charts.base import Chart
from seqbench.report.table import Table


class Part(NamedTuple):
    """Charts and tables that belong together.

    title, text: a heading and a sentence; either may be empty
    charts, tables: in the order in which they are read; a table without rows is a file alone
    code_title, code: a text to unfold, set in a fixed-width font
    language: of the code, for a code host
    """

    title: str = ""
    text: str = ""
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    code_title: str = ""
    code: str = ""
    language: str = "yaml"


class Section(NamedTuple):
    """A section of the report.

    name: its address on the page
    title: its heading
    lead: what it shows, one or two sentences
    parts: what it holds; a section without parts is left out
    """

    name: str
    title: str
    lead: str
    parts: tuple[Part, ...]
