"""What mitigations share that wrap cells and layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from zlib import crc32

import jax
from flax import nnx

from seqbench.cells.base import Carry, Cell, CellBuilder


def around(wrap: Callable[[Cell, nnx.Rngs], Cell]) -> Callable[[CellBuilder], CellBuilder]:
    """The `cell` of a mitigation that wraps every cell as it is built: `(cell, rngs) -> cell`."""

    def wrapped(build: CellBuilder) -> CellBuilder:
        return lambda inputs, hidden, rngs: wrap(build(inputs, hidden, rngs), rngs)

    return wrapped


def unchanged(build: CellBuilder) -> CellBuilder:
    """The `cell` of a mitigation that needs recurrence but wraps no cell: a model without cells refuses it."""
    return build


class Within(NamedTuple):
    """The carry of a cell wrapper that remembers nothing of its own."""

    inner: Carry


def separate_rngs(rngs: nnx.Rngs, *of: object) -> nnx.Rngs:
    """A source of randomness for parameters that a mitigation adds; `of` names it among those at the same place.

    What is drawn from it moves no draw of the model, so that methods start from the same weights wherever they have
    the same parameters.
    """
    stream = rngs.params
    place = jax.random.fold_in(stream.key[...], stream.count[...])
    return nnx.Rngs(jax.random.fold_in(place, crc32(repr(of).encode())))
