"""Compiled programs on disk, in the user's cache folder, shared by all workers and grids of one user.

    <folder>/programs/<surroundings>-<program>     SHA-256 of what follows, then the program
    <folder>/locks/NN                              taken while a program is compiled

`$SEQBENCH_CACHE` names the folder, or `off`; by default it is `seqbench` in the cache folder of the user. A program is
machine code, and only the user can write there. A damaged file, or one of other versions, is not used. When the folder
grows beyond `MAX_BYTES`, what was used longest ago goes first. Nothing that is wrong with the folder is an error: then
each process compiles for itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

VARIABLE = "SEQBENCH_CACHE"
OFF = "off"

MAX_BYTES = 2**30
LOCKS = 64
"""Lock files; two programs that share one are compiled one after the other."""

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")
CODE = (
    "cells",
    "components",
    "layers",
    "mitigations",
    "models",
    "optimizers",
    "probes",
    "schedules",
    "tasks",
    "training",
)
DIGEST = hashlib.sha256().digest_size


def folder() -> Path | None:
    """Where compiled programs are kept; None if they are not."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen == OFF:
        return None
    return Path(chosen).expanduser() if chosen else user_cache() / "seqbench"


def user_cache() -> Path:
    """The user's cache folder, by the convention of the platform."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def describe() -> str:
    """Where compiled programs are kept and how many bytes of them, in one line."""
    if (place := folder()) is None:
        return f"compiled programs are not kept: {VARIABLE} is {OFF}"
    number, held = size(place)
    return f"compiled programs in {place}: {number:,}, {held / 2**20:,.1f} MiB of {MAX_BYTES / 2**20:,.0f} at most"


def problem() -> str | None:
    """What keeps compiled programs from being kept, in one line; None if nothing does."""
    place = folder()
    try:
        if place is not None:
            for part in ("programs", "locks"):
                (place / part).mkdir(parents=True, exist_ok=True, mode=0o700)
                with tempfile.TemporaryFile(dir=place / part):
                    pass
    except OSError as error:
        reason = error.strerror or error
        return f"Compiled programs are not kept: {place} cannot be written ({reason}). {VARIABLE} names another folder."
    return None


@contextmanager
def alone(folder: Path, entry: str) -> Iterator[None]:
    """While this process, and this thread of it, is the only one that makes the entry."""
    place = folder / "locks" / f"{int(hashlib.sha256(entry.encode()).hexdigest(), 16) % LOCKS:02}"
    with ExitStack() as stack:
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = stack.enter_context(place.open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def load(folder: Path, entry: str) -> bytes | None:
    """An entry, or None if it is not there or damaged."""
    path = folder / "programs" / entry
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, kept = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(kept).digest() != digest:
        return None
    with suppress(OSError):
        os.utime(path)  # used now: the order in which entries go
    return kept


def save(folder: Path, entry: str, content: bytes) -> None:
    """Keep an entry. If the disk refuses, the next process compiles again; nothing else is lost."""
    path = folder / "programs" / entry
    part = path.with_name(f".{entry}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_bytes(hashlib.sha256(content).digest() + content)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
    _trim(path.parent)


def size(folder: Path) -> tuple[int, int]:
    """Entries and their bytes."""
    sizes = [size for _, size, path in _files(folder / "programs") if not path.name.startswith(".")]
    return len(sizes), sum(sizes)


def _trim(programs: Path) -> None:
    """Delete what was used longest ago until the rest fits."""
    found = _files(programs)
    excess = sum(size for _, size, _ in found) - MAX_BYTES
    for _, size, path in found:
        if excess <= 0:
            return
        with suppress(OSError):
            path.unlink()
            excess -= size


def _files(programs: Path) -> list[tuple[float, int, Path]]:
    """When each file was used last, its bytes and its path, longest ago first; without those that go meanwhile."""
    found = []
    for path in programs.glob("*"):
        with suppress(OSError):
            if path.is_file():
                found.append(((stat := path.stat()).st_mtime, stat.st_size, path))
    return sorted(found)


@cache
def machine() -> tuple[str, ...]:
    """This code and these versions on this processor."""
    return (
        *(f"{package} {version(package)}" for package in PACKAGES),
        sys.version,
        platform.platform(),
        _processor(),
        os.environ.get("XLA_FLAGS", ""),
        _code(),
    )


def _processor() -> str:
    """The processor with its features: code compiled for another may use instructions that it does not have."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    parts = [
        next((line for line in lines if line.startswith(field)), "") for field in ("model name", "flags", "Features")
    ]
    return "\n".join([*parts, platform.processor(), platform.machine()])


def _code() -> str:
    """The code of this package that programs are made of, as a hash."""
    root = Path(__file__).parent
    paths = [path for part in CODE for path in sorted((root / part).glob("*.py"))] + sorted(root.glob("*.py"))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
