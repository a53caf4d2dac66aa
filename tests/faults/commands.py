"""Commands of seqbench that meet a fault: started at once, by a process that has imported everything."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqbench.execution.worker import SINGLE_THREAD
from tests.faults.replay import TRAINED

ROOT = Path(__file__).parents[2]
FOREVER = 2**40
OPEN, CREATE, READ, WRITE, SYNC, RENAME, UNLINK, MKDIR, CUT = (1 << place for place in range(9))
ANY = (1 << 9) - 1
PASS, KILL, FAIL, HALF_KILL, HALF_FAIL = range(5)
RAISED = re.compile(r"^Traceback|^\w*Error\b|Exception ignored|Segmentation fault|Fatal Python error", re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """What file operations below a folder meet, from one of them to another, counted from 1."""

    folder: Path
    first: int = FOREVER
    last: int = FOREVER
    action: int = PASS
    code: int = errno.EIO
    kinds: int = ANY
    record: str = ""

    def encode(self) -> list[Any]:
        """As `fault_arm` takes it."""
        return [str(value) if isinstance(value, Path) else value for value in asdict(self).values()]


@dataclass
class Done:
    """A command that has ended: its exit code (negative for a signal) and all that it printed."""

    code: int
    said: str

    @property
    def trained(self) -> list[str]:
        """The trials that were trained, as they were printed by a replayed run."""
        return [line.removeprefix(TRAINED) for line in self.said.splitlines() if line.startswith(TRAINED)]

    @property
    def raised(self) -> bool:
        """Whether it printed a traceback."""
        return bool(RAISED.search(self.said))


@dataclass
class Commands:
    """The process that forks, and where outputs go."""

    server: subprocess.Popen[str]
    folder: Path
    count: int = 0
    outputs: dict[int, Path] = field(default_factory=dict)

    def start(self, *argv: object, fault: Fault | None = None, **request: Any) -> int:
        """Start a command; its process number.

        Keys of a request: `replay`, a file of recorded events; `pause`, seconds of each trial; `report`, False for
        none; `environment`; `path`, folders of modules; `largest_file`, bytes; `unprivileged`, so that permissions hold
        for root; `clock`, operation and seconds; `checkpoint_seconds`.
        """
        self.count += 1
        output = self.folder / f"{self.count}.txt"
        if fault:
            request["fault"] = fault.encode()
        process = self._ask({"argv": [str(word) for word in argv], "output": str(output)} | request)["process"]
        self.outputs[process] = output
        return int(process)

    def ended(self, process: int, seconds: float) -> Done | None:
        """Wait for a command for so many seconds at most; None if it still runs."""
        code = self._ask({"wait": process, "seconds": seconds})["code"]
        if code is None:
            return None
        output = self.outputs.pop(process)
        said = output.read_text(errors="replace") if output.exists() else ""
        output.unlink(missing_ok=True)
        return Done(code, said)

    def wait(self, process: int, seconds: float = 300.0) -> Done:
        """Wait for a command. One that takes longer is killed, and its code is that of signal 9."""
        done = self.ended(process, seconds)
        if done is None:
            os.kill(process, signal.SIGKILL)
            done = self.ended(process, 60)
        assert done is not None
        return done

    def kill(self, process: int, *, workers: bool) -> Done:
        """Kill a command with SIGKILL, and its workers at the same moment or not."""
        hit = [process, *(children(process) if workers else ())]
        for each in hit:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        return self.wait(process, 60)

    def run(self, *argv: object, seconds: float = 300.0, **request: Any) -> Done:
        """Start a command and wait for it."""
        return self.wait(self.start(*argv, **request), seconds)

    def preload(self, *modules: str) -> None:
        """Import modules once that commands to come would import each."""
        self._ask({"preload": modules})

    def compute_report(self, folder: Path) -> None:
        """Compute the report of results once: commands that have the same results only write it."""
        self._ask({"compute": str(folder)})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        answer: dict[str, Any] = json.loads(self.server.stdout.readline())
        return answer


@contextmanager
def served(folder: Path, cache: Path) -> Iterator[Commands]:
    """Commands whose outputs pass through `folder`; compiled programs are kept in `cache`."""
    library = build(folder)
    environment = os.environ | SINGLE_THREAD | {
        "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "SEQBENCH_CACHE": str(cache),
        "MLFLOW_DISABLE_TELEMETRY": "true", "COLUMNS": "200", "PYTHONFAULTHANDLER": "1",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.forkserver"], env=environment, text=True, cwd=folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as server:  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        assert "ready" in json.loads(server.stdout.readline())
        yield Commands(server, folder)
        server.stdin.close()


def children(process: int) -> list[int]:
    """The processes that a process has started; none if it has ended."""
    try:
        return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def build(folder: Path) -> Path:
    """Compile the library that stands between a process and its files."""
    library = folder / "interpose.so"
    source = Path(__file__).with_name("interpose.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return library


def options(results: Path, *more: str) -> Iterable[str]:
    """Options of a run into a folder without a mirror."""
    return ("--results", str(results), "--no-tracking", "--workers", "2", *more)
