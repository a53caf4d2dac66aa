"""Shrink the recurrent matrix where the gradient cannot be trusted: too long to be right in 32 bits, or not a number.

    if ||g|| is NaN, infinite or above `limit`:   g_U <- share * U for each recurrent matrix U,   0 for all else

A step of plain gradient descent then multiplies U by 1 - rate * share. Without it such a gradient ends the trial as
diverged, or clipping scales what overflow has left of it. It belongs before a clip of the norm in the list, as the
condition is on the norm that came. A loss that is not finite is divergence all the same: the units of the paper are
bounded, and so is its loss.

`limit: .inf` replaces only what is not finite. How often it acted is `steps_changed`.

Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063; in the
authors' code alone (https://github.com/pascanur/trainingRNNs: 0.02 and 1e10)
"""

from __future__ import annotations

from typing import Annotated, Any

import jax
import jax.numpy as jnp
import optax
from annotated_types import Ge
from flax import nnx
from jaxtyping import Array

from seqbench.cells.base import Cell, innermost
from seqbench.errors import Incompatible
from seqbench.mitigations._norms import global_norm
from seqbench.mitigations._wrapping import around
from seqbench.mitigations.base import Arrays, Mitigation
from seqbench.setting_types import Fraction, OrInfinity

Limit = Annotated[float, OrInfinity(), Ge(1)]
"""A norm that overflow makes likely; infinity replaces only what is not finite."""


def pascanu_fallback(*, limit: Limit = 1e10, share: Fraction = 0.02) -> Mitigation:
    """Replace a gradient whose norm is not finite or above `limit` by `share` times the recurrent matrices."""
    if not limit >= 1:
        raise Incompatible(f"pascanu_fallback needs a limit of 1 or more, got {limit}")

    def check(cell: Cell, _: nnx.Rngs) -> Cell:
        innermost(cell).recurrent_block(innermost(cell).candidate)  # refuses a cell without a matrix of free entries
        return cell

    def gradient(arrays: Arrays) -> optax.GradientTransformation:
        def replace(updates: optax.Updates, parameters: optax.Params | None) -> optax.Updates:
            norm = global_norm(updates)
            trusted = jnp.isfinite(norm) & (norm <= arrays["limit"])

            def choose(path: tuple[Any, ...], update: Array, parameter: Array) -> Array:
                shrinks = arrays["share"] * parameter if is_recurrent(path) else jnp.zeros_like(parameter)
                return jnp.where(trusted, update, shrinks)

            return jax.tree.map_with_path(choose, updates, parameters)

        return optax.stateless(replace)

    return Mitigation(arrays={"limit": limit, "share": share}, cell=around(check), gradient=gradient, mends=True)


def is_recurrent(path: tuple[Any, ...]) -> bool:
    """Whether a parameter is a recurrent matrix, by its path."""
    return any("recurrent_kernel" in (getattr(part, "key", None), getattr(part, "name", None)) for part in path)
