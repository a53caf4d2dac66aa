"""Reports of grids that are half done: each is written, and says how much of it there is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from seqbench.store.plan_file import load_plan
from seqbench.store.records import checksum
from tests.faults.scene import TINY, Scene, sizes
from tests.faults.tally import Tally

KEPT = {
    "no trial": lambda place, label: False,
    "one trial": lambda place, label: place == 0,
    "five of eight": lambda place, label: place < 5,
    "one seed": lambda place, label: label.seed == 1000,
    "one method missing": lambda place, label: label.method == "plain",
    "all diverged": None,
    "all solved": None,
}
ROWS = {
    "all diverged": {"outcome": "diverged", "accuracy": None, "loss": None, "diverged_at": 10, "diverged_kind": "loss"},
    "all solved": {"outcome": "solved", "accuracy": 1.0, "solved_at": 10},
}


@sizes(None, 1)
def test_partial_data(size: int, scene: Scene, finished: Path, tally: Callable[..., Tally]) -> None:
    counts = tally("F24")
    for name, keep in KEPT.items():
        shutil.rmtree(scene.results, ignore_errors=True)
        shutil.copytree(finished, scene.folder)
        for place, (trial, label) in enumerate(load_plan(scene.folder).trials.items()):
            path = scene.folder / "trials" / f"{trial}.json"
            if keep is None:
                content = json.loads(path.read_text())
                content["record"]["row"] |= ROWS[name]
                content["checksum"] = checksum(content["record"])
                path.write_text(json.dumps(content))
            elif not keep(place, label):
                path.unlink()
        counts.inject(name)
        done = scene.commands.run("report", TINY, "--results", scene.results)
        counts.require(done.code == 0 and not done.raised, "tracebacks", f"{name}: {done.said[-1500:]}")
        report = (scene.folder / "report.md").read_text() if (scene.folder / "report.md").exists() else ""
        count = len(list((scene.folder / "trials").glob("*.json")))
        counts.require(f"{count} of 8" in report or count == 8, "silent", f"{name}: {report[:600]}")
