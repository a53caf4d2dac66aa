"""Add each step's state to the last one, so that state and gradient also pass through time unchanged.

    h_t = h_{t-1} + scale * f(h_{t-1}, x_t)

This is a residual network unrolled over time, or an Euler step of size `scale`. A cell with gates, or one that already
adds to its state, would double its state at every step, and is refused.

Source: our own minimal form of He, Zhang, Ren & Sun 2016, arXiv:1512.03385, along time; with a learned or small scale
as in Yue, Fu & Liang 2018, Residual recurrent neural networks for learning sequential representations, and Chang et al.
2019, arXiv:1902.09689
"""

from __future__ import annotations

from typing import Annotated

import jax
from annotated_types import Gt, Le
from jaxtyping import Array, Float

from seqbench.cells.antisymmetric import Antisymmetric
from seqbench.cells.base import Cell, CellWrapper, innermost
from seqbench.cells.cornn import CoRNN
from seqbench.cells.lru import LRU
from seqbench.errors import Incompatible
from seqbench.mitigations._wrapping import Within, around
from seqbench.mitigations.base import Mitigation, Switched
from seqbench.traces import Trace

ADDING = (Antisymmetric, CoRNN, LRU)
"""Cells without gates that carry their state on by themselves."""


def residual_recurrence(*, scale: Annotated[float, Gt(0), Le(100)] = 1.0) -> Mitigation:
    """Let each step add `scale` times its result to the state."""
    if not 0 < scale < float("inf"):
        raise Incompatible(f"residual_recurrence needs a finite scale above 0, got {scale}")

    return Mitigation(cell=around(lambda cell, _: ResidualInTime(cell, scale)), wraps=Trace.PATH)


class ResidualInTime(CellWrapper, Switched):
    """A cell whose step is added to the state."""

    def __init__(self, inner: Cell, scale: float) -> None:
        if isinstance(innermost(inner), ADDING) or innermost(inner).retention is not None:
            name = type(innermost(inner)).__name__
            raise Incompatible(f"residual_recurrence adds to the state, and {name} carries its state on by itself")
        super().__init__(inner)
        self.scale = scale

    def initial(self, batch_size: int) -> Within:
        """The inner cell's initial state."""
        return Within(self.inner.initial(batch_size))

    def step(self, carry: Within, projected: Float[Array, "B P"]) -> Within:
        """One step of the inner cell, added to where it started."""
        new = self.inner.step(carry.inner, projected)
        before, after = self.path(self.inner.state(carry.inner)), self.inner.state(new)
        state = jax.tree.map(lambda was, f: was + self.scale * f, before, after)
        return Within(self.inner.with_state(new, state))
