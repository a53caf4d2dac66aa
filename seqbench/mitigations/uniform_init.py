"""Start with weights from a uniform distribution that narrows with the width: the default of PyTorch.

    W, b ~ U(-a, a),  a = scale / sqrt(H),   H = hidden units of the cell

`of: all` draws both matrices and the biases of every cell, and the read-out with a = scale / sqrt(its inputs), as
PyTorch does. It has two biases where a cell here has one, their sum, which is therefore drawn as a sum of two. The
forget bias of an LSTM is then lost, unless `forget_bias_init` follows in the list. `of: recurrent` and `of: input`
draw that matrix alone. A cell whose recurrence is no matrix of free entries keeps its own under `all`, and is refused
under `recurrent`.

The variance of such a weight is 1 / (3 H), a third of the 1 / H that keeps the size of a signal, after
LeCun, Bottou, Orr & Müller 1998, Efficient BackProp.

Source: `reset_parameters` of `torch.nn.RNN`, `LSTM`, `GRU` and `Linear` in PyTorch 2.0,
https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html; Paszke et al. 2019, PyTorch: an imperative style,
high-performance deep learning library, arXiv:1912.01703
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from flax import nnx

from seqbench.cells.base import Cell
from seqbench.mitigations.base import Mitigation
from seqbench.setting_types import Scale


def draws() -> bool:
    """Whether it draws numbers."""
    return True


def uniform_init(*, scale: Scale = 1.0, of: Literal["recurrent", "input", "all"] = "all") -> Mitigation:
    """Draw what `of` names evenly from -`scale` / sqrt(width) to `scale` / sqrt(width)."""

    def initialise(cell: Cell, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        bound = scale / np.sqrt(cell.hidden)
        values = {name: generator.uniform(-bound, bound, getattr(cell, name).shape) for name in cell.kernels(of)}
        return values | (biases(cell, generator, bound) if of == "all" else {})

    def initialise_readout(readout: nnx.Linear, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        bound = scale / np.sqrt(readout.in_features)
        return {name: generator.uniform(-bound, bound, getattr(readout, name).shape) for name in ("kernel", "bias")}

    return Mitigation(initialise=initialise, initialise_readout=initialise_readout if of == "all" else None)


def biases(cell: Cell, generator: np.random.Generator, bound: float) -> dict[str, np.ndarray]:
    """A cell's biases: of each block the sum of that of the input's and that of the state's product."""
    if not hasattr(cell, "bias"):
        return {}
    of_inputs, of_states = generator.uniform(-bound, bound, (2, *cell.bias.shape))
    if not hasattr(cell, "candidate_bias"):
        return {"bias": of_inputs + of_states}
    # A GRU's candidate holds the two apart: the reset gate stands between them.
    candidate = cell.block(cell.candidate)
    apart = of_states[candidate].copy()
    of_states[candidate] = 0
    return {"bias": of_inputs + of_states, "candidate_bias": apart}
