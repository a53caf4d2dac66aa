"""How large a model is, found by building it abstractly: shapes alone, nothing is computed or compiled."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from seqbench.cells.base import Cell, CellWrapper
from seqbench.components.structure import Structure
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import recurrent_layers
from seqbench.mitigations.base import Chain
from seqbench.models.base import cells


class ModelSize(NamedTuple):
    """What an estimate needs to know of a model.

    parameters: trained numbers
    weights: those of them that stand in matrices, each used once a time step
    layers: cells, each a loop over time
    states: numbers a layer keeps for one time step of one sequence (projected inputs and states), summed over layers
    outputs: numbers a layer gives at one time step of one sequence, summed over layers
    reach: steps back to which the longest connection through time reaches that a remedy adds; 0 without any
    """

    parameters: int
    weights: int
    layers: int
    states: int
    outputs: int
    reach: int = 0


def measure(structure: Structure) -> ModelSize:
    """How large a model is."""
    leaves = [leaf for leaf in jax.tree.leaves(structure.shapes) if _is_number(leaf)]
    model = nnx.merge(structure.graph, structure.shapes)
    loops = [cell for _, cell in cells(model)]
    return ModelSize(
        parameters=sum(leaf.size for leaf in leaves),
        weights=sum(leaf.size for leaf in leaves if leaf.ndim > 1),
        layers=len(loops),
        states=sum((2 + len(cell.blocks)) * cell.hidden for cell in loops),
        outputs=sum(cell.hidden for cell in loops),
        reach=max((_reach(layer.cell) for layer in recurrent_layers(model).values()), default=0),
    )


def _reach(cell: Cell) -> int:
    """The longest reach of the wrappers around a cell."""
    return max(cell.reach, _reach(cell.inner)) if isinstance(cell, CellWrapper) else 0


def rehearse(chain: Chain, structure: Structure) -> None:
    """Let every mitigation initialise a model of arbitrary numbers, to find out before training if one refuses.

    Raises:
        Incompatible: a mitigation has no meaning for one of the cells, or the model has none.
    """
    generator = np.random.default_rng(0)

    def draw(leaf: jax.ShapeDtypeStruct) -> object:
        # NumPy's numbers, so that nothing is compiled for them.
        return generator.standard_normal(leaf.shape, np.float32) if _is_number(leaf) else leaf

    found = cells(nnx.merge(structure.graph, jax.tree.map(draw, structure.shapes)))
    if not found:
        raise Incompatible("a mitigation initialises recurrent cells, and this model has none")
    for _, cell in found:
        chain.initialise(cell, generator)


def _is_number(leaf: jax.ShapeDtypeStruct) -> bool:
    """Whether a leaf is trained, and not the state of a source of randomness."""
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating))
