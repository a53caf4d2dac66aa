"""`seqbench` as a process of its own, without paying for its imports every time.

One process a worker of pytest has imported what commands import and forks for each: a command then costs what it does
itself, and still has arguments, a folder, streams, variables and an exit code of its own. What is tested of imports,
of signals at the start or of a terminal starts Python itself.

    python -m tests.forked

Reads requests and writes answers, one JSON object a line.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECONDS = 300
"""A command that takes longer is ended, and its exit code is that of the signal."""

PRELOADED = (
    "seqbench.cli", "seqbench.commands.list", "seqbench.commands.plan", "seqbench.commands.report",
    "seqbench.commands.run", "seqbench.commands.status", "seqbench.execution.environment", "seqbench.report.build",
    "seqbench.training.program", "matplotlib.backends.backend_svg",
)  # fmt: skip


def seqbench(*arguments: object, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `seqbench ARGUMENTS` to its end, with further environment variables; what it printed and its exit code."""
    words = [str(word) for word in arguments]
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, name) for name in ("stdout", "stderr")]
        request = {
            "arguments": words, "cwd": str(cwd or Path.cwd()), "streams": [str(place) for place in places],
            "environment": {**os.environ, **variables}, "largest_file": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
        }  # fmt: skip
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = json.loads(server.stdout.readline())["code"]
        return subprocess.CompletedProcess(["seqbench", *words], code, *(place.read_text() for place in places))


@cache
def _server() -> subprocess.Popen[str]:
    """The process that forks, started for the first command and ended with this one."""
    command = [sys.executable, "-m", "tests.forked"]
    server = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end() -> None:
        server.communicate()

    atexit.register(end)
    return server


def main() -> None:
    """Serve until standard input closes."""
    warnings.simplefilter("ignore")  # that a process with threads forks: none of them is used before
    for name in PRELOADED:
        __import__(name)
    warnings.resetwarnings()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        request = json.loads(line)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            process = os.fork()
        if process == 0:
            answers.close()
            os._exit(_run(request))
        answers.write(json.dumps({"code": _wait(process)}) + "\n")


def _wait(process: int) -> int:
    """The exit code of a process, which is ended when its time is up; negative for a signal."""
    alarm = threading.Timer(SECONDS, os.kill, (process, signal.SIGKILL))
    alarm.start()
    try:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    finally:
        alarm.cancel()


def _run(request: dict[str, Any]) -> int:
    """Run the command of a request in this process; its exit code."""
    streams = [os.devnull, *request["streams"]]
    modes = [os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT]
    for number, (place, mode) in enumerate(zip(streams, modes, strict=True)):
        os.dup2(os.open(place, mode, 0o600), number)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest_file"], resource.RLIM_INFINITY))
    sys.path[0] = ""
    return run_here(request["arguments"])


def run_here(arguments: Sequence[str], prepare: Callable[[], None] = lambda: None) -> int:
    """Run a command in this process, after `prepare`; its exit code, as Python itself would end with it."""
    try:
        prepare()
        sys.argv = ["seqbench", *arguments]
        from seqbench.entry import main as command

        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what Python itself would print
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
