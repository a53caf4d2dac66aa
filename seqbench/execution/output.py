"""What trials print: a log each, of limited size, in the results folder.

    results/<grid>/logs/<trial>.log     absent for a trial that printed nothing, on its last attempt

A worker writes everything but its events to standard error, and names the trial before it begins with `mark`; the
driver reads it, so that a trial that prints without end fills neither the disk nor the terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from seqbench.store.plain_file import opened_folder

LARGEST = 2**20
"""Bytes that are kept of what one trial prints."""
CHUNK = 2**16
"""Bytes that are read at a time at most; a line may be endless."""
MARK = re.compile(rb"\0seqbench trial (\w+)\n")
SHOWN = 200
"""Characters of the last line that are named where a worker ended unexpectedly."""


def mark(trial: str) -> None:
    """In a worker: say to which trial belongs what is printed from now on."""
    flush()
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n\0seqbench trial {trial}\n".encode())


def flush() -> None:
    """In a worker: pass on what the process holds back of what was printed."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()


def log_path(folder: Path, trial: str) -> Path:
    """Where what a trial printed is kept in the results folder of its grid."""
    return folder / "logs" / f"{trial}.log"


class OutputLog:
    """In the driver: divides what one worker prints among its trials.

    last: the last line that was printed and not empty
    """

    def __init__(self, folder: Path | None, say: Callable[[str], None]) -> None:
        """`folder` is the results folder, None to keep nothing; `say` is told once if a log cannot be written."""
        self.last = ""
        self._folder, self._say = folder, say
        self._trial = "worker"  # whatever is printed before the first trial
        self._file: IO[bytes] | None = None
        self._left = LARGEST

    def copy(self, stream: IO[bytes]) -> None:
        """Keep all that a stream holds until it ends."""
        with contextlib.ExitStack() as close:
            close.callback(self._close)
            empty = b""  # the last line, if it may be the one that `mark` begins with
            while line := stream.readline(CHUNK):
                if found := MARK.fullmatch(line):
                    self._begin(found[1].decode())
                    empty = b""
                elif line == b"\n":
                    self._keep(empty)
                    empty = line
                else:
                    self._keep(empty + line)
                    empty = b""

    def _begin(self, trial: str) -> None:
        """What follows is printed by this trial; what an earlier attempt printed is no longer kept."""
        self._close()
        self._trial, self._left, self.last = trial, LARGEST, ""
        if self._folder is not None:
            self._try(lambda folder: _remove(log_path(folder, trial)))

    def _keep(self, line: bytes) -> None:
        if text := line.decode(errors="replace").strip():
            self.last = text[:SHOWN]
        if self._left <= 0 or (self._file is None and not line.strip()):
            return
        kept = line[: self._left]
        self._left -= len(kept)
        if self._left <= 0:
            kept += f"\n[This log ends here: it has reached its limit of {LARGEST:,} bytes.]\n".encode()
        self._try(lambda folder: self._opened(folder).write(kept))

    def _opened(self, folder: Path) -> IO[bytes]:
        """The log of the trial, made when it first prints something; nothing that is there already is written to."""
        if self._file is None:
            path = log_path(folder, self._trial)
            path.parent.mkdir(exist_ok=True)
            with opened_folder(path.parent) as logs:
                handle = os.open(path.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=logs)
            self._file = os.fdopen(handle, "wb", buffering=0)
        return self._file

    def _try(self, act: Callable[[Path], object]) -> None:
        """Do what may be refused: then nothing more is kept of this worker, and one line says so."""
        try:
            if self._folder is not None:
                act(self._folder)
        except OSError as error:
            where, self._folder = log_path(self._folder or Path(), self._trial), None
            self._say(f"What trials print is not kept: {where} cannot be written ({error.strerror or error}).")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _remove(path: Path) -> None:
    """Remove a log, or the link itself where a link stands; nothing if it is absent."""
    with contextlib.suppress(FileNotFoundError), opened_folder(path.parent) as logs:
        os.unlink(path.name, dir_fd=logs)
