"""The folder of the grid that was read last, beside which modules and files that a grid names are looked for."""

from __future__ import annotations

from pathlib import Path

_folder: list[str] = []
_files: list[str] = []
_found: set[str] = set()


def beside() -> str | None:
    """The folder of the grid that was read last; None if that has no file."""
    return _folder[0] if _folder else None


def remember(folder: str | None) -> None:
    """Look beside another grid from now on."""
    _folder[:] = [folder] if folder else []


def remember_files(folder: str | None) -> None:
    """Look for files, and for no modules, beside a grid that is not read here, from now on."""
    _files[:] = [folder] if folder else []


def find_file(name: str) -> Path:
    """Where a file that a grid names is: beside the grid if there is one, else in the current folder."""
    near = Path(beside() or "".join(_files), name)
    path = near if near.is_file() else Path(name)
    if path.is_file():
        _found.add(name)
    return path


def found_files() -> set[str]:
    """The names of all files that were looked for in this process and were there."""
    return set(_found)
