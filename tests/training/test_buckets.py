"""A program for a bucket of lengths gives what one for the exact length gives, and the lengths of a bucket share it."""

import jax
import numpy as np
import pytest
from flax import nnx

from seqbench.buckets import bucket
from seqbench.components.assemble import assemble
from seqbench.components.structure import structure_of
from seqbench.plan.plan import plan
from seqbench.training.data import TRAIN, Data
from seqbench.training.objective import task_loss

GRID = """
question: Do buckets change anything?
tasks: [{task}]
seeds: 1
probes: none
cell: {cell}
model: {model}
mitigations: [{mitigations}]
training: {{steps: 2, batch_size: 3, evaluate_every: 1, validation_sequences: 8, test_sequences: 8}}
"""
CASES = {
    "last": ("delayed_recall: {length: 20, symbols: 3}", "lstm", "{stacked: {width: 4, depth: 2}}", "residual"),
    "every": ("entity_tagging: {length: 5}", "gru", "{bidirectional: {width: 3}}", ""),
    "variable": ("flip_flop: {length: 18}", "vanilla", "{stacked: {width: 4}}", "truncated_backpropagation"),
    "decode": ("reverse: {length: 9, symbols: 3}", "gru", "{encoder_decoder: {width: 4}}", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradient_in_a_bucket_are_those_of_the_exact_length(read, case):
    task, cell, model, mitigations = CASES[case]
    grid = read(GRID.format(task=f"{{{task}}}", cell=cell, model=model, mitigations=mitigations))
    assembly = assemble(plan(grid).trials[0].settings)
    structure = structure_of(assembly)
    assert structure.interface.bucketed
    assert structure.interface.steps == bucket(assembly.task.steps) > assembly.task.steps
    block = Data(assembly.task, structure.interface, None).block(0, TRAIN, 0, batch_size=3)
    exact = block.first(3, assembly.task)
    model = assembly.build_model(structure.interface, nnx.Rngs(0))
    graph, parameters = nnx.split(model)

    def loss(parameters, batch):
        return task_loss(structure.interface, nnx.merge(graph, parameters)(batch), batch)

    found = [
        jax.jit(jax.value_and_grad(loss))(parameters, batch)
        for batch in (jax.jit(block.batch, static_argnums=1)(0, 3), exact)
    ]
    for padded, plain in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_allclose(padded, plain, rtol=2e-5, atol=1e-6)


def test_lengths_of_a_bucket_and_methods_that_only_clip_or_initialise_are_one_group(read):
    grid = read(
        """
question: How many programs?
tasks: [delayed_recall]
lengths: [20, 40, 62]
seeds: 2
methods:
  - {name: plain}
  - {name: clipped, mitigations: [clip_global_norm]}
  - {name: IRNN, mitigations: [identity_init]}
  - {name: LSTM, cell: lstm}
"""
    )
    assert len(plan(grid).groups) == 2
