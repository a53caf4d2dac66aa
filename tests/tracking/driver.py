"""A driver on a machine of its own: finishes the trials of its part of a grid one by one, and mirrors them.

    python driver.py FOLDER ADDRESS PART PARTS SECONDS       every PARTS-th trial, one in so many seconds

The grid is that of `frames.grid`, of 64 trials. Prints the longest time in seconds that a finished trial took to keep.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from seqbench.store.results import load
from seqbench.store.trials import TrialStore
from seqbench.tracking import live as mirroring
from seqbench.tracking import mirror as mlflow_mirror
from seqbench.tracking.live import LiveMirror
from tests.tracking.frames import grid, plan_of, record_of

GRID = "team"


def trials() -> list[dict[str, Any]]:
    """The 64 trials."""
    some = grid({"lstm": {10: [0.95] * 16, 30: [0.5] * 16}, "gru": {10: [0.7] * 16, 30: [0.55] * 16}})
    return [one | {"trial": f"t{place:03}"} for place, one in enumerate(some)]


def drive(folder: Path, address: str, *, part: int, parts: int, seconds: float) -> float:
    """Finish a part of the trials; the longest time that keeping one of them took."""
    for name, value in {"EVERY": 0.2, "PATIENCE": 1.0}.items():
        setattr(mirroring, name, value)
    for name, value in {"FIRST_PAUSE": 0.5, "LONGEST_PAUSE": 2.0}.items():
        setattr(mlflow_mirror, name, value)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan_of(trials()) | {"grid": GRID}))
    (folder / "report.html").write_text("<p>report</p>")
    longest = 0.0
    with LiveMirror(folder, tracking_uri=address, warn=lambda line: print(line, file=sys.stderr)) as live:
        for one in trials()[part::parts]:
            began = time.monotonic()
            TrialStore(folder).write(record_of(one))
            longest = max(longest, time.monotonic() - began)
            time.sleep(seconds)
    live.complete(load(folder))
    return longest


if __name__ == "__main__":
    place, to, own, of, pace = sys.argv[1:]
    print(drive(Path(place), to, part=int(own), parts=int(of), seconds=float(pace)))
