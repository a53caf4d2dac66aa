"""seqbench: which remedy for vanishing and exploding gradients makes a recurrent network remember further back?

The tables of a grid are one call away:

    import seqbench
    results = seqbench.load_results("results/quickstart")    # one row a trial
    curves = seqbench.load_curves("results/quickstart")      # one row an evaluation
    probes = seqbench.load_probes("results/quickstart")      # one row a measurement
    seqbench.compare(results).answers                        # what they say

and so is the gradient of a model before anything is trained:

    measured = seqbench.probe(task="adding", length=100, cell="lstm")
    seqbench.probe_figure(measured)                          # the gradient that arrives from each distance
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "load": "seqbench.store.results",
    "load_results": "seqbench.store.results",
    "load_curves": "seqbench.store.results",
    "load_probes": "seqbench.store.results",
    "load_plan": "seqbench.store.plan_file",
    "compare": "seqbench.stats.compare",
    "probe": "seqbench.execution.probe_grid",
    "probe_figure": "seqbench.report.probe_figures",
    "probe_table": "seqbench.report.probe_figures",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import seqbench` and `seqbench --help` stay quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'seqbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
