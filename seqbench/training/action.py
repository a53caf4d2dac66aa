"""What each remedy did to the gradient and the loss of a training step, one link of the chain at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Key

from seqbench.mitigations._norms import global_norm
from seqbench.mitigations.base import Arrays, Chain
from seqbench.traces import GRADIENT_CHANGED, PROOF, Trace

Figures = dict[str, Float[Array, ""]]
"""What one remedy did, by the names of `seqbench.traces.FIGURES`: of one step, or summed over steps."""

STEPS_CHANGED, PENALTY_SHARE, START_CHANGE = (PROOF[trace] for trace in (Trace.GRADIENT, Trace.LOSS, Trace.START))


def no_action(chain: Chain) -> tuple[Figures, ...]:
    """Zero for every figure that training measures of each link."""
    zero: Any = np.zeros((), np.float32)
    return tuple(
        ({STEPS_CHANGED: zero, GRADIENT_CHANGED: zero} if link.gradient else {})
        | ({PENALTY_SHARE: zero} if link.penalty else {})
        for link in chain.links
    )


def initial_states(chain: Chain, arrays: tuple[Arrays, ...], parameters: optax.Params) -> tuple[optax.OptState, ...]:
    """The state of every gradient transformation, one for each link; empty for a link that has none."""
    return tuple(transform.init(parameters) for transform in chain.gradients(arrays))


def transformed(
    chain: Chain,
    gradient: optax.Updates,
    states: tuple[optax.OptState, ...],
    parameters: optax.Params,
    *,
    arrays: tuple[Arrays, ...],
    key: Key[Array, ""],
) -> tuple[optax.Updates, tuple[optax.OptState, ...], tuple[Figures, ...]]:
    """The gradient after all links in turn, their new states, and what each of them changed."""
    new_states, measured = [], []
    for link, transform, state in zip(chain.links, chain.gradients(arrays, key), states, strict=True):
        changed, state = transform.update(gradient, state, parameters)
        new_states.append(state)
        if link.gradient:
            # What is measured is what the next link gets: without the barrier the two could be rounded differently.
            changed = jax.lax.optimization_barrier(changed)
            measured.append(_mended(gradient, changed) if chain.mends else _change(gradient, changed))
        else:
            measured.append({})
        gradient = changed
    return gradient, tuple(new_states), tuple(measured)


def _change(before: optax.Updates, after: optax.Updates) -> Figures:
    """Whether a link changed the gradient at all, and by how much of its norm (1 if there was none before)."""
    difference = jax.tree.map(jnp.subtract, after, before)
    norm, change = global_norm(before), global_norm(difference)
    share = jnp.where(norm > 0, change / jnp.where(norm > 0, norm, 1), change > 0)
    return {STEPS_CHANGED: (change > 0).astype(jnp.float32), GRADIENT_CHANGED: share}


def _mended(before: optax.Updates, after: optax.Updates) -> Figures:
    """The same where gradients may come that are not finite: such a one is changed, as a whole, if it is mended."""
    mended = jnp.isfinite(global_norm(after)).astype(jnp.float32)
    finite = jnp.isfinite(global_norm(before))
    return {name: jnp.where(finite, figure, mended) for name, figure in _change(before, after).items()}


def penalty_shares(chain: Chain, loss: Float[Array, ""], penalties: Sequence[Float[Array, ""]]) -> tuple[Figures, ...]:
    """Each penalty as a share of itself and the task's loss; `penalties` in the order of the links that have one."""
    left = iter(penalties)

    def share(penalty: Float[Array, ""]) -> Float[Array, ""]:
        both = jnp.abs(penalty) + jnp.abs(loss)
        return jnp.where(both > 0, jnp.abs(penalty) / jnp.where(both > 0, both, 1), 0.0)

    return tuple({PENALTY_SHARE: share(next(left))} if link.penalty else {} for link in chain.links)


def means(chain: Chain, sums: Sequence[Figures], steps: float) -> list[dict[str, float]]:
    """Means over steps of each link's figures, on the host: `sums` are of `Chain.after`, means of `Chain.compiled`."""
    left = iter(sums)
    return [
        {name: float(value) / steps for name, value in (next(left) if link.acts_after else {}).items()}
        for link in chain.compiled.links
    ]


def action_rows(chain: Chain, curve: Sequence[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    """Rows of the probes table: what each remedy of `chain` did, as means over the `step` steps of a trial.

    `curve` is the trial's (`seqbench.training.rows.curve_row`), whose `remedies` are those of `Chain.compiled`.
    """
    steps = np.array([row["steps_counted"] for row in curve], float)
    if not steps.sum():
        return []
    return [
        {
            "step": step, "probe": name, "distance": None, "remedy": place,
            "value": float(np.average([row["remedies"][link][name] for row in curve], weights=steps)),
        }
        for link, place in enumerate(chain.compiled_places)
        for name in curve[0]["remedies"][link]
    ]  # fmt: skip


def by_remedy(chain: Chain, row: Mapping[str, Any]) -> dict[str, Any]:
    """A probe's row with the place of its remedy, if it is of one, in `chain` and not in `Chain.within`."""
    return {**row, "remedy": chain.places_within[row["remedy"]]} if "remedy" in row else dict(row)


def start_rows(changes: Sequence[np.ndarray]) -> list[dict[str, Any]]:
    """Rows of the probes table: how far each remedy moved the parameters that it set.

    `changes` are those that `Chain.initialise` returns, of all cells.
    """
    return [
        {"step": 0, "probe": START_CHANGE, "distance": None, "remedy": place,
         "value": float(np.sqrt(np.mean(np.square(change, dtype=np.float64))))}
        for place, change in enumerate(changes) if len(change)
    ]  # fmt: skip
