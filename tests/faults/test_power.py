"""The power fails at every file operation of a run: what was promised is there, and the rest is trained again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

from tests.faults.commands import FOREVER, Done, Fault
from tests.faults.journal import read_journal
from tests.faults.power import Disk, kept_by, write
from tests.faults.scene import Scene, sizes, whole
from tests.faults.tally import Tally

KEPT = ("nothing", "names", "some")


@sizes(range(0, FOREVER, 40), *(range(part, FOREVER, 6) for part in range(6)))
def test_power_loss(size: range, scene: Scene, tally: Callable[..., Tally]) -> None:
    """`size`: the operations that are looked at; after every eighth state of a disk the grid is run again."""
    counts, chance = tally("F26", str(size.start)), random.Random(size.start)
    scene.request["report"] = False
    record = scene.results.parent / "operations"
    assert scene.run(fault=Fault(scene.results.parent, record=str(record))).code == 0
    operations = read_journal(record)
    counts.measured["operations"] = len(operations)
    promised, disk = kept_by(operations, scene.folder / "trials"), Disk()
    assert promised.keys() == scene.trials
    for place, operation in enumerate(operations, 1):
        disk.apply(operation)
        if place not in size:
            continue
        for turn, kept in enumerate(KEPT):
            shutil.rmtree(scene.results, ignore_errors=True)
            write(disk.after_power_loss(kept, chance))
            counts.inject(f"{kept} of what was not synced is kept")
            here, what = whole(scene.folder), f"{kept} kept at {place} {operation.kind} {operation.path.name}"
            due = {trial for trial, since in promised.items() if since <= place}
            counts.require(due <= here.keys(), "lost", f"{what}: {due - here.keys()}")
            if (place // size.step * len(KEPT) + turn) % 8 == 0:
                scene.judge(Done(-9, ""), counts, what, allowed=(-9,))
