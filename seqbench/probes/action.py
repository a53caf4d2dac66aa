"""Proof of action: whether a remedy did what it is for, read from the weights, the gates and the paths of a model.

    distance from identity    ||U - I|| / sqrt(H)            0 for identity_init at the start
    distance from orthogonal  ||U'U - I|| / sqrt(H)          0 if U neither stretches nor shrinks
    spectral radius           largest |eigenvalue| of U
    gates                     mean, and share below 0.1 or above 0.9 (saturated)
    share of the skip paths   ||s|| / (||s|| + ||r||), where s + r is the gradient that arrives at the bottom layer's
                              state and r the part of it that took no skip path anywhere

U is the recurrent matrix as it reaches the candidate. A skip path is what a cell carries beside its state
(skip_in_time), or what goes round a layer (residual, highway).

Rows: `parameter_norm`; `from_identity`, `from_orthogonal`, `spectral_radius`; `gate_NAME`, `gate_NAME_saturated` and
`retention`, the mean of the gate that keeps the state; `skip_share` by distance. Where several layers have a figure,
the plain name is their mean and `NAME_layer_N` one of them.

Source: saturation as in Karpathy, Johnson & Fei-Fei 2015, Visualizing and understanding recurrent networks,
arXiv:1506.02078; distance from orthogonal as in Vorontsov, Trabelsi, Kadoury & Pal 2017, arXiv:1702.00071
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from seqbench.cells.base import Carry, Cell, CellWrapper, innermost
from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import recurrent_layers
from seqbench.mitigations.base import global_norm
from seqbench.mitigations.highway import Highway
from seqbench.mitigations.residual import Residual
from seqbench.models.base import cells
from seqbench.probes._trajectory import Around, Trajectory, inside_step, trajectories
from seqbench.probes.base import Probe, Row, View, aimed_losses, curve, norms_by_distance, row, safe_norm

DEFAULT = True
SHUT, OPEN = 0.1, 0.9
"""A gate below the one or above the other is saturated."""


class Action(NamedTuple):
    """What was read; layers and cells stand from the bottom up.

    gates: of each gated layer, `{name: (mean, share saturated)}`, the gate that keeps the state again as "retention"
    skip: share of the skip paths by distance, and the number of sequences it rests on; None without skip paths
    """

    parameter_norm: Float[Array, ""]
    matrices: list[Float[Array, "H H"]]
    gates: list[dict[str, tuple[Array, Array]]]
    skip: tuple[Float[Array, " D"], Int[Array, " D"]] | None


def action() -> Probe:
    """What remedies changed in the weights, the gates and the paths."""
    return Probe(trace, rows)


def trace(view: View) -> Action:
    """Read weights, gates and paths."""
    model = view.model
    matrices = [matrix for _, cell in cells(model) if (matrix := _matrix(cell)) is not None]
    gated = any(cell.retention for _, cell in cells(model))
    gates = [found for each in trajectories(view).values() if (found := _gates(each))] if gated else []
    return Action(global_norm(view.parameters), matrices, gates, _skip_share(view))


def rows(measured: Action, *, length: int) -> list[Row]:
    """The rows of a measurement."""
    made = [row("parameter_norm", measured.parameter_norm)]
    matrices = [np.asarray(matrix, np.float64) for matrix in measured.matrices]
    made += _by_layer("from_identity", [_away(matrix, 1) for matrix in matrices])
    made += _by_layer("from_orthogonal", [_away(matrix.T @ matrix, 1) for matrix in matrices])
    made += _by_layer("spectral_radius", [_radius(matrix) for matrix in matrices])
    for name in dict.fromkeys(name for layer in measured.gates for name in layer):
        found = [layer[name] for layer in measured.gates if name in layer]
        made += _by_layer(name, [float(mean) for mean, _ in found])
        if name != "retention":
            made += _by_layer(f"{name}_saturated", [float(saturated) for _, saturated in found])
    return made + (curve(*measured.skip).rows("skip_share", length) if measured.skip else [])


def _by_layer(name: str, values: list[float]) -> list[Row]:
    """One figure, or the mean of several and each of them."""
    if len(values) < 2:
        return [row(name, value) for value in values]
    return [row(name, np.mean(values)), *(row(f"{name}_layer_{n}", value) for n, value in enumerate(values))]


def _away(matrix: np.ndarray, scale: float) -> float:
    return float(np.linalg.norm(matrix - scale * np.eye(len(matrix))) / np.sqrt(len(matrix)))


def _radius(matrix: np.ndarray) -> float:
    return float(np.max(np.abs(np.linalg.eigvals(matrix)))) if np.isfinite(matrix).all() else float("nan")


def _matrix(cell: Cell) -> Float[Array, "H H"] | None:
    """The recurrent matrix, or None for a cell whose state reaches its candidate by none."""
    try:
        return cell.recurrent_matrix()
    except Incompatible:
        return None


def _gates(trajectory: Trajectory) -> dict[str, tuple[Array, Array]]:
    """Mean and saturated share of every gate over all steps that the sequences have."""

    def read(cell: Cell, carry: Carry, projected: Array) -> dict[str, Array]:
        return cell.gates(carry, projected)

    cell = innermost(trajectory.cell)
    look_inside = inside_step(trajectory.cell, read)
    opened = jax.lax.map(lambda at: look_inside(*at), (trajectory.before, trajectory.projected))
    valid = jnp.ones((1, 1, 1), bool) if trajectory.valid is None else trajectory.valid

    def summary(values: Float[Array, "T B H"]) -> tuple[Array, Array]:
        count = jnp.sum(jnp.broadcast_to(valid, values.shape))
        saturated = (values < SHUT) | (values > OPEN)
        return jnp.sum(values * valid) / count, jnp.sum(saturated & valid) / count

    found = {f"gate_{name}": summary(values) for name, values in opened.items()}
    if cell.retention is not None:
        name, sign = cell.retention
        mean, saturated = found[f"gate_{name}"]
        found["retention"] = (mean if sign > 0 else 1 - mean, saturated)
    return found


def _skip_share(view: View) -> tuple[Array, Array] | None:
    """The skip paths' share of the gradient at the bottom layer; None if the model has no such path."""
    if not _sever(view.model):
        return None

    def total(taps: Any) -> Array:
        model = view.model
        _sever(model)
        return jnp.sum(aimed_losses(view.task, model, view.batch, view.aim, taps)) * view.share

    without = jax.grad(total)(jax.tree.map(jnp.zeros_like, view.arriving))
    without = jax.tree.map(lambda leaf: leaf / view.share, without)
    (whole, where), (rest, _) = view.layers(view.arriving)[0], view.layers(without)[0]
    by_skip, by_rest = (
        norms_by_distance(safe_norm(leaves, kept=2), where)
        for leaves in ([a - b for a, b in zip(whole, rest, strict=True)], rest)
    )
    both = by_skip + by_rest
    arrived = where.exist & (both != 0)
    share = jnp.where(arrived, by_skip / jnp.where(both != 0, both, 1), 0)
    count = jnp.sum(arrived, axis=1)
    return jnp.sum(share, axis=1) / jnp.maximum(count, 1), count


def _sever(model: Any) -> int:
    """Cut every skip path of `model` for gradients, in place; what it computes stays. How many there were."""
    around_steps = [layer for layer in recurrent_layers(model).values() if _carries_more(layer.cell)]
    around_layers = [
        (path, module) for path, module in nnx.iter_modules(model) if isinstance(module, Residual | Highway)
    ]
    for layer in around_steps:
        layer.cell = _StateOnly(layer.cell)
    for path, module in around_layers:
        _replace(model, path, _InnerOnly(module))
    return len(around_steps) + len(around_layers)


def _carries_more(cell: Cell) -> bool:
    """Whether a wrapper carries numbers beside the state of the cell inside it."""

    def numbers(cell: Cell) -> int:
        carried = jax.tree.leaves(jax.eval_shape(lambda: cell.initial(1)))
        return sum(jnp.issubdtype(leaf.dtype, jnp.inexact) for leaf in carried)

    return isinstance(cell, CellWrapper) and numbers(cell) > numbers(innermost(cell))


class _StateOnly(Around):
    """A cell that passes gradients on through its state alone, not through what else it carries."""

    def step(self, carry: Carry, projected: Float[Array, "B P"]) -> Carry:
        """The inner cell's."""
        return self.inner.step(self.inner.with_state(jax.lax.stop_gradient(carry), self.inner.state(carry)), projected)


class _InnerOnly(Layer):
    """A layer around a layer that passes gradients on through the inner one alone."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.inner = layer, layer.inner

    def __call__(self, inputs: Array, mask: Array | None = None, *, taps: Any = None) -> Array:
        """The layer's outputs."""
        detached = jax.lax.stop_gradient(inputs)
        self.layer.inner = _Shifted(self.inner, inputs - detached)
        return self.layer(detached, mask, taps=taps)

    def taps(self, batch_size: int, steps: int) -> Any:
        """The inner layer's taps."""
        return self.inner.taps(batch_size, steps)


class _Shifted(Layer):
    """A layer that adds a shift to its inputs: zero, with a gradient that is not."""

    def __init__(self, inner: Layer, shift: Array) -> None:
        self.inner, self.shift = inner, shift

    def __call__(self, inputs: Array, mask: Array | None = None, *, taps: Any = None) -> Array:
        """The inner layer's outputs."""
        return self.inner(inputs + self.shift, mask, taps=taps)


def _replace(model: Any, path: tuple, module: Any) -> None:
    """Put `module` at `path` in `model`."""
    for part in path[:-1]:
        model = getattr(model, part) if isinstance(part, str) and hasattr(model, part) else model[part]
    if isinstance(path[-1], str) and hasattr(model, path[-1]):
        setattr(model, path[-1], module)
    else:
        model[path[-1]] = module
