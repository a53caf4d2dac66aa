"""A command as a whole process: its seconds, its processor seconds and its peak memory, from the system's accounts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import seqbench
from seqbench.errors import StoreError


class Usage(NamedTuple):
    """What a process took. `peak_mib` is its own largest memory, without that of its workers."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def measure(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] = {}) -> Usage:
    """Run a command in `folder` to its end.

    Raises:
        StoreError: it failed; the message ends with what it printed last.
    """
    root = str(Path(seqbench.__file__).parents[1])
    with tempfile.TemporaryFile("w+") as errors:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": root, "JAX_PLATFORMS": "cpu", **environment},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for here
        if process.returncode:
            errors.seek(0)
            said = errors.read()[-2000:]
            raise StoreError(f"{' '.join(command)} ended with code {process.returncode}:\n{said}")
    return Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
