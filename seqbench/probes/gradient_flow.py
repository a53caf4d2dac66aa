"""The gradient that arrives at each hidden state, by its distance from the loss.

    g_k = mean over sequences of || dL / dh_{s-k} ||,   L the loss at step s

The state of an LSTM is c and h joined into one norm; several layers are joined as well and given one by one. The fit
`log g_k = a + b k` gives the growth per step e^b: below 1 the gradient vanishes, above 1 it explodes, and float32
overflows where a + b k passes log(3.4e38).

Rows: `gradient_norm` and `gradient_norm_geometric` (arithmetic and geometric mean over sequences) by distance;
`gradient_norm_layer_N` if there are several layers; `gradient_growth`; `gradient_horizon`; and, if the gradient grows,
`gradient_overflow_predicted`; `gradient_overflow` where it did overflow.

Source: Hochreiter, Bengio, Frasconi & Schmidhuber 2001, Gradient flow in recurrent nets: the difficulty of learning
long-term dependencies; Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from seqbench.probes.base import (
    Curve,
    Probe,
    Row,
    View,
    curve,
    mean_where,
    norms_by_distance,
    row,
    safe_norm,
)

DEFAULT = True
LARGEST = float(np.finfo(np.float32).max)
SMALLEST = float(np.finfo(np.float32).tiny)
"""Smallest float32 of full precision; smaller norms have lost digits and are not fitted."""
FRACTION = 0.01
"""Share of the gradient nearest to the loss at which it counts as gone."""


class LayerFlow(NamedTuple):
    """Mean of one layer by distance, and how many sequences have it."""

    arithmetic: Float[Array, " D"]
    sequences: Int[Array, " D"]


class Flow(NamedTuple):
    """Means and the largest of the sequences by distance, all layers joined; means of each layer from the bottom up.

    sequences: how many sequences have a state at each distance
    """

    arithmetic: Float[Array, " D"]
    geometric: Float[Array, " D"]
    largest: Float[Array, " D"]
    sequences: Int[Array, " D"]
    layers: list[LayerFlow]


class Fit(NamedTuple):
    """`log(norm) = intercept + slope * distance`, over the `points` distances with a finite positive norm."""

    intercept: float
    slope: float
    points: int

    @property
    def growth(self) -> float:
        """Factor per step: below 1 the gradient vanishes, above 1 it explodes."""
        return math.exp(self.slope)


def gradient_flow() -> Probe:
    """The gradient that arrives at each distance, and how far it reaches."""
    return Probe(trace, rows)


def trace(view: View) -> Flow | None:
    """Norms by distance; None for a model without recurrence."""
    layers = view.layers(view.arriving)
    if not layers:
        return None
    norms = [norms_by_distance(safe_norm(leaves, kept=2), where) for leaves, where in layers]
    each = [where.exist for _, where in layers]
    joined, exist = safe_norm([jnp.stack(norms, axis=-1)], kept=2), jnp.any(jnp.stack(each), axis=0)
    return Flow(
        mean_where(joined, exist),
        jnp.exp(mean_where(jnp.log(joined), exist)),
        jnp.max(joined, axis=1),
        jnp.sum(exist, axis=1),
        [LayerFlow(mean_where(norm, own), jnp.sum(own, axis=1)) for norm, own in zip(norms, each, strict=True)],
    )


def rows(measured: Flow | None, *, length: int) -> list[Row]:
    """The rows of a measurement; `length`, the dependency length, is always among the recorded distances."""
    if measured is None:
        return []
    norms = curve(measured.arithmetic, measured.sequences)
    made = norms.rows("gradient_norm", length)
    made += curve(measured.geometric, measured.sequences).rows("gradient_norm_geometric", length)
    if len(measured.layers) > 1:
        for place, layer in enumerate(measured.layers):
            made += curve(*layer).rows(f"gradient_norm_layer_{place}", length)
    fitted = fit(norms)
    # The first sequence to leave float32 takes the batch with it.
    largest = curve(measured.largest, measured.sequences)
    steepest = fit(largest)
    figures: dict[str, float | None] = {
        "gradient_growth": fitted.growth if fitted else None,
        "gradient_horizon": horizon(norms),
        "gradient_overflow_predicted": overflow_distance(steepest) if steepest else None,
        "gradient_overflow": first_overflow(largest),
    }
    return made + [row(name, value) for name, value in figures.items() if value is not None]


def fit(norms: Curve) -> Fit | None:
    """Least squares of the log norm over the distance; None below two finite norms of full precision."""
    usable = np.isfinite(norms.values) & (norms.values >= SMALLEST)
    if np.count_nonzero(usable) < 2:
        return None
    slope, intercept = np.polyfit(norms.at[usable], np.log(norms.values[usable].astype(np.float64)), 1)
    return Fit(float(intercept), float(slope), int(np.count_nonzero(usable)))


def horizon(norms: Curve, fraction: float = FRACTION) -> int | None:
    """Steps back that the gradient reaches: the farthest distance with at least `fraction` of its nearest value.

    Between the strides of a recurrence that goes several steps at a time no gradient arrives; that does not end its
    reach. A norm that overflowed counts as arrived. None if no gradient arrives at all.
    """
    positive = np.flatnonzero(norms.values > 0)
    if not len(positive):
        return None
    arrived = np.flatnonzero(~(norms.values < fraction * norms.values[positive[0]]))
    return int(norms.at[arrived[-1]])


def overflow_distance(fitted: Fit) -> int | None:
    """The distance at which a growing gradient leaves float32; None if it does not grow."""
    if fitted.slope <= 0:
        return None
    return max(0, math.ceil((math.log(LARGEST) - fitted.intercept) / fitted.slope))


def first_overflow(norms: Curve) -> int | None:
    """The distance from which the gradient is not a finite number; None if it is one everywhere."""
    beyond = np.flatnonzero(~np.isfinite(norms.values))
    return int(norms.at[beyond[0]]) if len(beyond) else None
