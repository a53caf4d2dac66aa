"""Long runs: what a process holds in memory and keeps open does not grow with the trials that it has run."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.commands import Commands, children, options
from tests.faults.scene import RECORDED, TINY, sizes, whole
from tests.faults.tally import Tally


def memory(process: int) -> float:
    """Resident memory of a process in MB."""
    fields = Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()
    return int(fields[0]) / 1024


def opened(process: int) -> int:
    """Files that a process has open."""
    return len(os.listdir(f"/proc/{process}/fd"))


@sizes(None, 2000)
def test_soak_of_replayed_trials(size: int, commands: Commands, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    """A grid of many trials that is killed, stopped and started twice at random moments."""
    counts, chance, path = tally("F25", "replayed"), random.Random(25), tmp_path / "soak.yaml"
    path.write_text(TINY.read_text().replace("seeds: 2", f"seeds: {size // 4}"))
    folder, request = tmp_path / "results" / "soak", {"replay": str(RECORDED), "report": False}
    argv, kept = ("run", path, *options(tmp_path / "results")), dict[str, bytes]()
    for how in ("kill", "two at once", signal.SIGTERM, "kill", signal.SIGINT, "kill", "end"):
        process = commands.start(*argv, **request)
        first = watch(process, folder, len(kept) + size // 40)
        if how != "end":
            until = len(kept) + int(size * chance.uniform(0.05, 0.15))
            last = watch(process, folder, until)
            counts.inject(str(getattr(how, "name", how)))
            if how == "two at once":
                other = commands.run(*argv, **request)
                counts.require(other.code == 4 and not other.trained, "doubled", other.said[-500:])
            os.kill(process, how if isinstance(how, signal.Signals) else signal.SIGKILL)
        else:
            last = watch(process, folder, size - size // 40)
        counts.most("MB grown by a run", last[0] - first[0])
        counts.most("more files open", last[1] - first[1])
        done = commands.wait(process)
        counts.require(not done.raised, "tracebacks", done.said[-1500:])
        now = whole(folder)
        counts.require(all(now.get(trial) == data for trial, data in kept.items()), "lost", str(how))
        counts.require(not set(done.trained) & kept.keys(), "doubled", str(how))
        kept = now
    counts.require(len(kept) == size and done.code == 0, "lost", f"{len(kept)} {done.said[-800:]}")
    counts.measured["trials"] = size
    counts.measured["MB of trial files for 1,000"] = round(sum(map(len, kept.values())) / len(kept) / 1000, 1)


def watch(process: int, folder: Path, count: int) -> tuple[float, int]:
    """Memory and open files of a run once so many trials have finished."""
    while len(list((folder / "trials").glob("*.json"))) < count:
        time.sleep(0.02)
    return memory(process), opened(process)


@sizes(None, 160)
def test_soak_of_real_trials(size: int, commands: Commands, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    """Workers that train hundreds of trials one after another."""
    counts, path = tally("F25", "real"), tmp_path / "soak.yaml"
    path.write_text(Path(__file__).with_name("real.yaml").read_text().replace("seeds: 4", f"seeds: {size // 2}"))
    folder, began = tmp_path / "results" / "soak", time.monotonic()
    process = commands.start("run", path, *options(tmp_path / "results"), report=False)
    watch(process, folder, size // 3)  # by then each worker has compiled all programs
    workers = [process, *children(process)]
    first = [(memory(each), opened(each)) for each in workers]
    watch(process, folder, size - 8)
    last = [(memory(each), opened(each)) for each in workers]
    counts.inject("trials in a row", size)
    for before, after in zip(first, last, strict=True):
        counts.most("MB grown by a process", after[0] - before[0])
        counts.most("more files open", after[1] - before[1])
    done = commands.wait(process)
    counts.measured["minutes"] = round((time.monotonic() - began) / 60, 1)
    counts.require(done.code == 0 and not done.raised and len(whole(folder)) == size, "lost", done.said[-800:])
    counts.require(counts.measured["MB grown by a process"] <= 50, "silent", "memory grows")
    counts.require(counts.measured["more files open"] <= 0, "silent", "open files grow")
