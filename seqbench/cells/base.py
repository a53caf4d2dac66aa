"""What a cell is: one step of a recurrent network, with its recurrent matrices in a known layout.

Shapes: `B` batch, `T` time, `I` inputs, `H` hidden units, `P` projected inputs (for most cells blocks x H).

A cell is one file; the file, its function and its name in YAML are the same word. The function takes the YAML
settings and returns a `CellBuilder`.

Every gate of a cell is a *block*: `blocks` names them in the order in which they stand along the last axis of
`input_kernel` [I, G*H], `recurrent_kernel` [H, G*H] and `bias` [G*H]. Initialisations and probes find the recurrent
matrix of any cell through these names and need no knowledge of the cell itself. A cell whose recurrence is diagonal
or parametrised has no `recurrent_kernel` to set and says why in `fixed_recurrence`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Num

from seqbench.errors import Incompatible

Carry = Any
"""A cell's state: an array [B, H] or a pytree of such arrays."""

CellBuilder = Callable[[int, int, nnx.Rngs], "Cell"]
"""`(inputs, hidden, rngs) -> Cell`."""


class Tiled(NamedTuple):
    """A step of elementwise functions of sums, as a GPU's kernel takes it, some hidden units at a time.

    A sum is what stands inside a nonlinearity: blocks of projected inputs, blocks of `h U` and an offset.

    projected: for each block of the projected inputs the sum that it belongs to
    products: for each block of `h U`, U the cell's `recurrent_kernel`, the same
    offsets: for each sum a parameter [H] that is added to it, or None
    step: `(sums, states) -> states` of some units, arrays [B, C]; states are the leaves of the carry, the last one h
    """

    projected: tuple[int, ...]
    products: tuple[int, ...]
    offsets: tuple[Array | None, ...]
    step: Callable[[list[Array], list[Array]], list[Array]]

    @property
    def sums(self) -> range:
        """The places of the sums."""
        return range(len(self.offsets))


class Cell(nnx.Module):
    """A recurrent cell. Subclasses name their `blocks` and write `step`; `initial`, `output` if the carry is not h."""

    blocks: ClassVar[tuple[str, ...]] = ("candidate",)
    """Names of the blocks along the last axis of the kernels."""
    candidate: ClassVar[str] = "candidate"
    """The block that proposes the new state: what `identity_init` sets."""
    retention: ClassVar[tuple[str, int] | None] = None
    """The gate that says how much of the state is kept, with 1 if opening it keeps more and -1 if it keeps less."""
    weighed_against: ClassVar[str | None] = None
    """The gate i that `retention`'s gate f is weighed against, so that f / (f + i) is kept; None if f itself is."""
    fixed_recurrence: ClassVar[str] = ""
    """Why the cell has no recurrent matrix of free entries; empty if it has one."""
    writes_forward: ClassVar[bool] = False
    """True where timing showed a forward pass on a CPU to be faster for it: see `seqbench.layers.loop.Loop.forward`."""
    products: Any = None
    """Computes the products of a step in place of the cell, in the copy of the cell that a loop uses."""

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs) -> None:
        """Draw the kernels of all blocks (Glorot uniform, block by block) with zero biases."""
        self.inputs, self.hidden = inputs, hidden
        self.input_kernel = nnx.Param(block_uniform(rngs, inputs, hidden, len(self.blocks)))
        if not self.fixed_recurrence:
            self.recurrent_kernel = nnx.Param(block_uniform(rngs, hidden, hidden, len(self.blocks)))
        self.bias = nnx.Param(jnp.zeros(len(self.blocks) * hidden))

    def project(self, inputs: Float[Array, "... I"]) -> Float[Array, "... P"]:
        """All input contributions of the whole sequence, each step on its own, in one matrix product."""
        # The bias as one more row of the kernel: neither it nor its gradient then takes a pass over all steps.
        ones = jnp.ones((*inputs.shape[:-1], 1), inputs.dtype)
        kernel = jnp.concatenate([self.input_kernel[...], self.bias[...][None]])
        return jnp.concatenate([inputs, ones], axis=-1) @ kernel

    def initial(self, batch_size: int) -> Carry:
        """The state before the first step: zeros."""
        return jnp.zeros((batch_size, self.hidden))

    def step(self, carry: Carry, projected: Float[Array, "B P"]) -> Carry:
        """One step of the recurrence."""
        raise TypeError(f"{type(self).__name__} has no step")

    def multiply(
        self, states: Float[Array, "B R"], kernel: str = "recurrent_kernel", columns: slice = slice(None)
    ) -> Float[Array, "B Q"]:
        """`states` times one of the cell's matrices [R, Q], named by its attribute, or times some columns of it.

        A step that multiplies by a matrix through this trains several times faster: the loop over time then forms the
        matrix's gradient from many steps at once. Not for use inside a loop or branch of the step's own.
        """
        if self.products is not None:
            return self.products.multiply(self, kernel, columns, states)
        return states @ getattr(self, kernel)[...][:, columns]

    def output(self, carry: Carry) -> Float[Array, "B H"]:
        """What the layer above reads from the state."""
        return carry

    def state(self, carry: Carry) -> Any:
        """The part of the carry that is the network's memory: a pytree of arrays [B, H]. It is what probes tap."""
        return carry

    def with_state(self, carry: Carry, state: Any) -> Carry:
        """The carry with that part replaced."""
        return state

    def hold(self, valid: Bool[Array, "B 1"], old: Carry, new: Carry) -> Carry:
        """The carry after a step: sequences outside of `valid` keep their state."""
        kept = jax.tree.map(lambda was, now: jnp.where(valid, now, was), self.state(old), self.state(new))
        return self.with_state(new, kept)

    def prepared(self) -> Cell:
        """The cell as a loop should use it: what every step needs and no step changes is computed once."""
        return self

    def gates(self, carry: Carry, projected: Float[Array, "B P"]) -> dict[str, Float[Array, "B H"]]:
        """How far each gate is open in a step, from 0 to 1, by the name of its block; empty without `retention`.

        They are the sigmoids of all blocks but the candidate's, unless a cell says otherwise here. Probes read them.
        """
        if self.retention is None:
            return {}
        if not self.fixed_recurrence:
            projected = projected + self.output(carry) @ self.recurrent_kernel[...]
        names = [name for name in self.blocks if name != self.candidate]
        return {name: jax.nn.sigmoid(projected[..., self.block(name)]) for name in names}

    def tiled(self) -> Tiled | None:
        """The step as a kernel takes it, or None if it has no such form. One kernel then takes all steps on a GPU."""
        return None

    def parallel(self, projected: Float[Array, "T B P"], initial: Carry, mask: Bool[Array, "T B 1"] | None) -> Carry:
        """The carries after every step, with a leading axis T, without a loop: only for cells that can."""
        raise TypeError(f"{type(self).__name__} has no parallel form")

    def block(self, name: str) -> slice:
        """Where a block stands along the last axis of the kernels and the bias."""
        start = self.blocks.index(name) * self.hidden
        return slice(start, start + self.hidden)

    def retention_bias(self, bias: np.ndarray) -> np.ndarray:
        """The bias of the gate that keeps the state with which it is open as a sigmoid gate is with `bias`."""
        return bias

    def recurrent_block(self, name: str) -> slice:
        """Where a block stands in `recurrent_kernel`, for setting it.

        Raises:
            Incompatible: the cell has no recurrent matrix whose entries are free.
        """
        if self.fixed_recurrence:
            raise Incompatible(f"{type(self).__name__} has no recurrent matrix to set: {self.fixed_recurrence}")
        return self.block(name)

    def kernels(self, of: Literal["recurrent", "input", "all"]) -> tuple[str, ...]:
        """The attributes of the matrices for setting them: `all` are both, or one where the recurrence is no matrix.

        Raises:
            Incompatible: `recurrent` was asked for, and the cell has no recurrent matrix whose entries are free.
        """
        if of == "recurrent":
            self.recurrent_block(self.candidate)
        recurrent = () if of == "input" or self.fixed_recurrence else ("recurrent_kernel",)
        return recurrent if of == "recurrent" else ("input_kernel", *recurrent)

    def recurrent_matrix(self) -> Float[Array, "H H"]:
        """The matrix by which a row of states [B, H] reaches the candidate, as the step uses it.

        Raises:
            Incompatible: the state reaches the candidate by no matrix.
        """
        block = self.recurrent_block(self.candidate)  # checked first: a cell that refuses has no kernel either
        return self.recurrent_kernel[...][:, block]


class ParametrisedCell(Cell):
    """A cell whose recurrent matrix is a function of its parameters. A loop computes it once, not at every step."""

    matrix: nnx.Variable | None = None
    """The matrix itself, in a prepared cell only."""

    def make_matrix(self) -> Float[Array, "H H"]:
        """The recurrent matrix from the parameters."""
        raise TypeError(f"{type(self).__name__} has no make_matrix")

    def recurrent_matrix(self) -> Float[Array, "H H"]:
        """The recurrent matrix, by which a row of states is multiplied."""
        return self.make_matrix() if self.matrix is None else self.matrix[...]

    def multiply_recurrent(self, states: Float[Array, "B H"]) -> Float[Array, "B H"]:
        """`states` times the recurrent matrix."""
        return states @ self.make_matrix() if self.matrix is None else self.multiply(states, "matrix")

    def prepared(self) -> Cell:
        """The cell with its matrix made."""
        return replaced(self, matrix=nnx.Variable(self.recurrent_matrix()))


class CellWrapper(Cell):
    """A cell around a cell: what mitigations that intervene in the recurrence build on.

    Everything is passed on to `inner` but what the subclass changes. The carry is a NamedTuple with a field `inner`;
    the state that probes tap and padding holds is the inner cell's. Initialisations reach the inner cell by themselves.
    """

    blocks = ()
    reach: int = 0
    """Steps back to which the wrapper connects; on sequences that are not longer the connection does nothing."""

    def __init__(self, inner: Cell) -> None:
        nnx.Module.__init__(self)
        self.inner = inner
        self.inputs, self.hidden = inner.inputs, inner.hidden

    def project(self, inputs: Float[Array, "... I"]) -> Float[Array, "... P"]:
        """The inner cell's projections."""
        return self.inner.project(inputs)

    def output(self, carry: Carry) -> Float[Array, "B H"]:
        """The inner cell's output."""
        return self.inner.output(carry.inner)

    def state(self, carry: Carry) -> Any:
        """The inner cell's state."""
        return self.inner.state(carry.inner)

    def with_state(self, carry: Carry, state: Any) -> Carry:
        """The carry with the inner cell's state replaced."""
        return carry._replace(inner=self.inner.with_state(carry.inner, state))

    def hold(self, valid: Bool[Array, "B 1"], old: Carry, new: Carry) -> Carry:
        """The inner cell holds; what the wrapper itself carries moves on."""
        return new._replace(inner=self.inner.hold(valid, old.inner, new.inner))

    def prepared(self) -> Cell:
        """The wrapper around the prepared inner cell."""
        inner = self.inner.prepared()
        return self if inner is self.inner else replaced(self, inner=inner)


def innermost(cell: Cell) -> Cell:
    """The cell inside all of its wrappers."""
    while isinstance(cell, CellWrapper):
        cell = cell.inner
    return cell


def block_uniform(rngs: nnx.Rngs, inputs: int, hidden: int, blocks: int) -> Float[Array, "I GH"]:
    """Glorot-uniform kernels [inputs, hidden], one for each block, side by side (Glorot & Bengio 2010)."""
    draw = nnx.initializers.glorot_uniform()
    return jnp.concatenate([draw(rngs.params(), (inputs, hidden)) for _ in range(blocks)], axis=-1)


def replaced(cell: Cell, **attributes: Any) -> Any:
    """A copy of a cell, made while tracing, with some attributes replaced. The cell itself stays as it is."""
    copy = nnx.merge(*nnx.split(cell))
    for name, value in attributes.items():
        setattr(copy, name, value)
    return copy


def linear_recurrence(
    decay: Num[Array, "T b H"],
    drive: Num[Array, "T B H"],
    initial: Num[Array, "B H"],
    mask: Bool[Array, "T B 1"] | None,
) -> Num[Array, "T B H"]:
    """All states of `h_t = decay_t * h_{t-1} + drive_t` by a parallel scan; steps outside the mask hold the state.

    The pairs (decay, drive) compose associatively, so that T steps take about 2 log2 T rounds. `b` is B, or 1 where
    every row decays alike.

    Source: Blelloch 1990, Prefix sums and their applications; Martin & Cundy 2018, arXiv:1709.04057
    """
    if mask is not None:
        decay, drive = jnp.where(mask, decay, 1), jnp.where(mask, drive, 0)
    drive = drive.at[0].add(decay[0] * initial)

    def compose(early: tuple[Array, Array], late: tuple[Array, Array]) -> tuple[Array, Array]:
        return late[0] * early[0], late[0] * early[1] + late[1]

    return jax.lax.associative_scan(compose, (decay, drive))[1]
