"""A command as a whole process: its seconds, its processor seconds and its peak memory, from the system's accounts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import seqbench
from seqbench.errors import StoreError


class Usage(NamedTuple):
    """What a process took. `peak_mib` is its own largest memory, without that of its workers."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


@contextmanager
def running(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str] = {},
    errors: IO[str] | int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs in `folder`, and is asked to stop when the block is left while it does."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(seqbench.__file__).parents[1]),
            "JAX_PLATFORMS": "cpu",
            **environment,
        },
        stdout=subprocess.DEVNULL,
        stderr=errors,
    )
    try:
        yield process
    finally:
        if process.returncode is None and process.poll() is None:
            process.terminate()
        process.wait()


def measure(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] = {}) -> Usage:
    """Run a command in `folder` to its end.

    Raises:
        StoreError: it failed; the message ends with what it printed last.
    """
    with tempfile.TemporaryFile("w+") as errors:
        began = time.monotonic()
        with running(command, folder=folder, environment=environment, errors=errors) as process:
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for here
        if process.returncode:
            errors.seek(0)
            said = errors.read()[-2000:]
            raise StoreError(f"{' '.join(command)} ended with code {process.returncode}:\n{said}")
    return Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
