"""What a probe is: a measurement of the gradient or the state of a model on one batch, given as rows.

Every probe has two halves. `trace(view)` is pure JAX and runs inside one compiled program with the other probes;
`rows(measured, length=...)` turns its arrays into rows on the host. A probe's function returns both as a `Probe`. A
constant `DEFAULT = True` in its module says that it is measured unless a grid asks otherwise.

Each sequence has one *aim*: the scored target whose information lies furthest back, the last of these if there are
several. Distances are counted from its step s to the step t of a state, as |s - t|, so that they stand on the same axis
as the dependency length; a state after the target, which only a network that reads backwards can use, counts as well
(of other networks only at distances at which no sequence has an earlier one).

Shapes: `B` batch, `T` time, `D` distances 0..T-1 (0..T+K-1 with a decoder), `K` targets, `H` hidden, `P` projected
inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NotRequired, SupportsFloat, TypedDict

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from seqbench.layers.norms import norm_scale
from seqbench.layers.recurrent import LayerCall, record
from seqbench.tasks.base import Batch, Interface

EVERY_DISTANCE = 16
"""Distances below this are all recorded; above it about `PER_OCTAVE` in each octave."""
PER_OCTAVE = 8


class Row(TypedDict):
    """One measurement, as `seqbench.schema.PROBE_COLUMNS` names it, without trial and step.

    remedy: place among the remedies of the compiled program, of a figure that is of one of them
    """

    probe: str
    distance: int | None
    value: float
    remedy: NotRequired[int]


class Aim(NamedTuple):
    """The target of each sequence that a probe looks back from: its place among the targets and its step [B]."""

    target: Int[Array, " B"]
    step: Int[Array, " B"]


class View(NamedTuple):
    """What a probe sees: a model on a batch, and one backward pass through it.

    build: `parameters -> Model`, a fresh copy each time, which the caller may take apart
    share: what the loss of one target counts in the loss that training differentiates, which is a mean over the scored
        targets of a batch. Gradients are taken of losses times `share` and divided by it again, because a remedy may
        act on the way back
    gradient: gradient of the sum of the sequences' losses at their aims with respect to the parameters
    arriving: gradient of that sum with respect to every state over time, leaves [T, B, ...]; None without recurrence
    met: what each recurrent layer met and gave in the forward pass (its `outputs`), by its place in the model
    length: the task's dependency length
    """

    task: Interface
    build: Callable[[Any], Any]
    parameters: Any
    batch: Batch
    share: Float[Array, ""]
    aim: Aim
    gradient: Any
    arriving: Any
    met: dict[str, LayerCall]
    length: Int[Array, ""] | int

    @property
    def model(self) -> Any:
        """A fresh copy of the model."""
        return self.build(self.parameters)

    def where(self, *, decoder: bool = False) -> Distances:
        """Where the states at each distance stand: of layers that run over the inputs, or of those of a decoder."""
        answers = self.batch.weights.shape[1]
        span = self.batch.mask.shape[1] + (answers if self.task.readout == "decode" else 0)
        if decoder:
            return distances(jnp.ones_like(self.batch.weights, bool), self.aim.target, span, causal=True)
        return distances(self.batch.mask, self.aim.step, span, causal=self.model.causal)

    def layers(self, taps: Any) -> list[tuple[list[Array], Distances]]:
        """The leaves of each layer's state from the bottom up, and where its states stand.

        Models give taps as a tuple with one entry a layer; a model with a decoder a pair of such tuples.
        """
        parts = taps if self.task.readout == "decode" and taps is not None else (taps,)
        layers = [
            (jax.tree.leaves(layer), decoder)
            for decoder, part in enumerate(parts)
            for layer in (part if type(part) in (tuple, list) else (part,))
        ]
        return [(leaves, self.where(decoder=bool(decoder))) for leaves, decoder in layers if leaves]


class Probe(NamedTuple):
    """A measurement in two halves.

    trace: `view -> arrays`, any tree of them; None where the model has nothing to measure
    rows: `(arrays, *, length) -> rows` on the host, where `length` is the dependency length of the task
    """

    trace: Callable[[View], Any]
    rows: Callable[..., list[Row]]


def look(
    task: Interface,
    build: Callable[[Any], Any],
    parameters: Any,
    batch: Batch,
    *,
    length: Int[Array, ""] | int = 0,
    batch_size: int | None = None,
) -> View:
    """Run a model forward and backward once, with taps on all states; it is trained in batches of `batch_size`."""
    aim, share = take_aim(task, batch), share_of_one(batch, batch_size or len(batch.mask))

    def total(parameters: Any, taps: Any) -> tuple[Array, dict[str, LayerCall]]:
        model = build(parameters)
        met = record(model)
        return jnp.sum(aimed_losses(task, model, batch, aim, taps)) * share, met

    taps = build(parameters).taps(*batch.mask.shape)
    differentiate = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)
    (_, met), found = differentiate(parameters, taps)
    gradient, arriving = jax.tree.map(lambda leaf: leaf / share, found)
    return View(task, build, parameters, batch, share, aim, gradient, arriving, met, length)


def share_of_one(batch: Batch, batch_size: int) -> Float[Array, ""]:
    """What the loss of one target counts in the mean over the targets of `batch_size` sequences such as those here."""
    return 1 / (batch_size * jnp.mean(jnp.sum(batch.counted, axis=1)))


def in_decoder(place: str) -> bool:
    """Whether the layer at `place` in a model runs over the answer and not over the inputs."""
    return place.partition(".")[0] == "decoder"


def take_aim(task: Interface, batch: Batch) -> Aim:
    """The scored target with the largest dependency distance, the last of several, and the step at which it is read."""
    wanted = jnp.where(batch.weights > 0, batch.distance, -1)
    furthest = wanted == jnp.max(wanted, axis=1, keepdims=True)
    target = jnp.max(jnp.where(furthest, jnp.arange(furthest.shape[1]), 0), axis=1)
    last = jnp.sum(batch.mask, axis=1, dtype=jnp.int32) - 1
    match task.readout:
        case "last":
            return Aim(target, last)
        case "every":
            return Aim(target, target)
    # A decoder's steps follow the last step of the encoder.
    return Aim(target, last + 1 + target)


def aimed_losses(task: Interface, model: Any, batch: Batch, aim: Aim, taps: Any = None) -> Float[Array, " B"]:
    """Each sequence's loss at its aim."""
    losses = task.loss(model(batch, taps=taps), batch.targets)
    return jnp.take_along_axis(losses, aim.target[:, None], axis=1)[:, 0]


def safe_norm(leaves: list[Array], kept: int) -> Float[Array, "..."]:
    """Euclidean norm over all but the first `kept` axes of all leaves together.

    Entries are scaled by the largest before they are squared, so that the squares do not overflow.
    """
    flat = [jnp.abs(leaf).reshape(*leaf.shape[:kept], -1) for leaf in leaves]
    entries = jnp.concatenate(flat, axis=-1)
    largest = jnp.max(entries, axis=-1)
    scale = norm_scale(largest)
    return scale * jnp.sqrt(jnp.sum(jnp.square(entries / scale[..., None]), axis=-1))


class Distances(NamedTuple):
    """Where the states at each distance stand: steps `before` and `after` the aim [D, B], clipped, and which exist."""

    before: Int[Array, "D B"]
    has_before: Bool[Array, "D B"]
    after: Int[Array, "D B"]
    has_after: Bool[Array, "D B"]

    @property
    def exist(self) -> Bool[Array, "D B"]:
        """Whether a sequence has a state at a distance."""
        return self.has_before | self.has_after

    def gather(self, values: Float[Array, "T B"]) -> tuple[Float[Array, "D B"], Float[Array, "D B"]]:
        """The values before and after the aim by distance; 0 where there is no such step."""
        earlier = jnp.take_along_axis(values, self.before, axis=0)
        later = jnp.take_along_axis(values, self.after, axis=0)
        return jnp.where(self.has_before, earlier, 0), jnp.where(self.has_after, later, 0)


def distances(mask: Bool[Array, "B T"], aim: Int[Array, " B"], span: int, *, causal: bool) -> Distances:
    """Where the states at each distance below `span` from the step `aim` stand. Padding has none.

    Of a `causal` model, which cannot use what comes after the aim, such a state stands only at distances at which no
    sequence has an earlier one, where the gradient is 0 by necessity; elsewhere it would dilute the means.
    """
    steps = mask.shape[1]
    away = jnp.arange(span)[:, None]

    def place(step: Int[Array, "D B"]) -> tuple[Array, Array]:
        within = jnp.clip(step, 0, steps - 1)
        return within, (step == within) & jnp.take_along_axis(mask.T, within, axis=0)

    before, has_before = place(aim - away)
    after, has_after = place(aim + away)
    has_after &= away > 0
    if causal:
        has_after &= ~jnp.any(has_before, axis=1, keepdims=True)
    return Distances(before, has_before, after, has_after)


def norms_by_distance(norms: Float[Array, "T B"], where: Distances) -> Float[Array, "D B"]:
    """Norms of what stands at each distance, both sides of the aim together; 0 where there is no state."""
    return jnp.hypot(*where.gather(norms))


def mean_where(values: Float[Array, "D B"], exist: Bool[Array, "D B"]) -> Float[Array, " D"]:
    """Mean over the sequences that have the distance; NaN if none has."""
    count = jnp.sum(exist, axis=1, keepdims=True)
    return jnp.where(count[:, 0] > 0, jnp.sum(jnp.where(exist, values / count, 0), axis=1), jnp.nan)


def recorded(steps: int, *also: int) -> list[int]:
    """Which distances below `steps` are recorded: all near ones, then evenly in log scale, the last, and `also`."""
    chosen = set(range(min(EVERY_DISTANCE, steps))) | {each for each in (steps - 1, *also) if 0 <= each < steps}
    octaves = np.arange(0, 64, 1 / PER_OCTAVE)
    chosen |= {int(each) for each in EVERY_DISTANCE * 2**octaves if each < steps}
    return sorted(chosen)


class Curve(NamedTuple):
    """A measurement on the host at the distances that exist, in rising order."""

    at: np.ndarray
    values: np.ndarray

    def rows(self, probe: str, *also: int) -> list[Row]:
        """Rows of the curve, thinned out at large distances."""
        steps = int(self.at[-1]) + 1 if len(self.at) else 0
        wanted = np.isin(self.at, recorded(steps, *also))
        return [row(probe, value, int(at)) for at, value in zip(self.at[wanted], self.values[wanted], strict=True)]


def curve(values: Array, sequences: Array) -> Curve:
    """The values at the distances that some of the sequences have."""
    at = np.flatnonzero(np.asarray(sequences))
    return Curve(at, np.asarray(values)[at])


def row(probe: str, value: SupportsFloat, distance: int | None = None) -> Row:
    """One measurement."""
    return Row(probe=probe, distance=distance, value=float(value))
