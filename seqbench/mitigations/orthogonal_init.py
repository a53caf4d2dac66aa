"""Start with orthogonal recurrent matrices: at first no direction of the state grows or shrinks.

    U = scale * Q,  Q uniform over the orthogonal matrices,  drawn for each block of a gated cell

`blocks: candidate` sets only the block that proposes the new state and leaves the gates as they are.

Source: Saxe, McClelland & Ganguli 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural
networks, arXiv:1312.6120; for recurrent matrices Henaff, Szlam & LeCun 2016, Recurrent orthogonal networks and
long-memory tasks, arXiv:1602.06662
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt, Le

from seqbench.cells.base import Cell
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation


def draws() -> bool:
    """Whether it draws numbers."""
    return True


def orthogonal_init(
    *, scale: Annotated[float, Gt(0), Le(100)] = 1.0, blocks: Literal["all", "candidate"] = "all"
) -> Mitigation:
    """Set the recurrent matrix, block by block, to `scale` times an orthogonal matrix."""
    if not scale > 0:
        raise Incompatible(f"orthogonal_init needs a scale above 0, got {scale}")

    def initialise(cell: Cell, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        places = [cell.recurrent_block(name) for name in (cell.blocks if blocks == "all" else (cell.candidate,))]
        recurrent = np.array(cell.recurrent_kernel[...])
        for place in places:
            recurrent[:, place] = scale * orthogonal(generator, cell.hidden)
        return {"recurrent_kernel": recurrent}

    return Mitigation(initialise=initialise)


def orthogonal(generator: np.random.Generator, size: int) -> np.ndarray:
    """An orthogonal matrix drawn uniformly (Haar): Q of a Gaussian matrix whose R has a positive diagonal."""
    q, r = np.linalg.qr(generator.standard_normal((size, size)))
    return q * np.sign(np.diag(r))
