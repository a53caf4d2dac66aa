"""Addresses inside the page, where every number leads to the trials it is computed from, and of files beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from seqbench.report.evidence import Evidence
from seqbench.report.table import Row


def trials(
    evidence: Evidence, *, task: str | Sequence[str] | None = None, method: str | Sequence[str] | None = None,
    **columns: Any,
) -> str:  # fmt: skip
    """The address that shows the trials with these values; methods and tasks go by number, never by name.

    Several methods mean the trials of any of them, and so do several tasks.
    """
    query: dict[str, Any] = {}
    for name, wanted, place in (("task", task, evidence.tasks.index), ("method", method, evidence.place)):
        if wanted is not None:
            query[name] = [place(each) for each in ([wanted] if isinstance(wanted, str) else wanted)]
    return f"#trials?{urlencode(query | columns, doseq=True)}"


def behind(evidence: Evidence, *columns: str, pair: bool = False, **fixed: Any) -> Callable[[Row], str]:
    """The link from a row to the reporting trials of its task and method, whichever of the two it has.

    columns: further columns of the row whose values the trials share; a missing value chooses nothing
    pair: whether the trials of the method in the row's column `against` belong to them
    fixed: further values that the trials share, as `trials` takes them
    """

    def link(row: Row) -> str:
        query = {name: _exact(name, row[name]) for name in ("task", *columns) if name in row and pd.notna(row[name])}
        methods = [row[name] for name in ("method", *(["against"] if pair else [])) if name in row]
        methods = [name for name in methods if pd.notna(name)]
        return trials(evidence, method=methods or None, **{"purpose": "reporting", **fixed, **query})

    return link


def _exact(name: str, value: Any) -> Any:
    """A value as the page's trials hold it: lengths are whole, learning rates have five digits."""
    return int(value) if name == "length" else f"{value:.5g}" if name == "learning_rate" else value


def relative(file: Path, page: Path) -> str:
    """The address of a file from a page."""
    return Path(os.path.relpath(file.absolute(), page.absolute().parent)).as_posix()
