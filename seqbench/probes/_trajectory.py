"""The states that each recurrent layer of a model passes through, and cells taken apart to look inside a step.

Shapes: `B` batch, `T` time, `P` projected inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from seqbench.cells.base import Carry, Cell, CellWrapper, innermost
from seqbench.layers.recurrent import Recurrent, recurrent_layers
from seqbench.probes.base import View


class Trajectory(NamedTuple):
    """One recurrent layer on the batch, in the order of time whichever way the layer reads.

    cell: the layer's cell, with whatever mitigations wrapped around it
    before: its carry before each step, leaves [T, ...]
    projected: what the inputs contribute to each step
    valid: where the sequences have a step; None where all have
    """

    cell: Cell
    before: Carry
    projected: Float[Array, "T B P"]
    valid: Bool[Array, "T B 1"] | None

    @property
    def steps(self) -> tuple[Carry, Array, Array | None]:
        """What a step depends on, time first: what loops and maps over the trajectory run over."""
        return self.before, self.projected, self.valid


def trajectories(view: View) -> dict[str, Trajectory]:
    """The trajectory of every recurrent layer, by its place in the model, from the inputs it met."""
    layers = recurrent_layers(view.model)
    # In the order of the model: keys of what a gradient hands on are sorted as text, layer 10 before layer 2.
    met = {place: view.met[place] for place in layers if place in view.met}
    return {place: trajectory(layers[place], seen.inputs, seen.valid) for place, seen in met.items()}


def trajectory(layer: Recurrent, inputs: Float[Array, "B T I"], mask: Bool[Array, "B T"] | None) -> Trajectory:
    """The trajectory of a layer on these inputs."""
    cell = layer.cell
    projected = cell.project(jnp.swapaxes(inputs, 0, 1))
    valid = None if mask is None else jnp.swapaxes(mask, 0, 1)[..., None]
    step = advance(cell.prepared())

    def gather(carry: Carry, at: tuple) -> tuple[Carry, Carry]:
        return step(carry, *at), carry

    _, before = jax.lax.scan(gather, cell.initial(len(inputs)), (projected, valid), reverse=layer.reverse)
    return Trajectory(cell, before, projected, valid)


def advance(cell: Cell) -> Callable[[Carry, Array, Array | None], Carry]:
    """One step of a cell as the unrolled network takes it: `(carry, projected, valid) -> carry`, held on padding."""

    def step(carry: Carry, projected: Array, valid: Array | None) -> Carry:
        new = cell.step(carry, projected)
        return new if valid is None else cell.hold(valid, carry, new)

    return step


class Around(CellWrapper):
    """A wrapper that carries nothing of its own: what looks at a cell, or changes one thing about it, builds on it."""

    def initial(self, batch_size: int) -> Carry:
        """The inner cell's."""
        return self.inner.initial(batch_size)

    def step(self, carry: Carry, projected: Float[Array, "B P"]) -> Carry:
        """The inner cell's."""
        return self.inner.step(carry, projected)

    def output(self, carry: Carry) -> Float[Array, "B H"]:
        """The inner cell's."""
        return self.inner.output(carry)

    def state(self, carry: Carry) -> Any:
        """The inner cell's."""
        return self.inner.state(carry)

    def with_state(self, carry: Carry, state: Any) -> Carry:
        """The inner cell's."""
        return self.inner.with_state(carry, state)

    def hold(self, valid: Bool[Array, "B 1"], old: Carry, new: Carry) -> Carry:
        """The inner cell's."""
        return self.inner.hold(valid, old, new)


class _Observed(Around):
    """A cell that passes the carry and the projected inputs of each step to `observe`."""

    def __init__(self, inner: Cell, observe: Callable[[Carry, Array], None]) -> None:
        super().__init__(inner)
        self.observe = observe

    def step(self, carry: Carry, projected: Float[Array, "B P"]) -> Carry:
        """The inner cell's step, observed."""
        self.observe(carry, projected)
        return self.inner.step(carry, projected)


def inside_step(cell: Cell, read: Callable[[Cell, Carry, Array], Any]) -> Callable[[Carry, Array], Any]:
    """What `read(innermost cell, its carry, its projected inputs)` gives during a step: `(carry, projected) -> Any`.

    The wrappers around the innermost cell decide what reaches it, so that the step has to be taken to find out.
    `cell` is changed: give a copy of which nothing else is wanted.
    """
    inner, observed = innermost(cell), []
    watched = _Observed(inner, lambda *given: observed.append(given))
    if cell is inner:
        cell = watched
    else:
        holder = cell
        while holder.inner is not inner:  # type: ignore[attr-defined]
            holder = holder.inner  # type: ignore[attr-defined]
        holder.inner = watched  # type: ignore[attr-defined]

    def take(carry: Carry, projected: Array) -> Any:
        observed.clear()
        cell.step(carry, projected)
        return read(inner, *observed[-1])

    return take
