"""The data files that a trial reads, such as a text or images, and whether another machine has the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from seqbench.grid_folder import find_file, found_files


class DataFile(NamedTuple):
    """A file that a grid names: its name there, where it is, and the SHA-256 of its content."""

    name: str
    path: Path
    content: str


def data_files(settings: Mapping[str, Any]) -> tuple[DataFile, ...]:
    """The files that a trial of these settings reads, among those that planning has read in this process."""
    names = sorted(found_files() & set(_texts(settings)))
    paths = {name: find_file(name).absolute() for name in names}
    return tuple(DataFile(name, path, content) for name, path in paths.items() if (content := _content(path)))


def missing(files: Sequence[DataFile]) -> list[DataFile]:
    """Those that are not here, or have another content here."""
    return [file for file in files if _content(file.path) != file.content]


def _texts(value: Any) -> Iterator[str]:
    """Every text within a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _content(path: Path) -> str:
    """The hash of a file; empty if it cannot be read."""
    try:
        state = path.stat()
        return _hash(path, state.st_mtime_ns, state.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=16)
def _hash(path: Path, modified: int, size: int) -> str:
    """The hash of a file that was modified then and has this size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
