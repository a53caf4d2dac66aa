"""seqbench: which remedy for vanishing and exploding gradients makes a recurrent network remember further back?

A grid is one call, from a file, a name, YAML text or Python values:

    import seqbench
    results = seqbench.run("quickstart")                     # trains what is missing
    results.finished                                         # one row a trial; `.curves`, `.probes`: their tables
    seqbench.compare(results).answers                        # what they say
    seqbench.figure(results, "accuracy")                     # a figure of the report
    seqbench.report(results)                                 # the whole of it

`seqbench.plan` says what a grid would run; `seqbench.load("results/quickstart")` reads what has run. The gradient of a
model before anything is trained is one call, too:

    measured = seqbench.probe(task="adding", length=100, cell="lstm")
    seqbench.probe_figure(measured)                          # the gradient that arrives from each distance
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "run": "seqbench.interactive.run",
    "load": "seqbench.store.results",
    "load_results": "seqbench.store.results",
    "load_curves": "seqbench.store.results",
    "load_probes": "seqbench.store.results",
    "load_plan": "seqbench.store.plan_file",
    "merge": "seqbench.interactive.merge",
    "compare": "seqbench.stats.compare",
    "figure": "seqbench.report.figure",
    "probe": "seqbench.execution.probe_grid",
    "probe_figure": "seqbench.report.probe_figures",
    "probe_table": "seqbench.report.probe_figures",
}

_MODULES = ("errors", "plan", "report")
"""Modules that are there without being imported; the packages can be called: `seqbench.plan(grid)`."""

__all__ = ["__version__", *_HOMES, *_MODULES]


def __dir__() -> list[str]:
    """What a notebook completes, imported or not."""
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import seqbench` and `seqbench --help` stay quick."""
    if name in _MODULES:
        return importlib.import_module(f"seqbench.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'seqbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
