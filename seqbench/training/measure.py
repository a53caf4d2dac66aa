"""All probes of a grid on one model, in one compiled program, and when that is worth its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Key

from seqbench.compilation import compiled
from seqbench.mitigations.base import Arrays, Chain
from seqbench.probes.base import Probe, Row, look
from seqbench.protocol import evaluation_batch
from seqbench.tasks.base import Batch, Task

SEQUENCES, FEWEST = 32, 4
"""Sequences that probes look at: always the same ones for a seed, none of which training or evaluation meets."""

STEPS = 2**15
"""Steps of all these sequences together at most, down to the fewest sequences: all their states are kept at once."""

PROBE_BATCH = 2**31 - 1
"""Place of these sequences in the stream of validation data, far behind what evaluation reads."""

CHEAP_STEPS, CHEAP_FACTOR = 128, 4
"""Sequences are padded to at most as many steps, or as many times their own steps: more costs more than it saves."""


class Probed(Protocol):
    """What `measure` needs to know of a group: `seqbench.training.program.Program` has it."""

    task: Task
    graph: nnx.GraphDef
    chain: Chain
    shapes: Any
    training: dict[str, Any]


class Measurement(NamedTuple):
    """Rows, and the wall-clock seconds that they cost; those of compilation are not 0 the first time in a group."""

    rows: list[Row]
    seconds: float
    compile_seconds: float


_compiled: WeakKeyDictionary[Probed, dict[tuple[tuple[str, ...], bool], jax.stages.Compiled]] = WeakKeyDictionary()


def due(step: int, *, steps: int, evaluate_every: int) -> bool:
    """Whether probes are read at a step: before training, and at the first, the middle and the last evaluation."""
    evaluations = -(-steps // evaluate_every)
    chosen = {0, 1, (evaluations + 1) // 2, evaluations}
    return step in {min(each * evaluate_every, steps) for each in chosen}


def probe_key(key: Key[Array, ""]) -> Key[Array, ""]:
    """Where in a seed's stream of validation data, which begins at `key`, stand the sequences that probes look at."""
    return jax.random.fold_in(key, PROBE_BATCH)


def probe_batch(task: Task, key: Key[Array, ""]) -> Batch:
    """The sequences that probes look at: the first of the batch that evaluation would draw under `probe_key(key)`."""
    sampler = task.validation or task.sample

    def draw(key: Key[Array, ""]) -> Batch:
        return sampler(jax.random.fold_in(probe_key(key), 0), evaluation_batch(task.steps))

    return compiled(draw, key, rarely_run=True)(key)


def measure(
    program: Probed,
    parameters: Any,
    *,
    batch: Batch,
    arrays: tuple[Arrays, ...],
    probes: Mapping[str, Probe],
    steps: int = 0,
) -> Measurement:
    """Read probes of a model.

    Args:
        program: the trial's group.
        parameters: the model's.
        batch: sequences as `probe_batch` draws them, of which the first are looked at.
        arrays: the numbers of the trial's mitigations, as in `Chain.arrays`.
        probes: what is read, by label; see `seqbench.components.probe_selection`.
        steps: if the same method meets sequences of several lengths, the steps of the longest. Shorter ones are padded
            to it, where that is cheap, so that all lengths share one compiled program; padding changes no result.
    """
    wanted = tuple(probes)
    if not wanted:
        return Measurement([], 0.0, 0.0)
    began = time.monotonic()
    padded = _worth_padding(program, batch.mask.shape[1], steps)
    few = _few(_pad(batch, steps) if padded else batch)
    # Only numbers that reach the model: a threshold of clipping after the backward pass must not make another program.
    bound = tuple(own for link, own in zip(program.chain.links, arrays, strict=True) if link.bind)
    given = parameters, few, jax.tree.map(jnp.float32, bound)
    known = _compiled.setdefault(program, {})
    if (wanted, padded) not in known:
        known[wanted, padded] = compiled(_reader(program, probes, padded=padded), *given, rarely_run=True)
    ready = time.monotonic()
    measured = jax.device_get(known[wanted, padded](*given))
    length = program.task.length
    rows = [row for name in wanted for row in probes[name].rows(measured[name], length=length)]
    return Measurement(rows, time.monotonic() - ready, ready - began)


def _worth_padding(program: Probed, own: int, steps: int) -> bool:
    """Whether sequences of `own` steps are read as ones of `steps`: in models that take any number of them."""
    cheap = min(max(CHEAP_STEPS, CHEAP_FACTOR * own), STEPS // SEQUENCES)  # not so long that fewer are looked at
    if program.task.readout == "decode" or not own <= steps <= cheap:
        return False
    taps = jax.eval_shape(lambda parameters: nnx.merge(program.graph, parameters).taps(1, 1), program.shapes)
    return bool(jax.tree.leaves(taps))


def _few(batch: Batch) -> Batch:
    """The first sequences, as many as can be looked at together."""
    number = min(SEQUENCES, max(STEPS // batch.mask.shape[1], FEWEST))
    return jax.tree.map(lambda leaf: leaf[:number], batch)


def _pad(batch: Batch, steps: int) -> Batch:
    """The batch with padding to `steps` steps, and as many targets where there is one a step."""
    own = batch.mask.shape[1]

    def pad(leaf: Array) -> Array:
        padding = [(0, 0), (0, steps - own), *[(0, 0)] * (leaf.ndim - 2)]
        return jnp.pad(leaf, padding) if leaf.shape[1] == own else leaf

    return jax.tree.map(pad, batch)


def _reader(program: Probed, probes: Mapping[str, Probe], *, padded: bool) -> Callable[..., dict[str, Any]]:
    """The function that is compiled. It must not hold the program, whose end is the end of what is kept for it."""
    task, graph = program.task, program.graph
    chain = Chain(tuple(link for link in program.chain.links if link.bind))
    batch_size = program.training["batch_size"]

    def read(parameters: Any, batch: Batch, arrays: tuple[Arrays, ...]) -> dict[str, Any]:
        def build(own: Any) -> Any:
            model = nnx.merge(graph, own)
            chain.bind(model, arrays)
            model.variable_length = model.variable_length or padded
            return model

        view = look(task, build, parameters, batch, batch_size=batch_size)
        return {name: probe.trace(view) for name, probe in probes.items()}

    return read
