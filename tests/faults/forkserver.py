"""A process that has imported seqbench and forks for every command: each then costs milliseconds instead of seconds.

    python -m tests.faults.forkserver

Reads requests and writes answers, one JSON object a line. A command is forked by `{"argv": [...], "output": path}`,
which answers `{"process": n}`; `{"wait": n, "seconds": s}` answers `{"code": c}`, negative for a signal, None if it
still runs. Further keys of a request: see `Request` in `tests.faults.commands`.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.replay import Replayed
from tests.forked import run_here

PRELOADED = (
    "seqbench.cli", "seqbench.commands.run", "seqbench.commands.status", "seqbench.execution.environment",
    "seqbench.report.build", "seqbench.report.evidence", "seqbench.store.checkpoints",
    "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
)  # fmt: skip
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
"""Capabilities of root to read and write whatever the permissions of a file say."""


def main() -> None:
    """Serve until standard input closes."""
    warnings.simplefilter("ignore")  # that a process with threads forks: none of them is used before
    os.environ.pop("LD_PRELOAD", None)  # not for workers
    for name in PRELOADED:
        __import__(name)
    reports = Reports()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    answers.write(json.dumps({"ready": os.getpid()}) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any]
        if "wait" in request:
            answer = {"code": _wait(request["wait"], request["seconds"])}
        elif "preload" in request:
            for name in request["preload"]:
                __import__(name)
            answer = {}
        elif "compute" in request:
            reports.compute(Path(request["compute"]))
            answer = {}
        else:
            process = os.fork()
            if process == 0:
                answers.close()
                os._exit(_child(request))
            answer = {"process": process}
        answers.write(json.dumps(answer) + "\n")


class Reports:
    """Contents and drawings of reports that were computed once: what is computed anew touches no file."""

    def __init__(self) -> None:
        from seqbench.report import build

        self._known: dict[str, Any] = {}
        build.contents = self._once("contents", build.contents)  # type: ignore[assignment]
        build.draw = self._once("draw", build.draw)  # type: ignore[assignment]

    def compute(self, folder: Path) -> None:
        """Compute the report of a results folder, and what planning its grid takes, for all commands to come."""
        from seqbench.execution.environment import environment
        from seqbench.grid.read import read_grid
        from seqbench.plan.examined import examine
        from seqbench.report import build
        from seqbench.report.evidence import Evidence
        from seqbench.store.results import load

        environment()
        examine(read_grid(Path(__file__).with_name(f"{folder.name}.yaml")))
        evidence = Evidence(load(folder))
        for section in build.contents(evidence):
            for chart in (chart for part in section.parts for chart in part.charts):
                build.draw(chart, evidence)

    def _once(self, name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
        def known(*given: Any) -> Any:
            evidence = given[-1]
            frames = (evidence.results, evidence.curves, evidence.probes)
            content = "".join(frame.to_json(double_precision=15) for frame in frames)
            key = f"{name} {getattr(given[0], 'name', '')} {hashlib.sha256(content.encode()).hexdigest()}"
            if key not in self._known:
                self._known[key] = compute(*given)
            return self._known[key]

        return known


def _wait(process: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.002)


def _child(request: dict[str, Any]) -> int:
    """Run the command of a request in this process; its exit code."""
    os.setpgid(0, 0)
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return run_here(request["argv"], lambda: _prepare(request))


def _prepare(request: dict[str, Any]) -> None:
    """Faults, limits and recorded events of a request."""
    import seqbench.execution.run as running

    sys.path[:0] = request.get("path", [])
    os.environ.update(request.get("environment", {}))
    time.tzset()
    seconds = request.get("checkpoint_seconds", 0.0)  # by default trials of seconds would have no checkpoint
    running.run_grid.__kwdefaults__["checkpoint_seconds"] = seconds
    if events := request.get("replay"):
        running.Pool = Replayed(json.loads(Path(events).read_text()), pause=request.get("pause", 0.0))  # type: ignore
    if not request.get("report", True):
        from seqbench.commands import run

        run._write_report = run.print_summary = lambda *_: None  # type: ignore[assignment]
    if size := request.get("largest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    if request.get("unprivileged"):
        _drop_capabilities()
    library = ctypes.CDLL(None)
    if clock := request.get("clock"):
        library.fault_clock(ctypes.c_long(clock[0]), ctypes.c_long(clock[1]))
    if fault := request.get("fault"):
        folder, first, last, action, code, kinds, record = fault
        library.fault_arm(folder.encode(), ctypes.c_long(first), ctypes.c_long(last), action, code, kinds,
                          record.encode())  # fmt: skip


def _drop_capabilities() -> None:
    """Let permissions of files hold for root too."""
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    if library.capget(header, data):
        raise OSError(ctypes.get_errno(), "capget")
    keep = ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH) & 0xFFFFFFFF
    for place in (0, 1):  # effective, permitted
        data[place] &= keep
    if library.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    main()
