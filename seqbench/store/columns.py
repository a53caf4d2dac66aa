"""Rows of a table as they come, kept by column: numbers take eight bytes, not the hundreds of a row of Python's values.

A finished table is made of the very memory that its numbers were gathered in, so that it is never held twice.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from seqbench.schema import TABLES, DataColumn


def described(names: Collection[str]) -> Mapping[str, DataColumn]:
    """The schema's columns of the table that has these; any other is a factor of the results, whose levels are text."""
    return next((own for own in TABLES.values() if own.keys() <= set(names)), {})


class Columns:
    """A table that rows are added to."""

    def __init__(self, names: Collection[str]) -> None:
        """An empty table with these columns, in the types of the schema."""
        known = described(names)
        self._columns = {name: _column(name, known) for name in names}

    def add(self, rows: Sequence[Mapping[str, Any]], trial: str) -> None:
        """Add rows of one trial; what a row lacks is a missing value, what is no column is left out."""
        for name, column in self._columns.items():
            column.extend([trial] * len(rows) if name == "trial" else [row.get(name) for row in rows])

    def frame(self) -> pd.DataFrame:
        """The table; nothing can be added any more."""
        return pd.DataFrame({name: column.done() for name, column in self._columns.items()}, copy=False)


class _Column(Protocol):
    def extend(self, values: Sequence[Any]) -> None: ...
    def done(self) -> Any: ...


class _Numbers:
    def __init__(self) -> None:
        self._values = array("d")

    def extend(self, values: Sequence[Any]) -> None:
        self._values.extend([math.nan if value is None else value for value in values])

    def done(self) -> Any:
        return np.asarray(self._values)


class _Counts:
    def __init__(self) -> None:
        self._values, self._missing = array("q"), array("b")

    def extend(self, values: Sequence[Any]) -> None:
        missing = [pd.isna(value) for value in values]
        self._values.extend([0 if absent else _whole(value) for value, absent in zip(values, missing, strict=True)])
        self._missing.extend(missing)

    def done(self) -> Any:
        return pd.arrays.IntegerArray(np.asarray(self._values), np.asarray(self._missing).view(bool))


def _whole(value: Any) -> int:
    count = int(value)
    if count != value:
        raise ValueError(f"expected a whole number, got {value!r}")
    return count


class _Names:
    """Names of trials, each as it is given."""

    def __init__(self) -> None:
        self._values: list[str | None] = []

    def extend(self, values: Sequence[Any]) -> None:
        self._values += values

    def done(self) -> Any:
        return pd.array(self._values, dtype="str")


class _Texts(_Names):
    """Texts, of which few differ: equal ones are one object."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[Any, str | None] = {}

    def extend(self, values: Sequence[Any]) -> None:
        for value in values:
            if value not in self._seen:
                self._seen[value] = None if value is None or value != value else str(value)
        super().extend([self._seen[value] for value in values])


_KINDS: dict[str, type[_Column]] = {"number": _Numbers, "count": _Counts, "text": _Texts}


def _column(name: str, known: Mapping[str, DataColumn]) -> _Column:
    return _Names() if name == "trial" else _KINDS[known[name].kind if name in known else "text"]()
