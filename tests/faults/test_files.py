"""Every file operation of a run fails, or the process is killed there: what is there is what was, or what is to be."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import commands as ops
from tests.faults.commands import FOREVER, Fault
from tests.faults.journal import Operation, read_journal
from tests.faults.scene import Scene, sizes
from tests.faults.tally import Tally

SPACE = ops.CREATE | ops.WRITE | ops.MKDIR | ops.RENAME
RIGHTS = ops.OPEN | ops.CREATE | ops.MKDIR | ops.RENAME | ops.UNLINK

KINDS: dict[str, dict[str, int]] = {
    "killed": {"action": ops.KILL},
    "EIO once": {"action": ops.FAIL, "code": errno.EIO, "kinds": ops.ANY},
    "ENOSPC from then on": {"action": ops.FAIL, "code": errno.ENOSPC, "kinds": SPACE},
    "EACCES from then on": {"action": ops.FAIL, "code": errno.EACCES, "kinds": RIGHTS},
    "half written and killed": {"action": ops.HALF_KILL, "kinds": ops.WRITE},
    "half written and refused": {"action": ops.HALF_FAIL, "code": errno.ENOSPC, "kinds": ops.WRITE},
}
SEVERAL = {"ENOSPC from then on", "EACCES from then on"}


PARTS = 8
"""The operations are met in so many parts, so that a run which was stopped goes on."""
SMALL = range(0, FOREVER, 40)
NAMED = ("open", "create", "read", "write", "sync", "rename", "unlink", "mkdir", "cut")
OF_REPORTS = ("report.", "figures", "tables")


def operations(scene: Scene) -> list[Operation]:
    """Every file operation of a run without faults, in order."""
    record = scene.results.parent / "operations"
    done = scene.run(fault=Fault(scene.folder, record=str(record)))
    assert done.code == 0, done.said
    shutil.rmtree(scene.results)
    return read_journal(record)


def of_report(operation: Operation, folder: Path) -> bool:
    """Whether an operation belongs to the report of a results folder."""
    parts = operation.path.parts[len(folder.parts) :]
    return bool(parts) and parts[0].lstrip(".").startswith(OF_REPORTS)


@sizes(SMALL, *(range(place, FOREVER, PARTS) for place in range(PARTS)))
@pytest.mark.parametrize("kind", KINDS)
def test_every_file_operation(kind: str, size: range, scene: Scene, tally: Callable[..., Tally]) -> None:
    """`size`: which of the operations on trials and tables; of those on the report every twelfth of them."""
    counts = tally("F3", f"{kind.replace(' ', '_')}-{size.start}")
    found, fault = operations(scene), KINDS[kind]
    begins = next(place for place, each in enumerate(found, 1) if of_report(each, scene.folder))
    stored = sum(not of_report(each, scene.folder) for each in found)
    counts.measured |= {"operations on trials and tables": stored, "operations on the report": len(found) - stored}
    met = [
        (place, each)
        for place, each in enumerate(found, 1)
        if fault.get("kinds", ops.ANY) & 1 << NAMED.index(each.kind)
    ]
    for number, (place, operation) in enumerate(met):
        report = place >= begins
        if number not in size or (of_report(operation, scene.folder) and number // size.step % 12):
            continue
        counts.inject(f"{kind}: {operation.kind}")
        last = FOREVER if kind in SEVERAL else place
        scene.request["report"] = report
        done = scene.run(fault=Fault(scene.folder, first=place, last=last, **fault))
        scene.judge(done, counts, f"{kind} at {place} {operation.kind} {operation.path}",
                    allowed=(-9,) if "killed" in kind else (0, 4))  # fmt: skip
        shutil.rmtree(scene.results, ignore_errors=True)
