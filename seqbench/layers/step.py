"""One step of a cell, taken apart for a backward pass of its own.

`jax.vjp` of a step gives a function that pulls cotangents back, and this function is a pytree: what it needs from the
forward pass are its leaves. Leaves that depend on parameters alone are *fixed*, the same in every step; the others are
*kept*, step by step.

The products `states @ kernel` of a step (`Cell.multiply`) stay out of its derivative. Their factors are kept instead,
the states by the forward pass and the cotangents of the products by the backward pass, so that the gradient of a kernel
is one large product over many steps. That of every other parameter is accumulated step by step.

Shapes: `B` batch, `P` projected inputs, `H` hidden, `R` rows and `Q` columns of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from seqbench.cells.base import Carry, Cell
from seqbench.layers.products import Products

Arrays = Sequence[Array]


class At(NamedTuple):
    """What one step reads besides the carry; `valid` and `tap` may be None."""

    projected: Float[Array, "B P"]
    valid: Bool[Array, "B 1"] | None
    tap: Carry | None


class Pulled(NamedTuple):
    """Cotangents of what a step depends on.

    parameters: of those that the step reads other than by `Cell.multiply`, summed over the batch
    products: of each product, in the order of the step [B, Q]
    carry: of the numbers in the carry before the step
    projected: of the projected inputs
    tap: of the tap, or None without one
    """

    parameters: list[Array]
    products: list[Array]
    carry: list[Array]
    projected: Float[Array, "B P"]
    tap: Carry | None


class Needed(NamedTuple):
    """What the backward pass needs of the forward pass, of one step or of many.

    fixed: what depends on parameters alone
    kept: what the forward pass keeps for it, of every step
    outputs: the step's output, and that of the step before, which are there in any case
    """

    fixed: Arrays
    kept: Arrays
    outputs: tuple[Array, Array]


class Step:
    """The step of a cell as functions of arrays; `parameters` are the cell's in the order of `parameters_of`.

    multiplied: the place among the parameters of each product's kernel, and the columns of it
    read: the places of the parameters that the step reads otherwise
    kept: shapes of what the backward pass needs of one step
    noted: shapes of what the backward pass notes of one step, see `notes`
    output: shape of the output
    """

    def __init__(self, cell: Cell, carry: Carry, at: At) -> None:
        """Trace the step for arguments of these shapes."""
        self._graph, state = nnx.split(cell)
        parameters, self._structure = jax.tree.flatten(state)
        self._paths = [path for path, _ in nnx.to_flat_state(state)]
        given = jax.eval_shape(lambda *given: given, parameters, carry, at)
        self._shapes = given[1:]
        self.output = jax.eval_shape(cell.output, given[1])
        self._widths: list[int] = []
        self._see_products(*given)
        self._see_kept(*given)
        self._see_noted(*given)

    @property
    def kept_bytes(self) -> int:
        """Bytes that the backward pass needs of one step."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in self.kept)

    def cell(self, parameters: Arrays) -> Cell:
        """The cell with these parameters."""
        return nnx.merge(self._graph, jax.tree.unflatten(self._structure, list(parameters)))

    def advance(self, parameters: Arrays, carry: Carry, at: At) -> tuple[Carry, Float[Array, "B H"]]:
        """The carry after the step, and the output."""
        return advance(self.cell(parameters), carry, at)

    def fixed(self, parameters: Arrays) -> list[Array]:
        """What the backward pass needs and all steps have in common."""
        # Of a step from zeros nothing else is computed: the compiler removes what is not used.
        carry, at = jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), self._shapes)
        leaves = jax.tree.leaves(self._linearise(parameters, carry, at)[3])
        return [leaves[place] for place in self._fixed]

    def linearise(self, parameters: Arrays, carry: Carry, at: At) -> tuple[Carry, Float[Array, "B H"], list[Array]]:
        """The carry and the output, and what the backward pass needs of this step alone."""
        new, output, states, pull = self._linearise(parameters, carry, at)
        leaves = [*jax.tree.leaves(pull), *states]
        return new, output, [leaves[place] for place in self._kept]

    def pull(self, needed: Needed, carry: Arrays, output: Float[Array, "B H"]) -> Pulled:
        """Pull the cotangents of the carry's numbers after a step, and of its output, back through the step."""
        leaves = [getattr(needed, name)[number] for name, number in self._sources[: self._pull.num_leaves]]
        return Pulled(*jax.tree.unflatten(self._pull, leaves)((list(carry), output)))

    def states(self, needed: Needed) -> list[Array]:
        """The states of each product, of one step or of many."""
        return [getattr(needed, name)[number] for name, number in self._sources[self._pull.num_leaves :]]

    def notes(self, pulled: Pulled) -> list[Array]:
        """The cotangents of the projected inputs and of the products, each array once."""
        arrays = [pulled.projected, *pulled.products]
        return [arrays[place] for place in self._noted]

    def from_notes(self, notes: Arrays) -> list[Array]:
        """The cotangents again, of one step or of many: first of the projected inputs, then of each product."""
        return [notes[place] for place in self._notes]

    def _linearise(self, parameters: Arrays, carry: Carry, at: At) -> tuple[Carry, Array, list[Array], Any]:
        """The carry, the output, the states of the products, and the function that pulls cotangents back."""
        matrices = dict(zip(self._paths, parameters, strict=True))
        batch = at.projected.shape[0]
        taps = [jnp.zeros((batch, width), at.projected.dtype) for width in self._widths]

        def move(read: list[Array], taps: list[Array], numbers: list[Array], projected: Array, tap: Carry) -> Any:
            own = list(parameters)
            for place, leaf in zip(self.read, read, strict=True):
                own[place] = leaf
            cell = self.cell(own)
            products = Products(cell, matrices, taps)
            new, output = advance(cell, with_numbers(carry, numbers), At(projected, at.valid, tap))
            return (numbers_of(new), output), (new, products.states)

        read = [parameters[place] for place in self.read]
        (_, output), pull, (new, states) = jax.vjp(
            move, read, taps, numbers_of(carry), at.projected, at.tap, has_aux=True
        )
        return new, output, states, pull

    def _see_products(self, parameters: Arrays, carry: Carry, at: At) -> None:
        """Which kernels the step multiplies, and which parameters it reads otherwise."""
        noted: list[Products] = []

        def move(parameters: Arrays, carry: Carry, at: At) -> Any:
            cell = self.cell(parameters)
            matrices = {path: jnp.zeros_like(leaf) for path, leaf in zip(self._paths, parameters, strict=True)}
            noted.append(Products(cell, matrices))
            return advance(cell, carry, at)

        self.read = parameters_read(move, parameters, carry, at)
        places = {path: place for place, path in enumerate(self._paths)}
        [products] = noted
        self.multiplied = [
            (places[path], columns) for path, columns in zip(products.paths, products.columns, strict=True)
        ]
        self._widths = [len(range(*columns.indices(parameters[place].shape[1]))) for place, columns in self.multiplied]

    def _see_kept(self, parameters: Arrays, carry: Carry, at: At) -> None:
        """Where the leaves of the function that pulls back, and the states of the products, are found in Needed."""
        structure: list[Any] = []

        def leaves(parameters: Arrays, carry: Carry, at: At) -> list[Array]:
            _, output, states, pull = self._linearise(parameters, carry, at)
            structure.append(jax.tree.structure(pull))
            return [*jax.tree.leaves(pull), *states, output, self.cell(parameters).output(carry)]

        program = jax.make_jaxpr(leaves)(parameters, carry, at).jaxpr
        self._pull = structure[0]
        varying = _depending(program, program.invars[len(parameters) :])
        *needed, output, before = program.outvars
        outputs = {id(before): 1, id(output): 0}
        self._fixed: list[int] = []
        self._kept: list[int] = []
        self._sources: list[tuple[str, int]] = []
        seen: dict[int, int] = {}
        for place, var in enumerate(needed):
            if place < self._pull.num_leaves and id(var) not in varying:
                self._sources.append(("fixed", len(self._fixed)))
                self._fixed.append(place)
            elif id(var) in outputs:
                self._sources.append(("outputs", outputs[id(var)]))
            else:
                if id(var) not in seen:
                    seen[id(var)] = len(self._kept)
                    self._kept.append(place)
                self._sources.append(("kept", seen[id(var)]))
        self.kept = [_shape(needed[place]) for place in self._kept]

    def _see_noted(self, parameters: Arrays, carry: Carry, at: At) -> None:
        """Which cotangents are one array: those of projected inputs and products that the cell adds."""

        def cotangents(parameters: Arrays, carry: Carry, at: At, kept: Arrays) -> list[Array]:
            _, output = self.advance(parameters, carry, at)
            needed = Needed(self.fixed(parameters), kept, (output, output))
            pulled = self.pull(needed, numbers_of(carry), output)
            return [pulled.projected, *pulled.products]

        program = jax.make_jaxpr(cotangents)(parameters, carry, at, self.kept).jaxpr
        self._noted, self._notes = _distinct(program.outvars)
        self.noted = [_shape(program.outvars[place]) for place in self._noted]


def advance(cell: Cell, carry: Carry, at: At) -> tuple[Carry, Float[Array, "B H"]]:
    """One step of the network over time: the cell's, held on padding, tapped."""
    new = cell.step(carry, at.projected)
    if at.valid is not None:
        new = cell.hold(at.valid, carry, new)
    if at.tap is not None:
        new = cell.with_state(new, jax.tree.map(jnp.add, cell.state(new), at.tap))
    return new, cell.output(new)


def parameters_of(cell: Cell) -> list[Array]:
    """All arrays of a cell, in the order of `nnx.split`."""
    return jax.tree.leaves(nnx.split(cell)[1])


def parameters_read(function: Callable[..., Any], parameters: Arrays, *rest: Any) -> list[int]:
    """Places of the parameters that `function(parameters, *rest)` reads and could be differentiated by."""
    program = jax.make_jaxpr(function)(parameters, *rest).jaxpr
    read = {id(var) for equation in program.eqns for var in equation.invars} | {id(var) for var in program.outvars}
    own = program.invars[: len(parameters)]
    return [place for place, var in enumerate(own) if id(var) in read and _is_number(_shape(var))]


def numbers_of(carry: Carry) -> list[Array]:
    """The leaves of a carry that have a derivative; counters have none."""
    return [leaf for leaf in jax.tree.leaves(carry) if _is_number(leaf)]


def with_numbers(carry: Carry, numbers: Arrays) -> Carry:
    """The carry with these leaves replaced."""
    left = iter(numbers)
    return jax.tree.map(lambda leaf: next(left) if _is_number(leaf) else leaf, carry)


def _is_number(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.inexact))


def _shape(var: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(var.aval.shape, var.aval.dtype)


def _depending(program: Any, variables: Sequence[Any]) -> set[int]:
    """Identities of all variables of a program that depend on some of those it is given."""
    found = {id(var) for var in variables}
    for equation in program.eqns:
        if any(id(var) in found for var in equation.invars):
            found |= {id(var) for var in equation.outvars}
    return found


def _distinct(values: Sequence[Any]) -> tuple[list[int], list[int]]:
    """Where the distinct objects first stand, and which of these each of the values is."""
    seen: dict[int, int] = {}
    first: list[int] = []
    for place, value in enumerate(values):
        if id(value) not in seen:
            seen[id(value)] = len(first)
            first.append(place)
    return first, [seen[id(value)] for value in values]
