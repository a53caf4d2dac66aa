"""Proof of action: whether a remedy did what it is for, read from the weights, the gates and the paths of a model.

    distance from identity    ||U - I|| / sqrt(H)            0 for identity_init at the start
    distance from orthogonal  ||U'U - I|| / sqrt(H)          0 if U neither stretches nor shrinks
    spectral radius           largest |eigenvalue| of U
    gates                     mean, and share below 0.1 or above 0.9 (saturated)
    share of a path           ||s|| / (||s|| + ||r||), where s + r is the gradient that arrives at the bottom layer's
                              state and r the part of it that never took the path
    share held back           the same, where r is what arrives and s + r what would arrive without the remedy

U is the recurrent matrix as it reaches the candidate. Paths are what remedies add (`seqbench.traces.Trace.PATH`), and
what they do to the gradient on its way is measured by switching them off (`seqbench.mitigations.base.Switched`).

Rows: `parameter_norm`; `from_identity`, `from_orthogonal`, `spectral_radius`; `gate_NAME`, `gate_NAME_saturated` and
`retention`, the mean of the gate that keeps the state. Where several layers have a figure, the plain name is their mean
and `NAME_layer_N` one of them. By distance: `path_share` or `share_held_back` of each remedy, and `skip_share`, of all
paths together.

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

from seqbench.cells.base import Carry, Cell, innermost
from seqbench.errors import Incompatible
from seqbench.mitigations._norms import global_norm
from seqbench.mitigations.base import Switched
from seqbench.models.base import cells
from seqbench.probes._trajectory import Trajectory, inside_step, trajectories
from seqbench.probes.base import Probe, Row, View, aimed_losses, curve, norms_by_distance, row, safe_norm
from seqbench.traces import PROOF, Trace

DEFAULT = True
SHUT, OPEN = 0.1, 0.9
"""A gate below the one or above the other is saturated."""


Share = tuple[Float[Array, " D"], Int[Array, " D"]]
"""A share of the gradient by distance, and the number of sequences it rests on."""


class Action(NamedTuple):
    """What was read; layers and cells stand from the bottom up.

    gates: of each gated layer, `{name: (mean, share saturated)}`, the gate that keeps the state again as "retention"
    links: the share of each remedy, by the name of its figure and its place among the remedies of the program
    skip: that of all skip paths together; None without any
    """

    parameter_norm: Float[Array, ""]
    matrices: list[Float[Array, "H H"]]
    gates: list[dict[str, tuple[Array, Array]]]
    links: dict[str, dict[int, Share]]
    skip: Share | None


def action() -> Probe:
    """What remedies changed in the weights, the gates and the paths."""
    return Probe(trace, rows)


def trace(view: View) -> Action:
    """Read weights, gates and paths."""
    model = view.model
    matrices = [matrix for _, cell in cells(model) if (matrix := _matrix(cell)) is not None]
    gated = any(cell.retention for _, cell in cells(model))
    gates = [found for each in trajectories(view).values() if (found := _gates(each))] if gated else []
    return Action(global_norm(view.parameters), matrices, gates, *_link_shares(view))


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
    for name, shares in measured.links.items():
        for place, share in shares.items():
            by_distance = curve(*share).rows(name, length)
            made += [{**each, "remedy": place} for each in by_distance if not np.isnan(each["value"])]
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


def _link_shares(view: View) -> tuple[dict[str, dict[int, Share]], Share | None]:
    """The share of each remedy in the model, by figure and place, and that of all skip paths together."""
    present = {each.link: each.trace for each in _switched(view.model) if each.link is not None and each.trace}
    paths = {place for place, trace in present.items() if trace is Trace.PATH}
    links: dict[str, dict[int, Share]] = {}
    for place, trace in sorted(present.items()):
        without = _arriving_without(view, {place})
        pair = (view.arriving, without) if place in paths else (without, view.arriving)
        links.setdefault(PROOF[trace], {})[place] = _share(view, *pair)
    if len(paths) < 2:
        return links, next(iter(links.get(PROOF[Trace.PATH], {}).values()), None)
    return links, _share(view, view.arriving, _arriving_without(view, paths))


def _switched(model: Any) -> list[Switched]:
    """What remedies put into a model, as far as it can be switched off."""
    return [module for _, module in nnx.iter_modules(model) if isinstance(module, Switched)]


def _arriving_without(view: View, places: set[int]) -> Any:
    """The gradient that arrives at every state when the remedies at `places` are switched off, as `View.arriving`."""

    def total(taps: Any) -> Array:
        model = view.model
        for module in _switched(model):
            module.off = module.link in places
        return jnp.sum(aimed_losses(view.task, model, view.batch, view.aim, taps)) * view.share

    without = jax.grad(total)(jax.tree.map(jnp.zeros_like, view.arriving))
    return jax.tree.map(lambda leaf: leaf / view.share, without)


def _share(view: View, whole: Any, rest: Any) -> Share:
    """Norm of `whole - rest` as a share of both parts, at the bottom layer; 1 if a part overflowed."""
    (all_of_it, where), (left, _) = view.layers(whole)[0], view.layers(rest)[0]
    by_part, by_rest = (
        norms_by_distance(safe_norm(leaves, kept=2), where)
        for leaves in ([a - b for a, b in zip(all_of_it, left, strict=True)], left)
    )
    both = by_part + by_rest
    arrived = where.exist & (both != 0)
    share = jnp.where(arrived, by_part / jnp.where(both != 0, both, 1), 0)
    share = jnp.where(arrived & jnp.isinf(by_part) & jnp.isfinite(by_rest), 1, share)
    count = jnp.sum(arrived, axis=1)
    return jnp.sum(share, axis=1) / jnp.maximum(count, 1), count
