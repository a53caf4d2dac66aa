"""The loop over time with a derivative of its own: a loop forwards, a loop backwards, and large products in between.

Reverse mode through `jax.lax.scan` adds to the gradient of every weight in every step, and does not pass through a loop
whose number of steps is an argument. Here time is cut into chunks. The inputs of a chunk are projected in one product;
then its steps are taken one by one. On the way back the steps of a chunk pass the gradient on and note it; after them
the gradients of the kernels and of the inputs are one product each.

What the backward pass needs of every step is either kept, or computed again, chunk by chunk, from the carry before the
chunk (Chen et al. 2016, Training deep nets with sublinear memory cost, arXiv:1604.06174).

Shapes: `N` = chunks x steps a chunk, the length of the buffers; `B` batch, `I` inputs, `H` hidden.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from seqbench.cells.base import Carry, Cell, innermost
from seqbench.layers.buffers import Number, as_rows, empty_steps, on_rows, repeat, step_of, with_step
from seqbench.layers.step import At, Needed, Step, numbers_of, parameters_of, parameters_read


class Sequences(NamedTuple):
    """A batch, time first; `mask` and `taps` may be None."""

    inputs: Float[Array, "N B I"]
    mask: Bool[Array, "N B 1"] | None
    taps: Carry | None


class Given(NamedTuple):
    """What a loop is a function of; `steps` is None if all are taken."""

    parameters: list[Array]
    carry: Carry
    sequences: Sequences
    steps: Int[Array, ""] | None


class Saved(NamedTuple):
    """What the backward pass starts from: with `kept` of every step, or with `starts`, the carry before every chunk."""

    given: Given
    outputs: Float[Array, "N B H"]
    kept: list[Array] | None
    starts: Carry | None


class Found(NamedTuple):
    """Cotangents as the backward pass collects them.

    parameters: None where there is none
    notes: of projected inputs and products, of every step of the chunk at hand
    """

    carry: list[Array]
    parameters: list[Array | None]
    inputs: Float[Array, "N B I"]
    taps: Carry | None
    notes: list[Array]


class LoopPlan(NamedTuple):
    """What is fixed before a loop runs.

    step: the cell's step
    projects: places of the parameters that project the inputs
    chunk: steps a chunk; divides the length of the buffers
    keep: whether what the backward pass needs is kept of every step, or computed again from the carry before a chunk
    writes: whether a forward pass that keeps nothing still writes what a backward pass would need, a chunk at a time
    reverse: from the last step to the first
    """

    step: Step
    projects: list[int]
    chunk: int
    keep: bool
    writes: bool
    reverse: bool


def first_step(cell: Cell, carry: Carry, sequences: Sequences) -> Step:
    """The step of a prepared cell that carries `carry` on such a batch."""
    one = _shapes(sequences)
    return Step(cell, carry, At(jax.eval_shape(cell.project, one.inputs), one.mask, one.taps))


def plan(cell: Cell, step: Step, sequences: Sequences, *, chunk: int, keep: bool, reverse: bool) -> LoopPlan:
    """The plan of a loop over a batch."""
    inputs = _shapes(sequences).inputs
    projects = parameters_read(lambda own, x: step.cell(own).project(x), parameters_of(cell), inputs)
    writes = innermost(cell).writes_forward and jax.default_backend() == "cpu"
    return LoopPlan(step, projects, chunk, keep, writes, reverse)


def run(
    plan: LoopPlan, cell: Cell, carry: Carry, sequences: Sequences, steps: Int[Array, ""] | None
) -> tuple[Carry, Float[Array, "N B H"]]:
    """Take a prepared cell over the first `steps` steps of a batch, all if None.

    Returns:
        the carry after the last step, and the outputs, zero where no step is taken.
    """

    @jax.custom_vjp
    def differentiable(given: Given) -> tuple[Carry, Array]:
        return Loop(plan, given).forward(linearise=False)[:2]

    def forward(given: Given) -> tuple[tuple[Carry, Array], Saved]:
        final, outputs, kept, starts = Loop(plan, given).forward(linearise=True)
        return (final, outputs), Saved(given, outputs, kept, starts)

    def backward(saved: Saved, cotangents: tuple[Carry, Array]) -> tuple[Given]:
        return (Loop(plan, saved.given).backward(saved, *cotangents),)

    differentiable.defvjp(forward, backward)
    return differentiable(Given(parameters_of(cell), carry, sequences, steps))


class Loop:
    """The loops of one plan over what is given."""

    def __init__(self, plan: LoopPlan, given: Given) -> None:
        self.plan, self.step = plan, plan.step
        self.parameters, self.first, self.sequences, self.steps = given
        self.length = len(self.sequences.inputs)

    def forward(self, *, linearise: bool) -> tuple[Carry, Array, list[Array] | None, Carry | None]:
        """The final carry and the outputs; to `linearise` also what is kept, or the carry before every chunk.

        On a CPU XLA computes a value that is not stored inside the loop that uses it last. All transcendental functions
        of a step then share one loop, and a GRU takes twice the time. With `plan.writes` they are stored in a buffer
        that nothing reads, which keeps them apart for as long as XLA does not remove it.
        """
        keep = linearise and self.plan.keep
        outputs = empty_steps(self.length, self.step.output)
        written = self.length if keep else self.plan.chunk
        kept = empty_steps(written, self.step.kept) if keep or self.plan.writes else None
        starts = empty_steps(self.length // self.plan.chunk, self.first) if linearise and not self.plan.keep else None

        def take(index: Number, at: tuple) -> tuple:
            carry, outputs, kept, starts = at
            offset = index * self.plan.chunk if keep else 0
            carry_after, outputs, kept = self._chunk_forward(index, carry, outputs, kept, offset)
            return carry_after, outputs, kept, None if starts is None else with_step(starts, index, carry)

        start = self.first, outputs, kept, starts
        final, outputs, kept, starts = self._over_chunks(take, start, descending=self.plan.reverse)
        return final, outputs, kept if keep else None, starts

    def backward(self, saved: Saved, final: Carry, outputs: Float[Array, "N B H"]) -> Given:
        """Cotangents of what is given, from those of the final carry and of the outputs."""
        differentiated = {*self.step.read, *self.plan.projects} | {place for place, _ in self.step.multiplied}
        found = Found(
            numbers_of(final),
            [jnp.zeros_like(p) if place in differentiated else None for place, p in enumerate(self.parameters)],
            jnp.zeros_like(self.sequences.inputs),
            jax.tree.map(jnp.zeros_like, self.sequences.taps),
            empty_steps(self.plan.chunk, self.step.noted),
        )
        again = None if self.plan.keep else empty_steps(self.plan.chunk, self.step.kept)

        def take(index: Number, at: tuple) -> tuple:
            found, again = at
            first = index * self.plan.chunk
            kept, offset = saved.kept, first
            if again is not None:
                again = self._chunk_forward(index, step_of(saved.starts, index), None, again, 0)[2]
                kept, offset = again, 0
            fixed, before = self.step.fixed(self.parameters), self._before(index, saved.outputs)

            def needed(place: Number) -> Needed:
                outputs = step_of(saved.outputs, first + place), step_of(before, place)
                return Needed(fixed, step_of(kept, offset + place), outputs)

            def rows(leaf: Array) -> Array:
                return self._rows(leaf, offset)

            found = self._chunk_backward(index, found, outputs, needed)
            many = Needed(fixed, jax.tree.map(rows, kept), (self._rows(saved.outputs, first), before))
            return self._products(index, found, self.step.states(many)), again

        found, _ = self._over_chunks(take, (found, again), descending=not self.plan.reverse)
        carry = iter(found.carry)
        start = jax.tree.map(lambda leaf: next(carry) if numbers_of(leaf) else None, self.first)
        return Given(found.parameters, start, Sequences(found.inputs, None, found.taps), None)

    def _chunk_forward(
        self, index: Number, carry: Carry, outputs: Array | None, kept: list[Array] | None, offset: Number
    ) -> tuple[Carry, Array | None, list[Array] | None]:
        """Take the steps of a chunk, where outputs and what is kept (of its first step at `offset`) are wanted."""
        first = index * self.plan.chunk
        projected = on_rows(self.step.cell(self.parameters).project)(self._rows(self.sequences.inputs, first))

        def take(place: Number, at: tuple) -> tuple:
            carry, outputs, kept = at
            here = At(step_of(projected, place), *step_of(self.sequences[1:], first + place))
            if kept is None:
                carry, output = self.step.advance(self.parameters, carry, here)
            else:
                carry, output, new = self.step.linearise(self.parameters, carry, here)
                kept = with_step(kept, offset + place, new)
            return carry, None if outputs is None else with_step(outputs, first + place, output), kept

        return self._over_steps(index, take, (carry, outputs, kept), descending=self.plan.reverse)

    def _chunk_backward(self, index: Number, found: Found, outputs: Array, needed: Callable[[Number], Needed]) -> Found:
        """Pull the cotangents of the carry after a chunk, and of its outputs, back through its steps."""
        first = index * self.plan.chunk
        notes = found.notes
        if self.steps is not None and self.plan.reverse:
            # The last chunk in time may be shorter than the one before it in this loop, whose notes must not remain.
            notes = jax.tree.map(jnp.zeros_like, notes)

        def take(place: Number, at: tuple) -> tuple:
            carry, read, taps, notes = at
            pulled = self.step.pull(needed(place), carry, step_of(outputs, first + place))
            read = jax.tree.map(jnp.add, read, pulled.parameters)
            taps = with_step(taps, first + place, pulled.tap)
            return pulled.carry, read, taps, with_step(notes, place, self.step.notes(pulled))

        read = [found.parameters[place] for place in self.step.read]
        state = found.carry, read, found.taps, notes
        carry, read, taps, notes = self._over_steps(index, take, state, descending=not self.plan.reverse)
        parameters = list(found.parameters)
        for place, leaf in zip(self.step.read, read, strict=True):
            parameters[place] = leaf
        return Found(carry, parameters, found.inputs, taps, notes)

    def _products(self, index: Number, found: Found, states: list[Array]) -> Found:
        """Add the gradients of the kernels by the steps of a chunk, and give its inputs theirs."""
        first = index * self.plan.chunk
        inputs = self._rows(self.sequences.inputs, first)
        if self.steps is not None:
            taken = first + jnp.arange(self.plan.chunk) < self.steps
            inputs = jnp.where(taken[:, None, None], inputs, 0)  # whatever stands there, even what is no number
        own = [self.parameters[place] for place in self.plan.projects]

        def project(own: list[Array], inputs: Array) -> Array:
            parameters = list(self.parameters)
            for place, leaf in zip(self.plan.projects, own, strict=True):
                parameters[place] = leaf
            return on_rows(self.step.cell(parameters).project)(inputs)

        projected, *products = self.step.from_notes(found.notes)
        by_project, by_inputs = jax.vjp(project, own, inputs)[1](projected)
        by_kernel = [as_rows(left).T @ as_rows(right) for left, right in zip(states, products, strict=True)]
        parameters: list[Any] = list(found.parameters)
        for place, leaf in zip(self.plan.projects, by_project, strict=True):
            parameters[place] += leaf
        for (place, columns), leaf in zip(self.step.multiplied, by_kernel, strict=True):
            parameters[place] = parameters[place].at[:, columns].add(leaf)
        whole = jax.lax.dynamic_update_slice_in_dim(found.inputs, by_inputs, first, 0)
        return found._replace(parameters=parameters, inputs=whole)

    def _before(self, index: Number, outputs: Float[Array, "N B H"]) -> Float[Array, "C B H"]:
        """What the cell gives before each step of a chunk: the outputs of the steps that are taken before them."""
        first, last = index * self.plan.chunk, (self.length if self.steps is None else self.steps) - 1
        start = self.step.cell(self.parameters).output(self.first)
        inside = self.plan.chunk - 1
        if self.plan.reverse:
            later = jax.lax.dynamic_slice_in_dim(outputs, first + 1, inside)
            rows = jnp.concatenate([later, step_of(outputs, first + self.plan.chunk)[None]])
            begins = first + jnp.arange(self.plan.chunk) == last
        else:
            earlier = jax.lax.dynamic_slice_in_dim(outputs, first, inside)
            rows = jnp.concatenate([step_of(outputs, first - 1)[None], earlier])
            begins = first + jnp.arange(self.plan.chunk) == 0
        return jnp.where(begins[:, None, None], start, rows)

    def _rows(self, leaf: Array, first: Number) -> Array:
        """The rows of a chunk that begins at `first`."""
        return jax.lax.dynamic_slice_in_dim(leaf, first, self.plan.chunk)

    def _over_chunks(self, take: Callable[[Number, Any], Any], state: Any, *, descending: bool) -> Any:
        """Loop over the chunks that hold steps."""
        if self.length == self.plan.chunk:
            return take(0, state)
        steps = self.length if self.steps is None else self.steps + self.plan.chunk - 1
        return repeat(steps // self.plan.chunk, take, state, descending=descending)

    def _over_steps(self, index: Number, take: Callable[[Number, Any], Any], state: Any, *, descending: bool) -> Any:
        """Loop over the steps of a chunk."""
        number: Number = self.plan.chunk
        if self.steps is not None:
            number = jnp.minimum(number, self.steps - index * self.plan.chunk)
        return repeat(number, take, state, descending=descending)


def _shapes(sequences: Sequences) -> Sequences:
    """The shapes of what one step reads."""
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), sequences)
