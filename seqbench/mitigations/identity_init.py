"""Start with `scale` times the identity as recurrent matrix, so that the state at first is passed on unchanged.

With ReLU units, zero biases and `input_scale: 0.001` this is the IRNN of the paper; with tanh units it is not.

In a cell with gates only the block that proposes the new state (the candidate) is set: the gates keep their own
initialisation, because an identity there would tie each unit's gate to its own last value and has no meaning as memory.
A gated cell at initialisation therefore still forgets as its gates say; what changes is that the candidate carries each
unit's last value, undiluted by the others.

`input_scale` above 0 also redraws the candidate's input weights from a normal distribution with that standard
deviation (0.001 in the paper); 0 leaves them as they are.

Source: Le, Jaitly & Hinton 2015, A simple way to initialize recurrent networks of rectified linear units,
arXiv:1504.00941
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seqbench.cells.base import Cell
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation
from seqbench.setting_types import Scale


def draws(*, input_scale: float) -> bool:
    """Whether it draws numbers."""
    return input_scale > 0


def identity_init(*, scale: Scale = 1.0, input_scale: Scale = 0.0) -> Mitigation:
    """Set the recurrent matrix to `scale` times the identity; with `input_scale`, draw small input weights."""
    if input_scale < 0:
        raise Incompatible(f"identity_init needs an input_scale of 0 (off) or above, got {input_scale}")

    def initialise(cell: Cell, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        block = cell.recurrent_block(cell.candidate)
        recurrent = np.array(cell.recurrent_kernel[...])
        recurrent[:, block] = scale * np.eye(cell.hidden, dtype=np.float32)
        values = {"recurrent_kernel": recurrent}
        if input_scale > 0:
            inputs = np.array(cell.input_kernel[...])
            inputs[:, block] = input_scale * generator.standard_normal((cell.inputs, cell.hidden))
            values["input_kernel"] = inputs
        return values

    return Mitigation(initialise=initialise)
