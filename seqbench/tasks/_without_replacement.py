"""Draws in which nothing comes twice in a row of a batch."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key


def shuffled(key: Key[Array, ""], rows: int, count: int) -> Int[Array, "B N"]:
    """The numbers below `count` in a random order for each row."""
    return jnp.argsort(jax.random.uniform(key, (rows, count)), axis=1)


def distinct(key: Key[Array, ""], rows: int, count: int, among: int) -> Int[Array, "B N"]:
    """`count` different numbers below `among` in a random order for each row, in time and memory without `among`.

    Source: Floyd's algorithm, in Bentley 1987, "Programming pearls: a sample of brilliance".
    """
    draw_key, order_key = jax.random.split(key)
    highest = among - count + jnp.arange(count)
    drawn = jax.random.randint(draw_key, (rows, count), 0, highest + 1)

    def choose(place: Int[Array, ""], chosen: Int[Array, "B N"]) -> Int[Array, "B N"]:
        candidate = drawn[:, place]
        taken = jnp.any(chosen == candidate[:, None], axis=1)
        return chosen.at[:, place].set(jnp.where(taken, highest[place], candidate))

    chosen = jax.lax.fori_loop(0, count, choose, jnp.full((rows, count), -1))
    return jnp.take_along_axis(chosen, shuffled(order_key, rows, count), axis=1)


def weighted(key: Key[Array, ""], rows: int, count: int, weights: Float[Array, " W"]) -> Int[Array, "B N"]:
    """`count` different indices of `weights` for each row, drawn one after the other among those left.

    Source: the Gumbel-top-k trick of Vieira 2014, "Gumbel-max trick and weighted reservoir sampling".
    """
    perturbed = jnp.log(weights) + jax.random.gumbel(key, (rows, len(weights)))
    return jax.lax.top_k(perturbed, count)[1]
