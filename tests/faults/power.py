"""What a disk may hold after the power failed: a model of a file system that promises nothing but what was synced.

The bytes of a file are there once the file was synced, its name once its folder was; of the rest anything may be.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.journal import Operation


@dataclass
class File:
    """A file or, without bytes, a folder."""

    folder: bool = False
    written: bytes = b""
    synced: bytes = b""


Names = dict[Path, File]


@dataclass
class Disk:
    """Names as processes see them, names that are sure to be on the disk, and what has changed since, by folder."""

    seen: Names = field(default_factory=dict)
    sure: Names = field(default_factory=dict)
    pending: dict[Path, list[tuple[Path | None, Path | None, File]]] = field(default_factory=dict)

    def apply(self, operation: Operation) -> None:
        """One operation of a process."""
        path, seen = operation.path, self.seen
        match operation.kind:
            case "mkdir" if path not in seen:
                self._change(None, path, File(folder=True))
            case "create" if path not in seen:
                self._change(None, path, File())
            case "write" if path in seen:
                seen[path].written += operation.data
            case "sync" if path in seen and not seen[path].folder:
                seen[path].synced = seen[path].written
            case "sync":
                for change in self.pending.pop(path, []):
                    _rename(self.sure, *change)
            case "rename" if path in seen:
                self._change(path, operation.target, seen[path])
            case "unlink" if path in seen:
                self._change(path, None, seen[path])

    def _change(self, old: Path | None, new: Path | None, file: File) -> None:
        _rename(self.seen, old, new, file)
        for folder in {path.parent for path in (old, new) if path}:
            self.pending.setdefault(folder, []).append((old, new, file))

    def after_power_loss(self, kept: str, chance: random.Random) -> dict[Path, bytes | None]:
        """What may be there: bytes of files, None of folders.

        `kept` says what became of that which was not synced: `nothing`, `names` (files without their bytes), or
        `some` (names up to some moment, in each folder by itself, and parts of files).
        """
        names = dict(self.sure)
        for changes in self.pending.values():
            count = {"nothing": 0, "names": len(changes), "some": chance.randint(0, len(changes))}[kept]
            for change in changes[:count]:
                _rename(names, *change)
        return {path: _bytes(file, kept, chance) for path, file in names.items() if self._reachable(path, names)}

    def _reachable(self, path: Path, names: Names) -> bool:
        known = {*names, *(path.parent for path in self.seen if path.parent not in self.seen)}
        return path.parent in known and (path.parent not in names or self._reachable(path.parent, names))


def _rename(names: Names, old: Path | None, new: Path | None, file: File) -> None:
    if old:
        for path in [each for each in names if each == old or old in each.parents]:
            moved = names.pop(path)
            if new:
                names[new / path.relative_to(old)] = moved
    if new:
        names[new] = file


def _bytes(file: File, kept: str, chance: random.Random) -> bytes | None:
    if file.folder:
        return None
    if kept != "some" or file.written == file.synced:
        return file.synced
    half = file.written[: len(file.written) // 2]
    return chance.choice([file.synced, file.written, half, bytes(len(file.written))])


def write(state: dict[Path, bytes | None]) -> None:
    """Put files and folders where they belong."""
    for path, data in sorted(state.items()):
        if data is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def kept_by(operations: Iterable[Operation], folder: Path) -> dict[str, int]:
    """From which operation on each trial is promised to be kept: the sync of the folder after its file was renamed."""
    renamed: dict[str, int] = {}
    promised: dict[str, int] = {}
    for place, operation in enumerate(operations, 1):
        if operation.kind == "rename" and operation.target.parent == folder:
            renamed[operation.target.stem] = place
        if operation.kind == "sync" and operation.path == folder:
            promised |= {trial: place for trial in renamed if trial not in promised}
    return promised
