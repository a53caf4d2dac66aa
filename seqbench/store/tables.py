"""The tables of a results folder as Parquet files, and a manifest that says which files belong together.

    results/<grid>/results.parquet, curves.parquet, probes.parquet
    results/<grid>/manifest.json         SHA-256 of each of them

A table without its trial files, as in a clone, is all there is: one that is absent, swapped, cut short or changed by a
single bit is refused. Page checksums alone would let the footer and whole files pass.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from seqbench.errors import LaterFormat, StoreError
from seqbench.schema import TABLES
from seqbench.store import atomic
from seqbench.store.plain_file import digest_of, read_bytes

if TYPE_CHECKING:
    from seqbench.store.spool import Spooled

FORMAT = 2
"""Version of the tables' files, in their metadata under `seqbench.format`. 0 had no version, 1 had no manifest."""

MANIFEST = "manifest.json"


class Digest(Protocol):
    """A hash that takes bytes in."""

    def update(self, data: bytes, /) -> None:
        """Take in further bytes."""


def write(folder: Path, tables: Mapping[str, pd.DataFrame | Spooled]) -> None:
    """Write tables and manifest, each atomically, with checksums on every page.

    Raises:
        StoreError: the disk refuses.
    """
    sums = {}
    for name, table in tables.items():
        digest = hashlib.sha256()
        atomic.write_pieces(folder / _file(name), _noted(_pieces(table), digest))
        sums[_file(name)] = digest.hexdigest()
    atomic.write_text(folder / MANIFEST, json.dumps({"format": FORMAT, "sha256": sums}, indent=1))


def arrow(frame: pd.DataFrame) -> pa.Table:
    """A table as it stands in its file."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return table.replace_schema_metadata({**table.schema.metadata, b"seqbench.format": str(FORMAT)})


def writer(file: IO[bytes], schema: pa.Schema) -> parquet.ParquetWriter:
    """Writes tables of this schema into a file, with checksums on every page."""
    # Numbers of measurements rarely repeat: their bytes, each place by itself, take a third less than a dictionary.
    numbers = [field.name for field in schema if pa.types.is_floating(field.type)]
    others = [field.name for field in schema if not pa.types.is_floating(field.type)]
    return parquet.ParquetWriter(file, schema, compression="zstd", compression_level=19, use_dictionary=others,
                                 use_byte_stream_split=numbers, write_page_checksum=True)  # fmt: skip


def _pieces(table: pd.DataFrame | Spooled) -> Iterator[bytes]:
    """The file of a table."""
    if not isinstance(table, pd.DataFrame):
        yield from table.pieces()
        return
    buffer, rows = io.BytesIO(), arrow(table)
    with writer(buffer, rows.schema) as file:
        file.write_table(rows)
    yield buffer.getvalue()


def _noted(pieces: Iterable[bytes], digest: Digest) -> Iterator[bytes]:
    """The same pieces, each taken into a hash as it passes."""
    for piece in pieces:
        digest.update(piece)
        yield piece


def paths(folder: Path) -> list[Path]:
    """The files of a folder's tables, whether they exist or not."""
    return [folder / name for name in (*map(_file, TABLES), MANIFEST)]


def present(folder: Path) -> bool:
    """Whether a folder holds tables, or any part of them."""
    return any(path.exists() for path in paths(folder))


def alone(folder: Path) -> bool:
    """Whether a folder holds tables without the trial files that they were made from, as a clone does."""
    return present(folder) and not (folder / "trials").exists()


def option(folder: Path) -> tuple[str, ...]:
    """The option with which a run goes on from what the folder holds, if it must be said."""
    return ("--from-tables",) if alone(folder) else ()


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """All tables of a folder by name.

    Raises:
        StoreError: one is damaged, absent or of another run.
        LaterFormat: a later version of seqbench wrote one.
    """
    data = {name: _bytes(folder / _file(name)) for name in TABLES}
    frames = {name: _decoded(folder / _file(name), content) for name, content in data.items()}
    if any(version >= 2 for _, version in frames.values()) or (folder / MANIFEST).exists():
        _verify(folder, data)
    return {name: frame for name, (frame, _) in frames.items()}


def _verify(folder: Path, data: Mapping[str, bytes]) -> None:
    """Compare the files with the manifest."""
    try:
        stated = json.loads(_bytes(folder / MANIFEST))["sha256"]
        wrong = [_file(name) for name, own in data.items() if stated[_file(name)] != digest_of(own)]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(folder / MANIFEST, f"{type(error).__name__}: {error}") from error
    if wrong:
        raise _damaged(folder / wrong[0], f"its SHA-256 is not the one in {MANIFEST}")


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error


def _decoded(path: Path, data: bytes) -> tuple[pd.DataFrame, int]:
    """A table and the version of its file."""
    try:
        table = parquet.read_table(io.BytesIO(data), page_checksum_verification=True)
        version = int((table.schema.metadata or {}).get(b"seqbench.format", b"0"))
        frame = table.to_pandas()
    # A damaged footer may break anything: the JSON that pandas keeps there, a type, the text of the version.
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error)) from error
    if version > FORMAT:
        raise LaterFormat(path, version, FORMAT)
    return frame, version


def _file(name: str) -> str:
    return f"{name}.parquet"


def _damaged(path: Path, reason: str) -> StoreError:
    return StoreError(f"{path} is damaged ({reason}). Restore it, or run the grid again.")
