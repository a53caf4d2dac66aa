"""How large a model is, found by building it abstractly: shapes alone, nothing is computed or compiled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from seqbench.cells.base import Carry, Cell, CellWrapper
from seqbench.components.structure import Structure
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import recurrent_layers
from seqbench.layers.step import At, advance
from seqbench.mitigations.base import Chain, Mitigation
from seqbench.models.base import cells, initialise
from seqbench.plan.work import Work, work_of
from seqbench.tasks.base import Batch


class ModelSize(NamedTuple):
    """What an estimate needs to know of a model.

    parameters: trained numbers
    layers: cells, each a loop over time
    products: multiplications in matrix products for one time step of one sequence, summed over layers; each parameter
        outside of the cells counts as one
    functions: numbers that a function such as `tanh` is taken of in a step of the cells, likewise
    states: numbers a layer keeps (projected inputs and states), likewise
    outputs: numbers a layer gives, likewise
    reach: steps back to which the longest connection through time reaches that a remedy adds; 0 without any

    Of a model without cells all are a time step's share of the whole: states are what it computes (see
    `seqbench.plan.work`), outputs what is largest of it.
    """

    parameters: int
    layers: int
    products: int
    functions: int
    states: int
    outputs: int
    reach: int = 0


def measure(structure: Structure) -> ModelSize:
    """How large a model is."""
    parameters = _trained(structure.shapes)
    model = nnx.merge(structure.graph, structure.shapes)
    loops, layers = [cell for _, cell in cells(model)], recurrent_layers(model).values()
    if not loops:
        return _without_loops(structure, parameters)
    steps = _steps(structure)
    inside = sum(_trained(nnx.state(cell)) for cell in {id(layer.cell): layer.cell for layer in layers}.values())
    return ModelSize(
        parameters,
        layers=len(loops),
        products=steps.products + parameters - inside,
        functions=steps.functions,
        states=sum((2 + len(cell.blocks)) * cell.hidden for cell in loops),
        outputs=sum(cell.hidden for cell in loops),
        reach=max((_reach(layer.cell) for layer in layers), default=0),
    )


def _trained(tree: Any) -> int:
    """Trained numbers of a tree of parameters."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree) if _is_number(leaf))


def _steps(structure: Structure) -> Work:
    """The arithmetic of one time step of one sequence in all loops of a model; cells alike are traced once."""
    found: dict[Any, Work] = {}
    total = Work()

    def trace(parameters: Any) -> None:
        nonlocal total
        for layer in recurrent_layers(nnx.merge(structure.graph, parameters)).values():
            graph, state = nnx.split(layer.cell.prepared())
            alike = graph, tuple((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(state))
            if alike not in found:
                found[alike] = _step(graph, state, layer.cell)
            total += found[alike]

    jax.eval_shape(trace, structure.shapes)
    return total


def _step(graph: Any, state: Any, cell: Cell) -> Work:
    """The arithmetic of one time step of one sequence of a cell that has been prepared and split."""

    def step(state: Any, carry: Carry, inputs: Array) -> Any:
        own = nnx.merge(graph, state)
        return advance(own, carry, At(own.project(inputs), None, None))

    return work_of(step, state, cell.initial(1), jnp.zeros((1, cell.inputs)))


def _without_loops(structure: Structure, parameters: int) -> ModelSize:
    """The size of a model that takes all steps at once, a time step's share of the whole."""
    interface = structure.interface
    shape = (1, interface.steps) if interface.symbolic else (1, interface.steps, interface.inputs)

    def predict(parameters: Any) -> Any:
        targets = jnp.zeros((1, interface.targets), jnp.int32)
        batch = Batch(
            jnp.zeros(shape, jnp.int32 if interface.symbolic else jnp.float32),
            targets,
            mask=jnp.ones(shape[:2], bool),
            weights=jnp.ones(targets.shape),
            distance=targets,
            prompt=targets if interface.readout == "decode" else None,
            steps=jnp.int32(interface.steps) if interface.bucketed else None,
        )
        return nnx.merge(structure.graph, parameters)(batch)

    whole = work_of(predict, structure.shapes)
    products, functions, results, largest = (math.ceil(count / interface.steps) for count in whole)
    # Symbols are read as vectors of zeros and a one.
    return ModelSize(parameters, 0, products, functions, states=results + interface.inputs, outputs=largest)


def _reach(cell: Cell) -> int:
    """The longest reach of the wrappers around a cell."""
    return max(cell.reach, _reach(cell.inner)) if isinstance(cell, CellWrapper) else 0


def rehearse(chain: Chain, names: Sequence[str], structure: Structure) -> None:
    """Let every mitigation initialise a model of arbitrary numbers, to find out before training if one refuses.

    Args:
        chain: the mitigations of the model.
        names: what each of them is called.
        structure: the model.

    Raises:
        Incompatible: a mitigation has no meaning for one of the cells, the model has none, or one mitigation sets
            again all that another one set.
    """
    generator = np.random.default_rng(0)

    def draw(leaf: jax.ShapeDtypeStruct) -> object:
        # NumPy's numbers, so that nothing is compiled for them.
        return generator.standard_normal(leaf.shape, np.float32) if _is_number(leaf) else leaf

    drawn = jax.tree.map(draw, structure.shapes)

    def started(*links: Mitigation) -> np.ndarray:
        """All numbers of the model after these links have initialised it."""
        fresh = jax.tree.map(lambda leaf: leaf, drawn)  # a merged model shares the variables of its state
        model = nnx.merge(structure.graph, fresh)
        if not cells(model):
            raise Incompatible("a mitigation initialises recurrent cells, and this model has none")
        initialise(model, Chain(links), lambda _: generator)
        leaves = jax.tree.leaves(nnx.state(model))
        return np.concatenate([np.ravel(leaf) for leaf in leaves if _is_number(leaf)])

    last = started(*chain.links)
    places = [place for place, link in enumerate(chain.links) if link.initialise]
    for place in places if len(places) > 1 else ():
        own, others = chain.links[place], (*chain.links[:place], *chain.links[place + 1 :])
        if np.array_equal(last, started(*others)) and not np.array_equal(started(own), started()):
            raise Incompatible(f"what {names[place]} sets at the start is set again by another of the mitigations")


def _is_number(leaf: jax.ShapeDtypeStruct) -> bool:
    """Whether a leaf is trained, and not the state of a source of randomness."""
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating))
