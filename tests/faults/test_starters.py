"""Many processes start the same grid at the same moment, and holders of its lock die, stop or lend their number."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable

from tests.faults.commands import options
from tests.faults.scene import TINY, Scene, Share, shares, sizes
from tests.faults.tally import Tally

BUSY = 4
STARTERS = 8


@sizes(Share(0, 1), *shares(5, 10))
def test_eight_start_at_once(size: Share, scene: Scene, tally: Callable[..., Tally]) -> None:
    counts, chance = tally("F7", str(size.part)), random.Random(size.part)
    scene.request["report"] = False
    for place in range(size.count):
        shutil.rmtree(scene.results, ignore_errors=True)
        request = scene.request | {"pause": chance.choice([0.0, 0.02, 0.1])}
        began = time.monotonic()
        started = [scene.commands.start("run", TINY, *options(scene.results), **request) for _ in range(STARTERS)]
        ended = [scene.commands.wait(process) for process in started]
        counts.inject("processes at the same moment", STARTERS)
        trained = Counter(trial for done in ended for trial in done.trained)
        for done in ended:
            busy = "is being run by process" in done.said
            counts.require(done.code == (BUSY if busy else 0), "silent", f"{done.code} {done.said}")
            counts.require(not done.raised, "tracebacks", done.said)
        counts.most("seconds", time.monotonic() - began)
        counts.require(trained == dict.fromkeys(scene.trials, 1), "doubled", f"round {place}: {trained}")
        scene.judge(ended[0], counts, f"round {place}", allowed=(0, BUSY))


@sizes(Share(0, 1), *shares(4, 2))
def test_dead_and_stopped_holders(size: Share, scene: Scene, tally: Callable[..., Tally]) -> None:
    counts = tally("F8", str(size.part))
    scene.request["report"] = False
    for _ in range(size.count):
        for holder in (dead, with_another_number, stopped):
            shutil.rmtree(scene.results, ignore_errors=True)
            counts.inject(f"holder {holder.__name__.replace('_', ' ')}")
            holder(scene, counts)


def begin(scene: Scene) -> int:
    """A run that is in the middle of its second trial or a later one."""
    process = scene.commands.start("run", TINY, *options(scene.results), **scene.request, pause=0.3)
    while len(list((scene.folder / "trials").glob("*.json"))) < 2:
        time.sleep(0.01)
    return process


def dead(scene: Scene, counts: Tally) -> None:
    done = scene.commands.kill(begin(scene), workers=True)
    scene.judge(done, counts, "dead holder", allowed=(-9,))


def with_another_number(scene: Scene, counts: Tally) -> None:
    """The number that a dead holder noted belongs to another program by now."""
    done = scene.commands.kill(begin(scene), workers=True)
    note = {"process": os.getpid(), "host": socket.gethostname(), "since": "2001-01-01 00:00:00", "workers": 1}
    (scene.folder / ".running.json").write_text(json.dumps(note))
    scene.judge(done, counts, "reused number", allowed=(-9,))


def stopped(scene: Scene, counts: Tally) -> None:
    """A holder that is stopped still holds the lock, and goes on once it may."""
    process = begin(scene)
    os.kill(process, signal.SIGSTOP)
    other = scene.run()
    counts.require(other.code == BUSY and not other.trained, "doubled", other.said)
    counts.require(str(process) in other.said, "silent", other.said)
    os.kill(process, signal.SIGCONT)
    scene.judge(scene.commands.wait(process), counts, "stopped holder")
