"""The record of what a process did to files, as `interpose.c` writes it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple


class Operation(NamedTuple):
    """One file operation.

    kind: open, create, read, write, sync, rename, unlink, mkdir or cut
    path, target: what it acts on; `target` of a rename only
    data: what was written
    """

    kind: str
    path: Path
    target: Path
    data: bytes


def read_journal(record: Path) -> list[Operation]:
    """The operations that a process made, in order."""
    found, stream = [], io.BytesIO(record.read_bytes())
    while head := stream.readline():
        number, kind, path, target, size = head[:-1].decode().split("\t")
        found.append(Operation(kind, Path(path), Path(target), stream.read(int(size))))
        assert int(number) == len(found), "operations of several threads at once"
    return found
