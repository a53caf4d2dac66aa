"""Start with weights from a normal distribution of a given standard deviation.

    W ~ N(0, scale^2),  each entry on its own;   scale is the standard deviation, not the variance

`of: recurrent` draws the recurrent matrix of every cell, `of: input` the matrix by which it reads its inputs or the
layer below, `of: all` both and the read-out. A cell whose recurrence is no matrix of free entries keeps its own under
`all`, and is refused under `recurrent`. Biases keep their start.

With `scale: 0.1` and `of: all` a vanilla network with tanh units is the paper's "basic tanh".

Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063
(0.1 and 0.01; the authors' code has them as standard deviations)
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


def normal_init(*, scale: Scale = 0.1, of: Literal["recurrent", "input", "all"] = "recurrent") -> Mitigation:
    """Draw the matrices that `of` names with the standard deviation `scale`."""

    def draw(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return scale * generator.standard_normal(shape)

    def initialise(cell: Cell, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        return {name: draw(generator, getattr(cell, name).shape) for name in cell.kernels(of)}

    def initialise_readout(readout: nnx.Linear, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        return {"kernel": draw(generator, readout.kernel.shape)}

    return Mitigation(initialise=initialise, initialise_readout=initialise_readout if of == "all" else None)
