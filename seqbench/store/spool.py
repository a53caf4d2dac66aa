"""Tables that grow with a grid: held in memory while they are small, else in a temporary file that is read by parts."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet

from seqbench.store import atomic, tables, unused_memory

ROWS = 2**18
"""Rows that a table may have in memory; one with more is in a file."""
GROUP_ROWS = 2**16
"""Rows of a group in the file, at least; as many as fit one piece more are in memory while it is written."""


class _Group(NamedTuple):
    """A group of rows in the file: its number and its trials."""

    number: int
    trials: np.ndarray


class Spooled:
    """A table in a temporary file.

    names: what the measurements are of, in the order in which they first occur; empty for a table without that column
    """

    def __init__(self, first: pa.Table) -> None:
        """A table that will begin with rows like those of `first`."""
        self.names: dict[str, None] = {}
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the table)
        self._writer: parquet.ParquetWriter | None = tables.writer(self._file, first.schema)
        self._groups: list[_Group] = []
        self._rows = 0
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self._rows

    def write(self, rows: pa.Table) -> None:
        """Add a group of rows."""
        assert self._writer is not None
        self._writer.write_table(rows, row_group_size=len(rows))
        trials = pc.unique(rows.column("trial")).to_numpy(zero_copy_only=False).astype("S")
        self._groups.append(_Group(len(self._groups), trials))
        self._rows += len(rows)
        if "probe" in rows.column_names:
            self.names |= dict.fromkeys(pc.unique(rows.column("probe")).to_pylist())

    def close(self) -> None:
        """End the file; nothing can be added any more."""
        assert self._writer is not None
        self._writer.close()
        self._writer = None

    def rows(
        self, chosen: Mapping[str, Collection[Any]] = MappingProxyType({}), columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The rows that have one of the `chosen` values in each column named there, in these columns; None: in all.

        `columns` must hold those by which rows are chosen.
        """
        trials = np.array(list(chosen["trial"]), "S") if "trial" in chosen else None
        known = "probe" not in chosen or not self.names.keys().isdisjoint(chosen["probe"])
        found = [
            _filtered(self._read(group.number, columns), chosen)
            for group in self._groups
            if known and (trials is None or np.isin(group.trials, trials).any())
        ]
        frame: pd.DataFrame = pa.concat_tables([self._read(0, columns).slice(0, 0), *found]).to_pandas()
        unused_memory.release()
        return frame

    def pieces(self) -> Iterator[bytes]:
        """The file as it is, in pieces."""
        self._file.seek(0)
        while piece := self._file.read(2**20):
            yield piece

    def _read(self, group: int, columns: Sequence[str] | None) -> pa.Table:
        self._file.seek(0)
        return parquet.ParquetFile(self._file).read_row_group(group, columns=columns)


def _filtered(table: pa.Table, chosen: Mapping[str, Collection[Any]]) -> pa.Table:
    for column, kept in chosen.items():
        values = pa.array(list(kept), table.schema.field(column).type)
        table = table.filter(pc.is_in(table.column(column), values))
    return table


class Spool:
    """A table that is made piece by piece."""

    def __init__(self) -> None:
        self._frames: list[pd.DataFrame] = []
        self._spooled: Spooled | None = None

    def add(self, frame: pd.DataFrame) -> None:
        """Add rows, in the types that all pieces have."""
        if frame.empty and (self._frames or self._spooled):  # the first gives a table without rows its columns
            return
        self._frames.append(frame)
        if sum(map(len, self._frames)) >= (ROWS if self._spooled is None else GROUP_ROWS):
            self._flush()

    def done(self) -> pd.DataFrame | Spooled:
        """All rows: a frame if they are few."""
        if self._spooled is None:
            return pd.concat(self._frames, ignore_index=True)
        self._flush()
        self._spooled.close()
        return self._spooled

    def _flush(self) -> None:
        """Write what is held, in groups; each piece is let go as it is converted."""
        while self._frames:
            group: list[pa.Table] = []
            while self._frames and sum(map(len, group)) < GROUP_ROWS:
                group.append(tables.arrow(self._frames.pop(0)))
            self._write(pa.concat_tables(group))
        unused_memory.release()

    def _write(self, rows: pa.Table) -> None:
        """Add a group of rows to the file. Raises StoreError if the disk refuses."""
        try:
            if self._spooled is None:
                self._spooled = Spooled(rows)
            self._spooled.write(rows)
        except OSError as error:
            raise atomic.fault(error, Path(tempfile.gettempdir()) / "table of a large grid") from error
