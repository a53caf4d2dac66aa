"""Start with a sparse recurrent matrix of a given spectral radius: the paper's "smart tanh".

    U = spectral_radius * S / rho(S),  S has `nonzeros` entries ~ N(0, 1) in each row, at places drawn evenly

A row of U holds what one unit passes on to others, as in the authors' code. rho is the largest modulus of an
eigenvalue. Every block of a gated cell is drawn on its own. In a layer of fewer units than `nonzeros` the matrix is
dense. The paper also draws the input matrix and the read-out with a standard deviation of 0.01, which is
`normal_init: {scale: 0.01, of: all}` before this one in the list.

Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063;
sparse starts after Martens & Sutskever 2011, Learning recurrent neural networks with Hessian-free optimization
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le

from seqbench.cells.base import Cell
from seqbench.mitigations.base import Mitigation
from seqbench.setting_types import PositiveInt


def draws() -> bool:
    """Whether it draws numbers."""
    return True


def sparse_init(*, nonzeros: PositiveInt = 15, spectral_radius: Annotated[float, Gt(0), Le(100)] = 0.95) -> Mitigation:
    """Give each unit `nonzeros` recurrent weights, scaled together to `spectral_radius`."""

    def initialise(cell: Cell, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        blocks = [cell.recurrent_block(name) for name in cell.blocks]
        recurrent = np.array(cell.recurrent_kernel[...])
        for block in blocks:
            recurrent[:, block] = spectral_radius * sparse(generator, cell.hidden, nonzeros)
        return {"recurrent_kernel": recurrent}

    return Mitigation(initialise=initialise)


def sparse(generator: np.random.Generator, size: int, nonzeros: int) -> np.ndarray:
    """A matrix with `nonzeros` normal entries in each row (all, if it is no wider) and a spectral radius of 1."""
    drawn = generator.standard_normal((size, size))
    for row in drawn:
        row[generator.permutation(size)[nonzeros:]] = 0
    # Each unit passes something on, so some power of the matrix has a diagonal that is not 0, and so has the radius.
    return drawn / np.max(np.abs(np.linalg.eigvals(drawn)))
