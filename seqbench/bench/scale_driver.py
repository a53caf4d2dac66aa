"""The driver of a large grid whose training is replayed: what each phase costs, in a process of its own.

    python -m seqbench.bench.scale_driver GRID RECORDED FIGURES

GRID is a grid's file, RECORDED the results folder of one trained trial of another, FIGURES the file that is written.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from seqbench.bench.replayed import Replay
from seqbench.execution.events import Event, Finished
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.trial import Trial
from seqbench.store.results import Results, load, under_plan
from seqbench.store.trials import TrialStore
from seqbench.tracking.client import connect, embedded_uri
from seqbench.tracking.mirror import Snapshot, mirror_snapshot

WORKERS = 2
MIRRORED = 200
"""How many trials are mirrored: a hundred thousand take hours, and each takes as long as another."""


class Phases:
    """Processor seconds and peak memory of what was done one after the other.

    figures: processor seconds of each phase, and MiB at its end
    """

    def __init__(self, file: Path) -> None:
        """`file` is written after each phase."""
        self.figures: dict[str, float] = {}
        self._file = file

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a phase, and the peak memory of the process so far."""
        began = time.process_time()
        yield
        self.figures[f"{name}_seconds"] = time.process_time() - began
        self.figures[f"{name}_peak_mib"] = _peak()
        self._file.write_text(json.dumps(self.figures))


def _peak() -> float:
    """Peak memory of this process so far in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def drive(path: Path, recorded: Path, phases: Phases) -> None:
    """Run the grid at `path` with replayed training, report it and mirror a part of it."""
    events: array[float] = array("d")
    found: list[Results] = []
    grid, folder = read_grid(path), path.parent / "results" / path.stem

    def observe(trial: Trial, event: Event) -> None:
        events.append(time.process_time())
        phases.figures["training_peak_mib"] = _peak()

    def finish(results: Results) -> None:
        found.append(results)

    with phases.timed("run"):
        run_grid(grid, folder, workers=WORKERS, place=Replay(_finished(recorded), workers=WORKERS), observe=observe,
                 finish=finish)  # fmt: skip
    phases.figures |= {"events": len(events), "training_seconds": events[-1] - events[0]}
    del events[:]
    with phases.timed("open"):
        load(folder)
    with phases.timed("report"):
        _report(found[0], folder)
    first = dict(itertools.islice(found[0].plan.trials.items(), MIRRORED))
    few = under_plan(found[0], replace(found[0].plan, trials=first))
    uri = embedded_uri(folder.parent)
    connect(uri, folder.parent)  # imports MLflow and makes its tables
    with phases.timed("mirror"):
        phases.figures["mirrored"] = mirror_snapshot(Snapshot(few, folder), uri).mirrored


def _finished(recorded: Path) -> Finished:
    """What the worker of a trained trial reported at its end."""
    [record] = TrialStore(recorded).read()[0]
    return Finished(record.trial, record.row, record.curve, record.probes, record.probed, None, record.environment)


def _report(results: Results, folder: Path) -> None:
    from seqbench.report.build import write_report
    from seqbench.report.evidence import Evidence

    write_report(Evidence(results), folder)


if __name__ == "__main__":
    grid_file, recorded_folder, figures = map(Path, sys.argv[1:])
    drive(grid_file, recorded_folder, Phases(figures))
