"""The loop over time with its own derivative, beside the plain loop under autodiff: what contracts of cells compare."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from seqbench.compilation import QUICK, compiled
from seqbench.contracts.base import require_close
from seqbench.layers.recurrent import Recurrent
from seqbench.layers.unroll import unroll

TAKEN = 3
"""Steps that are taken where fewer are than there is room for."""

Derivative = Any
"""Value, outputs and final state, and gradients by parameters, inputs, taps and initial state."""


def require_plain_derivative(
    graph: nnx.GraphDef, state: nnx.State, inputs: Any, mask: Any, *, tolerance: float
) -> None:
    """Demand that the loop and the plain loop agree within `tolerance`, relative to the largest entry of an array.

    Args:
        graph: a cell, without its parameters.
        state: its parameters.
        inputs: of shape [B, T, I] with T >= TAKEN.
        mask: of shape [B, T].
        tolerance: of values and of gradients.

    Raises:
        AssertionError: they differ.
    """
    advice = "If the step has a derivative of its own, compare it with autodiff of its formula; see `Cell.multiply`."
    given = state, jnp.asarray(inputs), jnp.asarray(TAKEN, jnp.int32)
    program = compiled(partial(both_derivatives, graph, mask), *given, options=QUICK)
    for name, (own, plain) in jax.device_get(program(*given)).items():
        for mine, reference in zip(jax.tree.leaves(own), jax.tree.leaves(plain), strict=True):
            message = f"The loop differs from the plain one, {name}. {advice}"
            require_close(mine, reference, message, atol=tolerance * np.max(np.abs(reference), initial=1e-3))


def both_derivatives(
    graph: nnx.GraphDef,
    mask: Bool[Array, "B T"],
    state: nnx.State,
    inputs: Float[Array, "B T I"],
    taken: Int[Array, ""],
) -> dict[str, tuple[Derivative, Derivative]]:
    """The derivatives by the loop and by the plain loop of a cell, under names that say what is done.

    `taken` is TAKEN as an argument of the program. What stands behind so many steps is no number in the loop's inputs,
    and is cut off from the plain one's.
    """
    steps = inputs.shape[1]

    def masked(cell: Any, inputs: Array, taps: Any, start: Any) -> Any:
        return unroll(cell, inputs, mask, taps=taps, initial=start)

    def masked_plain(cell: Any, inputs: Array, taps: Any, start: Any) -> Any:
        return unroll(cell, inputs, mask, taps=taps, initial=start, autodiff=True)

    def fewer(cell: Any, inputs: Array, taps: Any, start: Any) -> Any:
        inputs = jnp.where(jnp.arange(steps)[:, None] < taken, inputs, jnp.nan)
        settings: dict[str, Any] = {"steps": taken, "reverse": True, "segment": 2}
        return unroll(cell, inputs, mask, taps=taps, initial=start, **settings)

    def fewer_plain(cell: Any, inputs: Array, taps: Any, start: Any) -> Any:
        taps = jax.tree.map(lambda tap: tap[:TAKEN], taps)
        settings: dict[str, Any] = {"reverse": True, "autodiff": True}
        found = unroll(cell, inputs[:, :TAKEN], mask[:, :TAKEN], taps=taps, initial=start, **settings)
        return found._replace(outputs=jnp.pad(found.outputs, ((0, 0), (0, steps - TAKEN), (0, 0))))

    given = graph, state, inputs
    return {
        "masked and tapped": (_derivative(masked, *given), _derivative(masked_plain, *given)),
        "in segments of fewer steps, reversed": (_derivative(fewer, *given), _derivative(fewer_plain, *given)),
    }


def _derivative(
    run: Callable[..., Any], graph: nnx.GraphDef, state: nnx.State, inputs: Float[Array, "B T I"]
) -> Derivative:
    """Differentiate a sum over all outputs and the final state by all that they depend on."""

    def loss(state: nnx.State, *rest: Any) -> tuple[Array, Any]:
        cell = nnx.merge(graph, state)
        outputs, final = run(cell, *rest)
        found = outputs, cell.state(final)
        return sum((jnp.sum(jnp.sin(x)) for x in jax.tree.leaves(found)), jnp.zeros(())), found

    cell = nnx.merge(graph, state)
    start = jax.tree.map(lambda x: x + 0.3, cell.initial(len(inputs)))
    given = state, inputs, Recurrent(cell).taps(*inputs.shape[:2]), start
    return jax.value_and_grad(loss, argnums=(0, 1, 2, 3), has_aux=True)(*given)
