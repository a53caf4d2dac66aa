"""A database is tried before MLflow opens it: MLflow tries for minutes, without a word, what cannot succeed."""

from __future__ import annotations

import fcntl
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from seqbench.errors import StoreError, TrackingError
from seqbench.store.atomic import open_lock
from seqbench.store.plain_file import NotPlainFile, opened_folder, require_plain

SQLITE = "sqlite:///"
DATABASE = "mlflow.db"

WAIT = 10.0
"""Seconds for which a database may be locked by another process, or its server may not answer."""
OPENING_WAIT = 60.0
"""Seconds for which other processes may open the database; the first one creates its tables."""

DAMAGED = ("malformed", "not a database", "database schema", "locate revision")
"""What SQLite and MLflow say of a database that is damaged, or that another version of MLflow wrote."""

PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
BESIDE = ("", "-journal", "-wal", "-shm")
"""Endings of the files that SQLite opens with a database."""


class Unopenable(TrackingError):
    """A database that cannot be opened now, nor in a few seconds."""


@contextmanager
def opening(uri: str, folder: Path | None) -> Iterator[None]:
    """Around the opening of a store: refuse one that cannot be opened, and hold a lock while it is.

    Processes that create the tables of one database at the same time all fail. A server of MLflow needs neither:
    `folder` is None.

    Raises:
        Unopenable: says why, within seconds. StoreError: a link, pipe or device stands where a file should.
    """
    if folder is None:
        yield
        return
    with open_lock(folder / f".{DATABASE}.lock") as lock:
        _wait_for(lock, folder)  # the kernel releases it with the file, however this process ends
        if uri.startswith(SQLITE):
            _require_usable(database_file(uri))
        else:
            _require_answer(uri)
        yield


def database_file(uri: str) -> Path:
    """The file of a SQLite store, in a folder without links; it may be one itself, which `opening` refuses."""
    path = Path(uri.removeprefix(SQLITE))
    return path.parent.resolve() / path.name


def unusable(problem: str, path: Path) -> str | None:
    """What to do about a database of which SQLite or MLflow says that it is damaged; None if that is not it."""
    if any(sign in problem for sign in DAMAGED):
        return f"It is only a mirror: move {path} away; `seqbench track GRID` writes it again"
    return None


def _wait_for(lock: IO[str], folder: Path) -> None:
    deadline = time.monotonic() + OPENING_WAIT
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                problem = f"Another process has been opening the MLflow store in {folder} for {OPENING_WAIT:g} seconds"
                raise Unopenable(f"{problem}. Stop it, or wait for it") from error
            time.sleep(0.1)


def _require_usable(path: Path) -> None:
    """Refuse a database file that cannot be read and written within `WAIT`."""
    try:
        with opened_folder(path.parent) as folder:
            for ending in BESIDE:
                require_plain(path.with_name(path.name + ending), folder)
    except NotPlainFile as error:
        raise StoreError(f"{error.strerror}: MLflow would follow it. Move it away, then run again.") from error
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            database.execute("ROLLBACK")
    except sqlite3.Error as error:
        if "locked" in str(error):
            advice = f"another process has kept it locked for {WAIT:g} seconds. Stop it, or wait for it"
        else:
            advice = f"{error}. {unusable(str(error), path) or 'Change its owner or mode, or move it away'}"
        raise Unopenable(f"The MLflow store {path} cannot be opened: {advice}") from error


def _require_answer(uri: str) -> None:
    """Refuse a database server that takes no connection within `WAIT`."""
    parts = urlsplit(uri)
    port = parts.port or PORTS.get(parts.scheme.partition("+")[0])
    if parts.hostname is None or port is None:  # a socket of this machine, or a database of which nothing is known
        return
    try:
        socket.create_connection((parts.hostname, port), timeout=WAIT).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unopenable(f"The database at {parts.hostname}:{port} cannot be reached: {reason}") from error
