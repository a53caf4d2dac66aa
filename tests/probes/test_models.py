"""Probes of models that read backwards, answer step by step, or have no recurrence."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.components.probe_selection import assemble_probes
from seqbench.mitigations.base import chain
from seqbench.models.bidirectional import bidirectional
from seqbench.models.encoder_decoder import encoder_decoder
from seqbench.models.window_linear import window_linear
from seqbench.probes import gradient_flow, gradient_share
from seqbench.tasks.base import Batch
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.tasks.reverse import reverse
from seqbench.training.measure import measure
from tests.probes.conftest import first_number, linear, look_at

traced = jax.jit(
    lambda *case: (look_at(*case).arriving, gradient_flow.trace(look_at(*case)), gradient_share.trace(look_at(*case))),
    static_argnums=(0, 1),
)


def built(builder, task, batch_size=4):
    graph, parameters = nnx.split(builder(task, chain(), nnx.Rngs(0)))
    return task, graph, parameters, task.sample(jax.random.key(1), batch_size)


def test_a_decoder_continues_the_time_of_its_encoder():
    task = reverse(3)
    case = built(encoder_decoder(gru(), width=3), task)
    (reading, writing), flow, shares = traced(*case)
    batch = case[-1]
    lengths, scored = np.asarray(batch.mask.sum(1)), np.asarray(batch.weights) > 0
    assert shares.shares.sum() == pytest.approx(1, rel=1e-5)
    # By hand: state t of the encoder stands n + target - t steps back, state j of the decoder target - j.
    norms = {}
    for b, (length, own) in enumerate(zip(lengths, scored, strict=True)):
        places = np.flatnonzero(own)
        target = max(places, key=lambda k: (batch.distance[b, k], k))
        for t in range(length):
            norms.setdefault(int(length + target - t), []).append(np.linalg.norm(reading[0][t, b]))
        for j in range(target + 1):
            norms.setdefault(int(target - j), []).append(np.linalg.norm(writing[0][j, b]))
    measured = np.asarray(flow.arithmetic)
    for distance, expected in norms.items():
        if flow.sequences[distance] == len(expected):
            assert measured[distance] == pytest.approx(np.mean(expected), rel=1e-4, abs=1e-9)
    assert {distance for distance, n in enumerate(flow.sequences) if n} >= set(norms)


def test_what_a_backward_layer_receives_from_the_future_counts_by_its_distance():
    # The second of five numbers is wanted at its own step: forward states reach back, backward states ahead.
    task = first_number(4)._replace(readout="every", targets=5)
    one = built(bidirectional(linear(), width=2), task, batch_size=2)
    inputs = one[-1].inputs
    batch = Batch(inputs, inputs, one[-1].mask, jnp.zeros((2, 5)).at[:, 1].set(1), jnp.zeros((2, 5), jnp.int32))
    arriving, flow, _ = traced(*one[:-1], batch)
    forward, backward = (np.asarray(leaf) for leaf in jax.tree.leaves(arriving))
    np.testing.assert_array_equal(np.asarray(flow.sequences), [2, 2, 2, 2, 0])
    assert not forward[2:].any()
    assert not backward[:1].any()
    expected = [
        np.sqrt((forward[1] ** 2 + backward[1] ** 2).sum(-1)),
        np.sqrt((forward[0] ** 2 + backward[2] ** 2).sum(-1)),
        np.sqrt((backward[3] ** 2).sum(-1)),
        np.sqrt((backward[4] ** 2).sum(-1)),
    ]
    np.testing.assert_allclose(np.asarray(flow.arithmetic)[:4], np.mean(expected, axis=1), rtol=1e-5)


@pytest.mark.parametrize("model", ["decoder", "window"])
def test_every_probe_is_read_or_left_out_without_complaint(model):
    class Group:
        pass

    group = Group()
    group.chain, group.batch_size, group.name = chain(), 4, None
    builder = encoder_decoder(gru(), width=3) if model == "decoder" else window_linear()
    group.task = reverse(3) if model == "decoder" else delayed_recall(3)
    group.graph, parameters = nnx.split(builder(group.task, group.chain, nnx.Rngs(0)))
    group.shapes = parameters
    batch = jax.device_get(group.task.sample(jax.random.key(0), 32))
    rows = measure(group, parameters, batch=batch, arrays=(), probes=assemble_probes("all")).rows
    found = {row["probe"] for row in rows}
    assert {"influence", "parameter_norm"} <= found
    assert ("gradient_norm" in found) == (model == "decoder") == ("jacobian_norm_layer_1" in found)
