"""Trial files packed together: a folder of a hundred thousand files is slow to open, copy and back up.

    results/<grid>/trials/<number>-<count>.parquet    a part: columns trial, written (ns since the epoch), text

A part holds the texts of trial files as they were, each with the checksum that it had. It is written whole before the
files that it replaces are removed, so that whatever is killed in between, a trial is held once or twice and never not
at all. Of a trial that is held twice the plain file counts, else the part of the greater number.
"""

from __future__ import annotations

import io
import os
from bisect import bisect
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.errors import SeqbenchError
from seqbench.store import atomic
from seqbench.store.part_name import ENDING, NAME
from seqbench.store.plain_file import NotPlainFile, list_names, opened

TRIALS = 1000
"""Trial files that are packed into a part, at most, and that a folder holds besides its parts."""
BYTES = 64 * 2**20
"""Bytes of the texts of a part, at most, but for one of a single trial."""
GROUP_TRIALS, GROUP_BYTES = 50, 2**20
"""Trials and bytes of what is unpacked together."""
CACHED = 16
"""Groups that are kept unpacked."""


class BadPart(SeqbenchError):
    """A part, or a group of its trials, that cannot be read."""


class Part(NamedTuple):
    """The file of a part, its number, and how many trials it holds."""

    number: int
    trials: int
    path: Path


class Packed(NamedTuple):
    """A trial file: its trial, when it was written in nanoseconds since the epoch, and its text."""

    trial: str
    written: int
    text: bytes


def list_parts(folder: Path) -> list[Part]:
    """The parts in a folder of trial files by their numbers."""
    names = [found for name in list_names(folder, ENDING) if (found := NAME.fullmatch(name))]
    return sorted(Part(int(found["number"]), int(found["count"]), folder / found[0]) for found in names)


def pack(folder: Path) -> None:
    """Pack all trial files of a folder. Only for the holder of the grid's lock.

    Raises StoreError if the disk refuses.
    """
    for files in _batches(_files(folder)):
        write_part(folder, files)
        for file in files:
            (folder / f"{file.trial}.json").unlink(missing_ok=True)


def write_part(folder: Path, files: Sequence[Packed]) -> None:
    """Write a part that counts before all others of its folder. Raises StoreError if the disk refuses."""
    import pyarrow as pa
    from pyarrow import parquet

    number = max((part.number for part in list_parts(folder)), default=0) + 1
    schema = pa.schema([("trial", pa.string()), ("written", pa.int64()), ("text", pa.binary())])
    buffer = io.BytesIO()
    with parquet.ParquetWriter(buffer, schema, compression="zstd", use_dictionary=False, write_page_checksum=True,
                               write_statistics=False) as writer:  # fmt: skip
        for group in _batches(files, GROUP_TRIALS, GROUP_BYTES):
            columns = zip(*group, strict=True)
            writer.write_table(pa.table(list(columns), schema=schema))
    atomic.write_bytes(folder / f"{number:06}-{len(files)}{ENDING}", buffer.getvalue())


def _files(folder: Path) -> Iterator[Packed]:
    """The trial files of a folder, first those that were written first; what is no plain file is left where it is.

    They finish about as they are planned, and what is read together is unpacked together.
    """
    paths = [folder / name for name in list_names(folder, ".json")]
    for path in sorted(paths, key=lambda path: path.lstat().st_mtime_ns):
        try:
            with opened(path) as file:
                yield Packed(path.stem, os.fstat(file.fileno()).st_mtime_ns, file.read())
        except NotPlainFile:
            continue
        except OSError as error:
            raise atomic.fault(error, path) from error


def _batches(files: Iterable[Packed], trials: int = TRIALS, size: int = BYTES) -> Iterator[list[Packed]]:
    """Files in lists of at most so many, and of at most so many bytes."""
    batch: list[Packed] = []
    held = 0
    for file in files:
        if batch and (len(batch) == trials or held + len(file.text) > size):
            yield batch
            batch, held = [], 0
        batch.append(file)
        held += len(file.text)
    if batch:
        yield batch


class Parts:
    """The parts of a folder of trial files, read as far as they are asked for.

    bad: why they cannot be read, of the parts whose trials are not even known
    """

    def __init__(self, folder: Path) -> None:
        self.bad: dict[Part, str] = {}
        self._folder = folder
        self._parts: list[Part] = []
        self._starts: dict[Part, list[int]] = {}
        self._places: dict[str, tuple[Part, int]] = {}
        self._unpacked: OrderedDict[tuple[Part, int], list[bytes]] = OrderedDict()

    def look(self) -> None:
        """Take in what parts there are now."""
        now = list_parts(self._folder)
        if set(self._parts) - set(now):  # one was repaired
            self._parts, self._places, self.bad = [], {}, {}
        for part in now[len(self._parts) :]:
            try:
                trials, self._starts[part] = _read(part, "trial")
                self._places |= {trial: (part, row) for row, trial in enumerate(trials)}
            except BadPart as error:
                self.bad[part] = str(error)
        self._parts = now

    def current(self) -> dict[Part, list[str]]:
        """The trials of each part that count, which are those that no later part holds, in order."""
        self.look()
        found: dict[Part, list[str]] = {part: [] for part in self._parts if part not in self.bad}
        for trial, (part, _) in sorted(self._places.items(), key=lambda item: item[1]):
            found[part].append(trial)
        return found

    def names(self) -> set[str]:
        """The trials that they hold."""
        self.look()
        return set(self._places)

    def file_of(self, trial: str) -> Path | None:
        """The file of the part that holds a trial; None if no part does."""
        return self._places[trial][0].path if trial in self._places else None

    def text(self, trial: str) -> bytes | None:
        """The text of a trial file; None if no part holds it. Raises BadPart."""
        if trial not in self._places:
            self.look()
        if trial not in self._places:
            return None
        try:
            return self._text(*self._places[trial])
        except FileNotFoundError:  # the part was repaired, and its trials are in another
            self.look()
            return self._text(*self._places[trial]) if trial in self._places else None

    def written(self) -> dict[str, int]:
        """When their trial files were written, or else packed, in nanoseconds since the epoch."""
        self.look()
        own: dict[Part, list[int]] = {}
        for part in self._parts:
            try:
                own[part] = _read(part, "written")[0]
            except BadPart:
                own[part] = part.trials * [part.path.lstat().st_mtime_ns]
        return {trial: own[part][row] for trial, (part, row) in self._places.items()}

    def _text(self, part: Part, row: int) -> bytes:
        group = bisect(self._starts[part], row) - 1
        key = (part, group)
        if key not in self._unpacked:
            self._unpacked[key] = _read(part, "text", group)[0]
        self._unpacked.move_to_end(key)
        while len(self._unpacked) > CACHED:
            self._unpacked.popitem(last=False)
        return self._unpacked[key][row - self._starts[part][group]]


def _read(part: Part, column: str, group: int | None = None) -> tuple[list[Any], list[int]]:
    """A column of a part, or of one of its groups, and the rows at which its groups begin.

    Raises:
        BadPart: it is damaged. FileNotFoundError: it is not there any more.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with opened(part.path) as file:
            packed = parquet.ParquetFile(file, page_checksum_verification=True)
            table = packed.read(columns=[column]) if group is None else packed.read_row_group(group, columns=[column])
            sizes = [packed.metadata.row_group(number).num_rows for number in range(packed.num_row_groups)]
            return table.column(column).to_pylist(), [0, *accumulate(sizes)][:-1]
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise BadPart(f"cannot be read ({' '.join(str(error).split())})") from error
