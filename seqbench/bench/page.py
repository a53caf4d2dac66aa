"""The benchmark's page and its figures as data: `README.md`, `bench.json` and one CSV a table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from seqbench.bench.goals import goals
from seqbench.bench.limits import (
    missed_by_evaluation,
    missed_by_grids,
    missed_by_lengths,
    missed_by_overheads,
    missed_by_quickstart,
    missed_by_scale,
    missed_by_scaling,
    missed_by_stacked,
    missed_by_suite,
    missed_goals,
)
from seqbench.execution.environment import environment

TITLES = {
    "steps": (
        "A training step",
        "Forward, backward, clip by global norm, Adam, on one core, each contestant in a process of its own, in turn. "
        "Ratios are medians over rounds of how many times as long the other takes. gflops counts the recurrent matrix "
        "products alone; products gflops is their rate where nothing else is computed "
        "(`seqbench.bench.contestants.step_products`), and products share the part of a step of seqbench that they "
        "take at this rate. seqbench runs in the environment of its workers, whose allocator keeps what is freed "
        "(`seqbench.execution.worker`), PyTorch and Flax in that of a script; the last two columns are the ratios "
        "if they have that allocator too.",
    ),
    "profile": (
        "Where a training step's time goes",
        "Milliseconds of a step by JAX's profiler, which times every operation that XLA runs and slows small ones down "
        "by doing so (`seqbench.bench.profile`). products: matrix products, those of the inputs and the read-out "
        "included; elementwise: `tanh` and other arithmetic on arrays; copies: what moves or fills arrays, such as "
        "writing a step into a buffer; scalars: counters of loops; update: clip and Adam; rest: between operations, "
        "XLA's executor and Python.",
    ),
    "grids": (
        "A whole grid",
        "64 trials (4 methods x 4 lengths x 4 seeds, 300 steps each) from the command to its end: imports, compilation "
        "and, for seqbench, the MLflow mirror and the report included. Ratio: against seqbench with an empty cache. "
        "training: with its evaluations, and compilation, a worker; rest: start of processes, imports, waiting for the "
        "last worker, mirror and report.",
    ),
    "programs": (
        "Compilation by program",
        "Seconds of tracing and compiling what one trial needs, in a worker that has compiled nothing (32 sequences of "
        "100 steps, 64 units). draw: batches; initialise: parameters and the state of the optimizer; update: clip and "
        "Adam. Trials share them where structure and shapes agree, whatever their length, seed and rate.",
    ),
    "quickstart": (
        "The quickstart",
        "`seqbench run quickstart` from the command to its end, with report and mirror. The shares are of what the "
        "workers spend on training with its evaluations, compilation, and probes with theirs.",
    ),
    "evaluation": (
        "Evaluation",
        "Seconds of a trial that spends its budget of 800 steps (32 sequences of 120 steps, 64 units), on one core: "
        "training, 16 evaluations on 1,024 sequences at most, and the test on 10,000. share: of evaluations and test. "
        "By JAX's profiler 299 of the 378 ms that a GRU takes for 4,096 test sequences are one loop into which XLA "
        "fuses its three `tanh` and the update, 155 microseconds a step; training, which saves the gates, computes "
        "them apart, and so does an LSTM, whose `tanh` of all gates takes 33 of 139 ms. Optimization barriers do not "
        "keep them apart in a GRU.",
    ),
    "lengths": (
        "Cost by length",
        "One training step on one core. relative: the time of one step of time over that at 100 steps, timed in turn.",
    ),
    "scaling": (
        "Cost by trials, methods and workers",
        "From the command to its end with a warm compilation cache. seconds a trial: as its worker counts them; with "
        "two workers a trial takes longer where both cores share caches and memory.",
    ),
    "scale": (
        "A driver as its grid grows",
        "Trials of one grid whose training is replayed: each reports at once what one trained trial reported, 6 events "
        "and 112 measurements of probes (`seqbench.bench.scale`). Planning, events, trial files, tables, report and "
        "MLflow are real, the disk is that of temporary files. Times are processor time, which other work on the "
        "machine changes little. events a second: from the first event to the last, written trial files included. run: "
        "plan, events and tables. mirror: SQLite, the first 200 trials with their comparison and report. Peak memory "
        "is that of the driver when training has ended, when its tables are made, and after the report; open: "
        "`seqbench.load` of the trial files, in a process of its own. Goals: 500 events a second; time and memory at "
        "most 1.5 times those of the smallest grid.",
    ),
    "scale_ray": (
        "A driver as its grid grows, on Ray",
        "The same with actors on a Ray cluster of two nodes on this machine, of one CPU each, which replay without "
        "training (`seqbench.bench.scale_ray`): every event travels from a node to the driver. The driver's figures "
        "as above; events a second of the clock are those that the cluster, which shares the driver's cores, let "
        "through.",
    ),
    "stacked": (
        "Trials stacked on a GPU",
        "Milliseconds of a training step of one trial: PyTorch with cuDNN, one trial at a time, beside seqbench with "
        "trials under `jax.vmap` (`python -m seqbench.bench.stacked`), one, 64 and as many at once as the column most "
        "says; ratios are of the most, and grids do not stack trials yet. loop: a compiled loop over time "
        "(`seqbench.layers.loop`); kernel: one kernel for all steps (`seqbench.layers.kernel`), which is off unless "
        "asked for (`unroll(..., kernel=True)`). Products are in TF32, the default of all. LSTM over 1,000 steps and "
        "in float32 have not been timed. The row of vanilla cells of 64 units is of a kernel that loaded two tiles at "
        "once; it loads one now. With products of float32, on the same GPU, the kernel's gradients were the loop's "
        "but for 1e-5 of the largest: vanilla and ReLU cells of 16, 32, 64 and 128 units, LSTM of 16, 32 and 128, GRU "
        "of 16 and 128 (`tests/layers/test_kernel.py`, which interprets the kernel where there is no GPU).",
    ),
    "stacked_profile": (
        "Trials stacked on a GPU: where the time goes",
        "The GPU's time by JAX's profiler for one training step of 512 LSTM trials of 64 x 200 x 128 (with the "
        "kernel, before barriers were added to it: one gradient), in milliseconds. recurrence: the two kernels over "
        "all steps; products: matrix products; elementwise: gates and their derivatives; copies: buffers filled, steps "
        "written into them and read out of them. The loop is limited by the GPU's memory, not by arithmetic: in TF32 "
        "its products take 33 ms of 137, and each of the 400 passes through a step moves U (134 MB for all trials, "
        "more than the cache holds) and some 40 arrays of 17 MB. The kernel forwards moves 34 GB in 27 ms, a third of "
        "what this memory can: its programs wait for a tile of U, for the gates and at barriers between threads. In "
        "float32 arithmetic is the larger part of either.",
    ),
    "overheads": (
        "Overheads",
        "Each a whole process, from its start to its end. Where other work ran beside it (see the load), "
        "processor seconds tell more than seconds. Resuming is `status` and the start of workers: what has finished is "
        "read, checked and counted. compilations: programs that differ in more than their length, seed and numbers.",
    ),
    "suite": (
        "The tests",
        "`pytest` in a clone of the repository, with a process a core; what is marked `slow` is left to "
        "`pytest -m slow`, which CI runs as well. seconds of tests: the sum over the tests of each folder and what "
        "they begin with, without the start of processes and the collection of tests.",
    ),
}
"""Title and explanation of each table, in the order of the page."""


def write_page(folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """Write the page of these tables, keeping those of an earlier run that are not measured again. Returns its path.

    A table without rows, of what could not be measured here, replaces none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "bench.json"
    kept = json.loads(data.read_text()) if data.exists() else {"tables": {}}
    machine = describe_machine()
    measured = {name: {"machine": machine, "rows": list(rows)} for name, rows in tables.items()}
    found = _filled(kept["tables"]) | _filled(measured)  # earlier versions kept tables without rows
    data.write_text(json.dumps({"tables": found}, indent=1) + "\n")
    page = folder / "README.md"
    page.write_text("\n".join(_lines(found)))
    return page


def _filled(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The tables that have rows."""
    return {name: table for name, table in tables.items() if table["rows"]}


def describe_machine() -> str:
    """Processor, cores and how many processes wanted one in the last five minutes, and versions, in one line."""
    about = environment()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    hardware = f"{about['processor']}, {cores} cores (load {os.getloadavg()[1]:.1f})"
    versions = ", ".join(f"{name} {about[name]}" for name in ("jax", "flax", "optax", "numpy"))
    return f"{hardware}, {platform.system()}, Python {about['python']}, {versions}"


def _lines(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The page, line by line."""
    lines = [
        "# Benchmark",
        "",
        "Made by `seqbench bench`; the figures as data stand in `bench.json`. Absolute times are those of a shared",
        "machine: compare ratios.",
        *_goals(found),
    ]
    for name, (title, text) in TITLES.items():
        if name not in found:
            continue
        table = pd.DataFrame(found[name]["rows"])
        lines += ["", f"## {title}", "", text, "", *_markdown(table), "", f"Machine: {found[name]['machine']}."]
        if missed := _missed(name, found):
            lines += ["", "Goals that are missed, and what is in the way:", "", *(f"- {each}" for each in missed)]
    return [*lines, ""]


def _goals(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """All goals with their figures, first of all."""
    rows = goals({name: found[name]["rows"] for name in TITLES if name in found})
    if not rows:
        return []
    text = "Each with its figure from the tables below, where it stands what is in the way of those that do not hold."
    return ["", "## Goals", "", text, "", *_markdown(pd.DataFrame(rows))]


def _missed(name: str, found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is in the way of each goal that this table shows to be missed."""
    match name:
        case "profile":
            return missed_goals(found.get("steps", {"rows": []})["rows"], found[name]["rows"])
        case "grids":
            return missed_by_grids(found[name]["rows"])
        case "quickstart":
            return missed_by_quickstart(found[name]["rows"])
        case "evaluation":
            return missed_by_evaluation(found[name]["rows"])
        case "overheads":
            return missed_by_overheads(found[name]["rows"])
        case "lengths":
            return missed_by_lengths(found[name]["rows"])
        case "scale" | "scale_ray":
            return missed_by_scale(found[name]["rows"])
        case "scaling":
            return missed_by_scaling(found[name]["rows"])
        case "stacked":
            return missed_by_stacked(found[name]["rows"], found.get("stacked_profile", {"rows": []})["rows"])
        case "suite":
            return missed_by_suite(found[name]["rows"])
    return []


def _markdown(table: pd.DataFrame) -> list[str]:
    """A table in Markdown, numbers with three significant digits."""
    heads = [str(name).replace("_", " ") for name in table.columns]
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    rule = ["---:" if number else "---" for number in numeric]
    body = [[_text(value) for value in row] for row in table.itertuples(index=False)]
    return [f"| {' | '.join(row)} |" for row in [heads, rule, *body]]


def _text(value: Any) -> str:
    if value is None or value != value:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
