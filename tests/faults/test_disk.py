"""Disks that are full, folders without permission, and clocks that are set: a sentence, and nothing is lost."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.faults.commands import FOREVER, Fault
from tests.faults.scene import Scene, Share, shares, sizes, whole
from tests.faults.tally import Tally


@sizes(Share(0, 3), *shares(4, 10))
def test_no_room_for_larger_files(size: Share, scene: Scene, tally: Callable[..., Tally]) -> None:
    """No file may grow past so many bytes, as on a full disk; then there is room again."""
    counts, chance = tally("F5", f"limit-{size.part}"), random.Random(size.part)
    for _ in range(size.count):
        shutil.rmtree(scene.results, ignore_errors=True)
        largest = int(10 ** chance.uniform(3.4, 4.8))  # what is printed goes to a file too
        counts.inject("no file larger than a limit")
        done = scene.run(largest_file=largest, report=False)
        what = f"{largest} bytes: {done.code} {done.said[-800:]}"
        counts.require(done.code == 0 or "Disk full: " in done.said, "silent", what)
        scene.request["report"] = False
        scene.judge(done, counts, what, allowed=(0, 4))


@pytest.mark.nightly
@pytest.mark.parametrize("size", [8, 40, 120, 250, 500, 900])
def test_a_small_disk(size: int, scene: Scene, tally: Callable[..., Tally]) -> None:
    """`size`: of the disk, in units of 1,024 bytes. It is emptied of other files, and the command goes on."""
    counts = tally("F5", f"disk_{size}")
    scene.results.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", scene.results], check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        counts.inject(f"disk of {size} KiB")
        done = scene.run(report=False)
        what = f"{size} KiB: {done.code} {done.said[-800:]}"
        counts.require(done.code == 0 or "Disk full: " in done.said, "silent", what)
        kept = whole(scene.folder)
        subprocess.run(["mount", "-o", "remount,size=64m", scene.results], check=True)
        counts.require(kept == whole(scene.folder), "lost", what)
        scene.judge(done, counts, what, allowed=(0, 4))
    finally:
        subprocess.run(["umount", "--lazy", scene.results], check=True)


@sizes(1, 1)
def test_without_permission(size: int, scene: Scene, tally: Callable[..., Tally]) -> None:
    counts = tally("F6")
    for name in ("results", "tiny", "trials", "plan.json", "parent", "gone"):
        shutil.rmtree(scene.results, ignore_errors=True)
        scene.results.unlink(missing_ok=True)
        counts.inject({"parent": "a file where the folder should be", "gone": "folder removed in the middle"}.get(
            name, f"no permission: {name}"))  # fmt: skip
        began = time.monotonic()
        if name == "gone":
            process = scene.commands.start("run", *scene.words(), **scene.request, pause=1.0)
            while len(whole(scene.folder)) < 2:
                time.sleep(0.01)
            scene.folder.rename(scene.results / "elsewhere")
            done = scene.commands.wait(process)
        elif name == "parent":
            scene.results.parent.mkdir(exist_ok=True)
            scene.results.write_text("")
            done = scene.run()
        else:
            done = _forbidden(scene, name)
        what = f"{name}: {done.code} {done.said[-800:]}"
        counts.most("seconds", time.monotonic() - began)
        counts.require(done.code == 4 and str(scene.results) in done.said, "silent", what)
        counts.require(not done.raised, "tracebacks", what)
        counts.require(
            name == "gone" or not done.trained or name in ("trials",), "silent", f"trained all the same: {what}"
        )
        if name == "parent":
            scene.results.unlink()
        if name == "gone":
            counts.require(not scene.folder.exists(), "silent", f"made anew: {what}")
            shutil.rmtree(scene.folder, ignore_errors=True)
            (scene.results / "elsewhere").rename(scene.folder)
        scene.judge(done, counts, what, allowed=(4,))


def _forbidden(scene: Scene, name: str):
    """A run that may not write one of its folders or files."""
    for folder in (scene.results, scene.folder, scene.folder / "trials"):
        folder.mkdir(parents=True, exist_ok=True)
    path = {"results": scene.results, "tiny": scene.folder}.get(name, scene.folder / name)
    if name == "results":
        shutil.rmtree(scene.folder)
    if name == "plan.json":  # the file is no matter, its folder is
        path = scene.folder
    path.chmod(0o500)
    try:
        return scene.run(unprivileged=True)
    finally:
        path.chmod(0o700)


DAY = 86_400
SHIFTS = {
    "a day forward": DAY, "a day back": -DAY, "an hour back": -3600,
    "to 2039": 13 * 365 * DAY, "to 1990": -36 * 365 * DAY,
}  # fmt: skip
ZONES = ("America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu")


@sizes(Share(0, 1), *shares(4, 2))
def test_clocks(size: Share, scene: Scene, tally: Callable[..., Tally]) -> None:
    """The clock is set in the middle of a run that is killed later; the next run has another clock and time zone."""
    counts, chance = tally("F15", str(size.part)), random.Random(size.part)
    for _ in range(size.count):
        for name, seconds in SHIFTS.items():
            shutil.rmtree(scene.results, ignore_errors=True)
            counts.inject(f"clock set {name}, and another time zone")
            at, killed = sorted(chance.sample(range(1, 320), 2))
            fault = Fault(scene.folder, first=killed, last=FOREVER, action=1)
            done = scene.run(fault=fault, clock=(at, seconds), report=False)
            what = f"{name} at {at}, killed at {killed}: {done.code} {done.said[-800:]}"
            counts.require(done.code == -9, "silent", what)
            scene.request |= {"environment": {"TZ": chance.choice(ZONES)}, "clock": (chance.randint(0, 50), -seconds),
                              "fault": Fault(scene.folder), "report": False}  # fmt: skip
            scene.judge(done, counts, what, allowed=(-9,))
            scene.request = {"replay": scene.request["replay"]}
