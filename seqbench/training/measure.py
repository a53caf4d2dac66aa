"""All probes of a grid on one model, in one compiled program, and when that is worth its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Int

from seqbench.buckets import bucket
from seqbench.compilation import LIGHT, Name, compiled_from
from seqbench.components.own_source import own_source
from seqbench.mitigations.base import Arrays, Chain
from seqbench.probes.base import Probe, Row, look
from seqbench.tasks.base import Batch, Task

PROBED, FEWEST = 32, 4
"""Sequences that probes look at: always the same ones for a seed, none of which training or evaluation meets."""

STEPS = 2**15
"""Steps of all these sequences together at most, down to the fewest sequences: all their states are kept at once."""


class Probed(NamedTuple):
    """What `measure` needs to know of a trial.

    chain: the mitigations that act within the loss
    shapes: of the model's parameters
    batch_size: sequences a training step
    name: what names a program of the model's structure, if anything does
    """

    task: Task
    graph: nnx.GraphDef
    chain: Chain
    shapes: Any
    batch_size: int
    name: Name | None = None


class Measurement(NamedTuple):
    """Rows, and the wall-clock seconds that they cost; those of compilation are not 0 the first time in a group."""

    rows: list[Row]
    seconds: float
    compile_seconds: float


def due(step: int, *, steps: int, evaluate_every: int) -> bool:
    """Whether probes are read at a step: before training, and at the first, the middle and the last evaluation."""
    evaluations = -(-steps // evaluate_every)
    chosen = {0, 1, (evaluations + 1) // 2, evaluations}
    return step in {min(each * evaluate_every, steps) for each in chosen}


def measure(
    program: Probed,
    parameters: Any,
    *,
    batch: Batch,
    arrays: tuple[Arrays, ...],
    probes: Mapping[str, Probe],
) -> Measurement:
    """Read probes of a model.

    Args:
        program: the trial's group.
        parameters: the model's.
        batch: sequences without padding to a bucket, of which the first `PROBED` are looked at, or fewer long ones.
        arrays: the numbers of the trial's mitigations, as in `Chain.arrays`.
        probes: what is read, by label; see `seqbench.components.probe_selection`.
    """
    wanted = tuple(probes)
    if not wanted:
        return Measurement([], 0.0, 0.0)
    began = time.monotonic()
    steps = batch.mask.shape[1]
    padded = _worth_padding(program, steps)
    few = _few(_pad(batch, bucket(steps)) if padded else batch)
    # Only numbers that reach the model: a threshold of clipping after the backward pass must not make another program.
    bound = tuple(own for link, own in zip(program.chain.links, arrays, strict=True) if link.bind)
    given = parameters, few, np.int32(program.task.length), jax.tree.map(np.float32, bound)
    reader = _reader(program, probes, padded=padded)
    read = compiled_from(
        lambda: jax.jit(reader).lower(*given), name=_name(program, wanted, few.mask.shape, padded=padded), options=LIGHT
    )
    ready = time.monotonic()
    measured = jax.device_get(read(*given))
    length = program.task.length
    rows = [row for name in wanted for row in probes[name].rows(measured[name], length=length)]
    return Measurement(rows, time.monotonic() - ready, ready - began)


def _name(program: Probed, wanted: tuple[str, ...], shape: tuple[int, ...], *, padded: bool) -> Name | None:
    """What names the program that reads these probes, if anything does."""
    if program.name is None:
        return None
    own = [text for label in wanted if (text := own_source(label.partition(" ")[0]))]
    name = program.name.of("probes", *wanted, *own, shape, padded, program.batch_size)
    return name._replace(lasting=name.lasting and not own)


def _worth_padding(program: Probed, steps: int) -> bool:
    """Whether sequences are padded to their bucket, so that its lengths share one program; it changes no result.

    Only in models that take any number of steps, and not so far that fewer sequences would be looked at.
    """
    if program.task.readout == "decode" or bucket(steps) > STEPS // PROBED:
        return False
    taps = jax.eval_shape(lambda parameters: nnx.merge(program.graph, parameters).taps(1, 1), program.shapes)
    return bool(jax.tree.leaves(taps))


def _few(batch: Batch) -> Batch:
    """The first sequences, as many as can be looked at together."""
    number = min(PROBED, max(STEPS // batch.mask.shape[1], FEWEST))
    return jax.tree.map(lambda leaf: leaf[:number], batch)


def _pad(batch: Batch, steps: int) -> Batch:
    """The batch with padding to `steps` steps, and as many targets where there is one a step."""
    own = batch.mask.shape[1]

    def pad(leaf: np.ndarray) -> np.ndarray:
        padding = [(0, 0), (0, steps - own), *[(0, 0)] * (leaf.ndim - 2)]
        return np.pad(leaf, padding) if leaf.shape[1] == own else leaf

    return jax.tree.map(pad, batch)


def _reader(program: Probed, probes: Mapping[str, Probe], *, padded: bool) -> Callable[..., dict[str, Any]]:
    """The function that is compiled."""
    task, graph = program.task.interface(), program.graph
    chain = Chain(tuple(link for link in program.chain.links if link.bind))
    batch_size = program.batch_size

    def read(parameters: Any, batch: Batch, length: Int[Array, ""], arrays: tuple[Arrays, ...]) -> dict[str, Any]:
        def build(own: Any) -> Any:
            model = nnx.merge(graph, own)
            chain.bind(model, arrays)
            model.variable_length = model.variable_length or padded
            return model

        view = look(task, build, parameters, batch, length=length, batch_size=batch_size)
        return {name: probe.trace(view) for name, probe in probes.items()}

    return read
