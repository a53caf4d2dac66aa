"""Start with a gate that keeps the state: a bias of `value` on the forget gate of an LSTM.

    b_forget = value,  so that at first the state is multiplied by about sigmoid(value) in each step

A cell that keeps its state by another gate, or by one that shuts to keep, gets the bias that keeps as much: the update
gate z of our GRU (h <- z h + (1 - z) n) gets `value`, the gate of a minimal gated unit -`value`. In the minimal LSTM,
which keeps f / (f + i), the input gate gets -`value` beside it: sigmoid(v) + sigmoid(-v) = 1.

Source: Gers, Schmidhuber & Cummins 2000, Learning to forget: continual prediction with LSTM; Jozefowicz, Zaremba &
Sutskever 2015, An empirical exploration of recurrent network architectures (value 1)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seqbench.cells.base import Cell
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation
from seqbench.setting_types import Weight


def forget_bias_init(*, value: Weight = 1.0) -> Mitigation:
    """Set the bias of the gate that keeps the state to `value`."""
    if not abs(value) < float("inf"):
        raise Incompatible(f"forget_bias_init needs a finite value, got {value}")

    def initialise(cell: Cell, _: np.random.Generator) -> Mapping[str, np.ndarray]:
        if cell.retention is None:
            raise Incompatible(f"forget_bias_init sets the gate that keeps the state; {type(cell).__name__} has none")
        gate, sign = cell.retention
        bias = np.array(cell.bias[...])
        bias[cell.block(gate)] = cell.retention_bias(np.array(sign * value))
        if cell.weighed_against:
            bias[cell.block(cell.weighed_against)] = -sign * value
        return {"bias": bias}

    return Mitigation(initialise=initialise)
