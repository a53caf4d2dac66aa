"""Start with gates that forget over all time scales up to `longest` steps.

    b_keep = log u,  u uniform in [1, longest - 1],  for each unit;   LSTM also: b_input = -b_forget

A gate sigmoid(b_keep) forgets with a time constant of 1 + u steps. In an LSTM `keep` is the forget gate; in a GRU it is
the update gate z (of our form h <- z h + (1 - z) n), and there is no input gate to set. Cells whose gate writes when it
opens get the bias -log u.

Source: Tallec & Ollivier 2018, Can recurrent neural networks warp time?, arXiv:1804.11188 (longest = the longest
dependency: T, or 3 T / 2 for the copy task)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le

from seqbench.cells.base import Cell
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation


def draws() -> bool:
    """Whether it draws numbers."""
    return True


def chrono_init(*, longest: Annotated[float, Gt(2), Le(1e9)] = 100.0) -> Mitigation:
    """Draw the biases of the gate that keeps the state for time scales from 2 to `longest` steps."""
    if not 2 < longest < float("inf"):
        raise Incompatible(f"chrono_init needs a longest time scale of more than 2 steps, got {longest}")

    def initialise(cell: Cell, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        if cell.retention is None:
            raise Incompatible(f"chrono_init sets the gate that keeps the state, and {type(cell).__name__} has none")
        gate, sign = cell.retention
        keep = np.log(generator.uniform(1, longest - 1, cell.hidden))
        bias = np.array(cell.bias[...])
        bias[cell.block(gate)] = cell.retention_bias(sign * keep)
        if "input" in cell.blocks:
            bias[cell.block("input")] = -keep
        return {"bias": bias}

    return Mitigation(initialise=initialise)
