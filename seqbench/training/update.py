"""One step of the optimizer: mitigations first, then the direction, then the learning rate.

It depends on neither the task nor the model but for the shapes of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from seqbench.mitigations._norms import global_norm
from seqbench.mitigations.base import Arrays, Chain
from seqbench.training.action import Figures, initial_states, penalty_shares, transformed
from seqbench.training.data import TRAIN, stream_key
from seqbench.training.objective import Parameters, Parts
from seqbench.training.state import State, Sums

NO_STEP = 2**32 - 1
"""Not the number of any block of the training stream: the root of the mitigations' random draws."""


class StepInputs(NamedTuple):
    """What a step takes beside the gradient: the seed, the rate with its schedule, the mitigations' numbers."""

    seed: Int[Array, ""]
    rate: Float[Array, ""]
    arrays: tuple[Arrays, ...]


Update = Callable[[State, Sums, Parts, Parameters, StepInputs], tuple[State, Sums]]
"""`(state, sums, parts of the loss, gradient, step) -> (state, sums)` after the step."""


def prepare(chain: Chain, optimizer: optax.GradientTransformation) -> Callable[..., State]:
    """The function that makes a state of initial parameters: `(parameters, arrays of the chain) -> state`."""

    def begin(parameters: Parameters, arrays: tuple[Arrays, ...]) -> State:
        zero = jnp.zeros((), jnp.int32)
        mitigation = initial_states(chain, arrays, parameters)
        return State(parameters, mitigation, optimizer.init(parameters), zero, zero, zero)

    return begin


def advance(chain: Chain, optimizer: optax.GradientTransformation) -> Update:
    """The function that takes a step. A trial that has diverged stands still."""

    def take(state: State, sums: Sums, parts: Parts, gradient: Parameters, step: StepInputs) -> tuple[State, Sums]:
        key = jax.random.fold_in(jax.random.fold_in(stream_key(step.seed, TRAIN), NO_STEP), state.step)
        changed, mitigation, links = transformed(
            chain, gradient, state.mitigation, state.parameters, arrays=step.arrays, key=key
        )
        direction, moments = optimizer.update(changed, state.optimizer, state.parameters)
        parameters = jax.tree.map(lambda p, u: p - step.rate * u, state.parameters, direction)
        judged = changed if chain.mends else gradient
        sound = jnp.array([jnp.isfinite(parts.task), _all_finite(judged), _all_finite(parameters)])
        stands = state.diverged_at > 0
        taken = State(parameters, mitigation, moments, state.step + 1, state.diverged_at, state.diverged_in)
        stopped = state._replace(
            diverged_at=jnp.where(stands, state.diverged_at, state.step + 1),
            diverged_in=jnp.where(stands, state.diverged_in, jnp.argmin(sound).astype(jnp.int32)),
        )
        # A choice and not a branch: it stacks under vmap without touching the neighbours.
        moves = jnp.all(sound) & ~stands
        chosen = jax.tree.map(lambda new, old: jnp.where(moves, new, old), taken, stopped)
        shares = penalty_shares(chain, *parts)
        did = tuple(one | other for one, other in zip(links, shares, strict=True))
        counted = _count(sums, parts.task, gradient, changed, did, mends=chain.mends)
        return chosen, jax.tree.map(lambda new, old: jnp.where(moves, new, old), counted, sums)

    return take


def _flat(tree: Parameters) -> Float[Array, " N"]:
    """All entries in one array: far fewer loops to compile and to run than one a leaf."""
    return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(tree)])


def _all_finite(tree: Parameters) -> Bool[Array, ""]:
    return jnp.all(jnp.isfinite(_flat(tree)))


def _count(
    sums: Sums,
    loss: Float[Array, ""],
    before: Parameters,
    after: Parameters,
    links: tuple[Figures, ...],
    *,
    mends: bool,
) -> Sums:
    """Add one step: the gradient before and after the mitigations, how much of it they changed, and what each did.

    Where a gradient that is not finite is mended, its norm counts as infinite.
    """
    old, new = _flat(before), _flat(after)
    differing = jnp.sum(old != new)
    norm, norm_after = global_norm(old), global_norm(new)
    norm = jnp.where(jnp.isnan(norm), jnp.inf, norm) if mends else norm
    return Sums(
        steps=sums.steps + 1,
        loss=sums.loss + loss,
        gradient_norm=sums.gradient_norm + norm,
        gradient_norm_max=jnp.maximum(sums.gradient_norm_max, norm),
        gradient_norm_after=sums.gradient_norm_after + norm_after,
        shrink_factor=sums.shrink_factor + jnp.where(norm > 0, norm_after / jnp.where(norm > 0, norm, 1), 1),
        clipped_steps=sums.clipped_steps + (differing > 0),
        clipped_entries=sums.clipped_entries + differing / old.size,
        links=jax.tree.map(jnp.add, sums.links, links),
    )
