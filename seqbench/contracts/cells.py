"""What every cell must keep to: exact gradients, padding that changes nothing, matrices where they are said to be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.flatten_util import ravel_pytree

from seqbench.cells.base import Cell, CellBuilder
from seqbench.components.probe_selection import assemble_probes
from seqbench.contracts.base import (
    Check,
    DoesNotApply,
    documents_itself,
    has_defaults,
    named,
    require,
    require_close,
    require_same,
)
from seqbench.contracts.edges import at_the_edges
from seqbench.contracts.loops import require_plain_derivative
from seqbench.contracts.toys import toy_batch, toy_task
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import Recurrent
from seqbench.layers.unroll import unroll
from seqbench.mitigations.base import chain
from seqbench.mitigations.identity_init import identity_init
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.models.stacked import stacked
from seqbench.training.measure import Probed, measure

BATCH, STEPS, INPUTS, HIDDEN = 3, 5, 2, 4
MASK: Any = np.arange(STEPS) < np.asarray([STEPS, 3, 1])[:, None]
PLACES, MOVE = 60, 1e-6
"""Entries whose gradient is compared with a finite difference, and how far each is moved."""


class Subject:
    """A cell under examination: the function that makes its builder, and settings other than its defaults."""

    def __init__(self, make: Callable[..., CellBuilder], settings: Mapping[str, Any] | None = None) -> None:
        self.make, self.settings, self.name = make, settings or {}, make.__name__

    @property
    def builder(self) -> CellBuilder:
        """The builder with these settings."""
        return self.make(**self.settings)

    def build(self) -> Any:
        """A fresh cell as it is initialised."""
        return self.builder(INPUTS, HIDDEN, nnx.Rngs(0))

    @cached_property
    def kind(self) -> type[Cell]:
        """The cell's class."""
        return type(self.build())

    def stirred(self) -> tuple[nnx.GraphDef, nnx.State]:
        """A cell whose parameters have all moved away from where they start, so that none is zero by accident.

        A new one each time: in float64 where that is enabled.
        """
        graph, state = nnx.split(self.build())
        draw = np.random.default_rng(3)
        return graph, jax.tree.map(lambda x: x + jnp.asarray(draw.normal(0, 0.3, x.shape), x.dtype), state)

    @cached_property
    def forward(self) -> Callable[[Any], tuple[jax.Array, Any]]:
        """`inputs -> (outputs, final state)` of the stirred cell under MASK, compiled once for all checks."""
        graph, state = self.stirred()

        def run(inputs: Any) -> tuple[jax.Array, Any]:
            cell = nnx.merge(graph, state)
            outputs, final = unroll(cell, inputs, MASK)
            return outputs, cell.state(final)

        return jax.jit(run)


def check_cell(make: Callable[..., CellBuilder], settings: Mapping[str, Any] | None = None) -> list[Check]:
    """The contract of a cell, given the function that makes its builder."""
    return named(CHECKS, Subject(make, settings))


def documents_itself_and_has_defaults(subject: Subject) -> None:
    """The module's docstring says what the cell is and where it comes from, and every setting has a default."""
    documents_itself(subject.make)
    has_defaults(subject.make, list(inspect.signature(subject.make).parameters.values()))


def gradient_is_the_finite_difference(subject: Subject) -> None:
    """With respect to every parameter, the inputs and the state at every step, in float64, through time and a mask."""
    with jax.enable_x64(True):
        graph, state = subject.stirred()
        cell = nnx.merge(graph, state)
        weights = np.random.default_rng(1).normal(size=(BATCH, STEPS, HIDDEN)) * MASK[..., None]
        start = (nnx.to_pure_dict(state), jnp.asarray(sequences(float)), Recurrent(cell).taps(BATCH, STEPS))
        flat, unravel = ravel_pytree(start)

        def loss(flat: Any) -> jax.Array:
            parameters, inputs, taps = unravel(flat)
            return jnp.sum(weights * unroll(nnx.merge(graph, parameters), inputs, MASK, taps=taps).outputs)

        slope: Any = np.asarray(jax.jit(jax.grad(loss))(flat))
        places = np.random.default_rng(2).permutation(flat.size)[:PLACES]
        moves = np.zeros((PLACES, flat.size))
        moves[np.arange(len(places)), places] = MOVE
        points = np.concatenate([flat + moves, flat - moves])
        values = np.asarray(jax.jit(lambda points: jax.lax.map(loss, points))(points))
        by_name = jax.tree.leaves_with_path(jax.device_get(unravel(slope)))
    estimate = ((values[:PLACES] - values[PLACES:]) / (2 * MOVE))[: len(places)]
    advice = "The gradient differs from finite differences: is something not differentiable, or a derivative wrong?"
    require_close(slope[places], estimate, advice, rtol=1e-5, atol=1e-7)
    for path, leaf in by_name:
        require(np.any(leaf), f"{jax.tree_util.keystr(path)} has no effect on the outputs: leave it out, or use it.")


def own_derivative_is_that_of_the_plain_loop(subject: Subject) -> None:
    """`unroll` gives what autodiff of its plain loop gives: masked, tapped, reversed, in segments, of fewer steps.

    In float64, where rounding hides no mistake.
    """
    with jax.enable_x64(True):
        require_plain_derivative(*subject.stirred(), sequences(float), MASK, tolerance=1e-10)


def own_derivative_in_float32_is_that_of_the_plain_loop(subject: Subject) -> None:
    """The same in the type in which networks are trained."""
    require_plain_derivative(*subject.stirred(), sequences(), MASK, tolerance=1e-5)


def parallel_form_is_the_loop_in_value_and_gradient(subject: Subject) -> None:
    """A cell with a parallel form gives what its loop gives: in full, and masked in reverse and in segments."""
    if subject.kind.parallel is Cell.parallel:
        raise DoesNotApply("the cell has no parallel form")
    for settings in ({}, {"mask": MASK, "reverse": True, "segment": 2}):
        difference, (loop, parallel) = jax.jit(lambda *given, own=settings: _compare(subject, own, *given))(
            subject.stirred()[1], sequences()
        )
        where = f"with {', '.join(settings)}" if settings else "on full sequences"
        for of_loop, of_parallel in zip(jax.tree.leaves(loop), jax.tree.leaves(parallel), strict=True):
            message = f"`parallel` and `step` give different states {where}."
            require_close(of_loop, of_parallel, message, rtol=1e-7, atol=1e-5)
        largest = max(np.max(np.abs(leaf)) for leaf in jax.tree.leaves(difference))
        require(largest < 2e-5, f"`parallel` and `step` have different gradients {where}: by up to {largest:.3g}.")


def padding_changes_nothing_and_rows_do_not_touch(subject: Subject) -> None:
    """What stands on padding reaches no output and no state, and no sequence reaches its neighbour."""
    run, inputs = subject.forward, sequences()
    outputs, final = run(inputs)
    noisy_outputs, noisy_final = run(np.where(MASK[..., None], inputs, 1e3).astype(np.float32))
    advice = "`hold` must keep the state on padding."
    clean, noisy = np.asarray(outputs)[MASK], np.asarray(noisy_outputs)[MASK]
    require_same(noisy, clean, f"Padding reached the outputs: {advice}")
    for after, before in zip(jax.tree.leaves(noisy_final), jax.tree.leaves(final), strict=True):
        require_same(after, before, f"Padding reached the final state: {advice}")
    inputs[1] += 1
    touched, _ = run(inputs)
    require_same(touched[::2], outputs[::2], "One sequence of a batch changed another: never mix the first axis.")
    require(np.any(touched[1, 0] != outputs[1, 0]), "The inputs of the first step have no effect on its output.")


def stays_finite_and_alive_over_a_thousand_steps(subject: Subject) -> None:
    """As it is initialised, the cell neither overflows nor saturates on bounded inputs."""
    cell = subject.build()
    inputs = np.random.default_rng(0).choice([-1.0, 1.0], (1, 1000, INPUTS)).astype(np.float32)
    outputs = jax.jit(lambda x: unroll(cell, x).outputs)(inputs)
    require(np.all(np.isfinite(outputs)), "The outputs overflow within 1000 steps as the cell is initialised.")
    require(np.std(outputs[0, -100:]) > 0, "After 900 steps the outputs no longer move: the cell is dead or saturated.")


def says_which_recurrent_matrix_can_be_set(subject: Subject) -> None:
    """Initialisations reach `recurrent_kernel` by its blocks, or `fixed_recurrence` says why there is none."""
    cell = subject.build()
    if cell.fixed_recurrence:
        try:
            chain(identity_init()).initialise(cell, np.random.default_rng(0))
        except Incompatible as error:
            expected = f"{type(cell).__name__} has no recurrent matrix to set: it"
            require(expected in str(error), f"`fixed_recurrence` must begin with `it`, so that one reads {expected!r}.")
        else:
            raise AssertionError("`fixed_recurrence` says that there is no matrix to set, but `identity_init` set one.")
        require(not hasattr(cell, "recurrent_kernel"), "With `fixed_recurrence` there must be no `recurrent_kernel`.")
        return
    chain(identity_init(scale=0.5)).initialise(cell, np.random.default_rng(0))
    message = "After `identity_init(scale=0.5)` `recurrent_matrix()` must be half the identity: see `candidate`."
    require_same(cell.recurrent_matrix(), 0.5 * np.eye(HIDDEN), message)
    shape, expected_shape = cell.recurrent_kernel.shape, (HIDDEN, len(cell.blocks) * HIDDEN)
    require(shape == expected_shape, f"`recurrent_kernel` must have the shape {expected_shape}, got {shape}.")


def opening_the_retention_gate_keeps_as_it_says(subject: Subject) -> None:
    """With the gate wide open (or shut, if opening it keeps less) one step leaves the state as it was."""
    if not subject.kind.retention:
        raise DoesNotApply("the cell has no retention gate")
    cell = subject.build()
    gate, sign = cell.retention
    cell.bias[...] = cell.bias[...].at[cell.block(gate)].set(30.0 * sign)
    if "input" in cell.blocks:
        cell.bias[...] = cell.bias[...].at[cell.block("input")].set(-30.0)
    start = jax.tree.map(lambda x: x * 0 + 0.4, cell.initial(BATCH))
    kept = jax.tree.leaves(cell.step(start, cell.project(sequences()[:, 0])))[0]
    message = f"`retention` is {cell.retention}, but with that gate's bias at {30 * sign} a step changes the state."
    require_close(kept, np.full(kept.shape, 0.4), message, rtol=1e-7, atol=1e-5)


def every_probe_reads_it(subject: Subject) -> None:
    """A probe finds figures in a model of the cell, or leaves out what the cell does not have."""
    task, none = toy_task(), chain()
    graph, parameters = nnx.split(stacked(subject.builder, width=HIDDEN)(task.interface(), none, nnx.Rngs(0)))
    group = Probed(task, graph, none, parameters, BATCH)
    read = measure(group, parameters, batch=toy_batch(task), arrays=(), probes=assemble_probes("all")).rows
    found = {row["probe"] for row in read}
    require("gradient_norm" in found and "parameter_norm" in found, f"Probes find only {sorted(found)}.")


def works_inside_a_wrapper(subject: Subject) -> None:
    """A mitigation around the cell is fed and prepared like the cell: nothing differs before its skip arrives."""
    around: Any = chain(skip_in_time(steps=2)).cell(subject.builder)(INPUTS, HIDDEN, nnx.Rngs(0))
    nnx.update(around.inner, subject.stirred()[1])
    around.skip_kernel[...] *= 100
    outputs = jax.jit(lambda x: unroll(around, x, MASK).outputs)(sequences())
    plain = subject.forward(sequences())[0]
    message = "Inside `skip_in_time(steps=2)` the first two steps must be the cell's own."
    require_close(outputs[:, :2], plain[:, :2], message, rtol=1e-7, atol=1e-6)
    moved = np.any(np.abs(outputs[0, 2:] - plain[0, 2:]) > 1e-4)
    require(moved, "The skip of `skip_in_time` never arrives: `step` must read the state through `with_state`.")


def at_the_edges_of_its_settings_it_is_finite(subject: Subject) -> None:
    """Whatever a grid may set, the outputs of a few steps and their gradient are finite at the start."""
    for settings in at_the_edges(subject.make):
        try:
            cell = subject.make(**settings)(INPUTS, HIDDEN, nnx.Rngs(0))
        except Incompatible:
            continue
        graph, state = nnx.split(cell)

        def loss(state: Any, graph: Any = graph) -> jax.Array:
            return jnp.sum(unroll(nnx.merge(graph, state), sequences(), MASK).outputs)

        leaves = jax.tree.leaves(jax.value_and_grad(loss)(state))
        finite = all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in leaves)
        require(finite, f"With {settings} outputs or gradients are not finite at the start: narrow the range.")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    documents_itself_and_has_defaults,
    gradient_is_the_finite_difference,
    own_derivative_is_that_of_the_plain_loop,
    own_derivative_in_float32_is_that_of_the_plain_loop,
    parallel_form_is_the_loop_in_value_and_gradient,
    padding_changes_nothing_and_rows_do_not_touch,
    stays_finite_and_alive_over_a_thousand_steps,
    says_which_recurrent_matrix_can_be_set,
    opening_the_retention_gate_keeps_as_it_says,
    every_probe_reads_it,
    works_inside_a_wrapper,
    at_the_edges_of_its_settings_it_is_finite,
)


def sequences(dtype: type = np.float32) -> Any:
    """Random inputs [B, T, I]."""
    return np.random.default_rng(0).normal(size=(BATCH, STEPS, INPUTS)).astype(dtype)


def _compare(subject: Subject, settings: Mapping[str, Any], state: nnx.State, inputs: Any) -> Any:
    """The difference of the gradients of the loop and of the parallel form, and outputs and final state of both."""

    def gap(state: nnx.State, inputs: Any) -> Any:
        """Zero, with a gradient that is the difference of the two gradients."""
        cell = nnx.merge(subject.stirred()[0], state)
        start = jax.tree.map(lambda x: x + 0.3, cell.initial(BATCH))
        found = [unroll(cell, inputs, initial=start, parallel=parallel, **settings) for parallel in (False, True)]
        ways = [(way.outputs, cell.state(way.final)) for way in found]
        loop, parallel = (sum(jnp.sum(jnp.sin(x)) for x in jax.tree.leaves(way)) for way in ways)
        return loop - parallel, ways

    return jax.grad(gap, argnums=(0, 1), has_aux=True)(state, inputs)
