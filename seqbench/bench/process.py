"""A command as a whole process: its seconds, its processor seconds and its peak memory, from the system's accounts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import seqbench
from seqbench.errors import StoreError
from seqbench.execution.worker import ENVIRONMENT

LAUNCHER = """
import json, resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.call(sys.argv[2:])
seconds, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
figures = [seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
with open(sys.argv[1], "w") as file:
    json.dump(figures, file)
sys.exit(code)
"""
"""Runs a command and writes what it took. The peak memory of a process counts that of the one which started it, until
it became another program: a large one, such as the benchmark, would be measured in its place."""


class Usage(NamedTuple):
    """What a command took. `peak_mib` is the memory of the largest of its processes."""

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
    with tempfile.TemporaryFile("w+") as errors, tempfile.NamedTemporaryFile() as figures:
        launched = [sys.executable, "-I", "-S", "-c", LAUNCHER, figures.name, *command]
        with running(launched, folder=folder, environment=environment, errors=errors) as process:
            process.wait()
        if process.returncode:
            errors.seek(0)
            said = errors.read()[-2000:]
            raise StoreError(f"{' '.join(command)} ended with code {process.returncode}:\n{said}")
        return Usage(*json.loads(Path(figures.name).read_text()))


def answer(module: str, *words: object, prefix: Sequence[str] = (), environment: Mapping[str, str] = {}) -> Any:
    """The last line that `python -m module words` prints, as JSON, in the environment of a worker.

    Raises:
        StoreError: it failed; what it said is part of the message.
    """
    root = str(Path(seqbench.__file__).parents[1])
    done = subprocess.run(
        [*prefix, sys.executable, "-m", module, *map(str, words)],
        env={**os.environ, "PYTHONPATH": root, "JAX_PLATFORMS": "cpu", **ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise StoreError(f"{module} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])
