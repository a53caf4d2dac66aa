"""The driver of a large grid whose training is replayed: what each phase costs, in a process of its own.

    python -m seqbench.bench.scale_driver PHASE GRID RECORDED FIGURES

PHASE is `run`, or `open` for the results that another process has made; GRID is a grid's file, RECORDED the results
folder of one trained trial of another, FIGURES the file that is written. With RAY_ADDRESS in the environment workers
are on that cluster, and nothing is reported or mirrored.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from seqbench.bench.replayed import Replay, recorded_trial
from seqbench.execution.events import Event
from seqbench.execution.place import Place
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.trial import Trial
from seqbench.store.results import Results, load, under_plan
from seqbench.tracking.client import connect, embedded_uri
from seqbench.tracking.mirror import Snapshot, mirror_snapshot

WORKERS = 2
ON_RAY = "RAY_ADDRESS" in os.environ
MIRRORED = 200
"""How many trials are mirrored: a hundred thousand take hours, and each takes as long as another."""


class Phases:
    """Processor seconds and peak memory of what was done one after the other.

    figures: processor seconds of each phase, and MiB at its end
    """

    def __init__(self, file: Path) -> None:
        """`file` is written after each phase, with what it holds already."""
        self.figures: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}
        self._file = file

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a phase, and the peak memory of the process so far."""
        began = time.process_time()
        yield
        self.figures[f"{name}_seconds"] = time.process_time() - began
        self.figures[f"{name}_peak_mib"] = _peak()
        self.keep()

    def keep(self) -> None:
        """Write the figures."""
        self._file.write_text(json.dumps(self.figures))


def _peak() -> float:
    """Peak memory of this process so far in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(path: Path, recorded: Path, phases: Phases) -> None:
    """Run the grid at `path` with replayed training; on this machine also report it, and mirror a part of it."""
    spent, clock = array("d"), array("d")
    found: list[Results] = []
    grid, folder = read_grid(path), results_of(path)

    def observe(trial: Trial, event: Event) -> None:
        spent.append(time.process_time())
        clock.append(time.monotonic())
        phases.figures["training_peak_mib"] = _peak()

    with phases.timed("run"):
        run_grid(grid, folder, workers=WORKERS, place=_place(recorded), observe=observe, finish=found.append)
    phases.figures |= {
        "events": len(spent),
        "training_seconds": spent[-1] - spent[0],
        "training_clock_seconds": clock[-1] - clock[0],
    }
    phases.keep()
    if ON_RAY:
        return
    del spent[:], clock[:]
    with phases.timed("report"):
        _report(found[0], folder)
    first = dict(itertools.islice(found[0].plan.trials.items(), MIRRORED))
    few = under_plan(found[0], replace(found[0].plan, trials=first))
    uri = embedded_uri(folder.parent)
    connect(uri, folder.parent)  # imports MLflow and makes its tables
    with phases.timed("mirror"):
        phases.figures["mirrored"] = mirror_snapshot(Snapshot(few, folder), uri).mirrored


def open_again(path: Path, phases: Phases) -> None:
    """Open the results of the grid at `path`."""
    with phases.timed("open"):
        load(results_of(path))


def results_of(path: Path) -> Path:
    """The results folder of the grid at `path`."""
    return path.parent / "results" / path.stem


def _place(recorded: Path) -> Place:
    """Workers that replay what was recorded, here or on the cluster."""
    if not ON_RAY:
        return Replay(recorded_trial(recorded), workers=WORKERS)
    from seqbench.bench.replayed_on_ray import RECORDED, ReplayCluster

    os.environ[RECORDED] = str(recorded.absolute())
    return ReplayCluster("auto")


def _report(results: Results, folder: Path) -> None:
    from seqbench.report.build import report

    report(results, folder)


if __name__ == "__main__":
    phase, *files = sys.argv[1:]
    grid_file, recorded_folder, figures = map(Path, files)
    if phase == "run":
        run(grid_file, recorded_folder, Phases(figures))
    else:
        open_again(grid_file, Phases(figures))
