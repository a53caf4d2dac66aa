"""Which lengths training batches have, and that a trial trained at drawn lengths is exact and the same for all."""

import jax
import numpy as np
import pytest

from seqbench.components.assemble import assemble
from seqbench.plan.plan import plan
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.training.batches import Batches, in_order
from seqbench.training.data import Data
from seqbench.training.program import Program
from seqbench.training.trial import run_trial

GRID = """
question: q
tasks: [{delayed_recall: {symbols: 2}}]
lengths: [LENGTH]
seeds: 1
probes: none
training: {steps: 40, batch_size: 8, evaluate_every: 10, learning_rate: 1.0e-2, validation_sequences: 256,
           test_sequences: 256, stop_when_solved: false, lengths: DRAWN}
methods: [{name: vanilla, cell: CELL, model: {stacked: {width: 4}}}]
"""


def made(read, *, drawn="{from: 0.5}", cell="vanilla", length=12):
    text = GRID.replace("DRAWN", drawn).replace("CELL", cell).replace("LENGTH", str(length))
    [trial] = plan(read(text)).trials
    assembly = assemble(trial.settings)
    return Program(assembly), {"chain": assembly.chain, "seed": trial.seed, "learning_rate": trial.learning_rate}


@pytest.fixture
def drawn(read):
    return made(read)


def bare(sources, steps):
    task = delayed_recall(2)
    return Batches([Data(task, task.interface(bucketed=True), None)] * sources, batch_size=4, in_block=8, steps=steps)


def test_one_length_is_read_block_after_block():
    order = bare(1, 20).order(3)
    assert order.block.tolist() == [0] * 8 + [1] * 8 + [2] * 4
    assert order.start.tolist() == [*range(0, 32, 4), *range(0, 32, 4), 0, 4, 8, 12]


def test_several_lengths_by_hand():
    order = in_order(np.array([1, 0, 1, 1, 0, 2, 1]), batch_size=10, in_block=2)
    # Length 1 is read at steps 0, 2 | 3, 6, length 0 at 1, 4, and length 2 at 5: four blocks, in the order of need.
    assert order.block.tolist() == [0, 1, 0, 2, 1, 3, 2]
    assert order.start.tolist() == [0, 0, 10, 0, 10, 0, 10]


def test_every_batch_is_read_once_and_every_block_has_one_length():
    order = bare(5, 1000).order(3)
    assert len(set(zip(order.block.tolist(), order.start.tolist(), strict=True))) == 1000
    assert all(len(set(order.source[order.block == block])) == 1 for block in range(order.block.max() + 1))


def test_lengths_are_drawn_evenly_and_independently():
    source = bare(5, 10_000).order(3).source
    # Each count is binomial with mean 2,000 and standard deviation 40; that of pairs 400 and 20.
    assert np.abs(np.bincount(source, minlength=5) - 2000).max() < 160
    assert np.abs(np.bincount(source[:-1] * 5 + source[1:], minlength=25) - 400).max() < 80


def test_lengths_depend_on_the_seed_and_the_step_alone():
    long, short = bare(5, 200), bare(5, 60)
    for whole, part in zip(long.order(3), short.order(3), strict=True):
        assert whole[:60].tolist() == part.tolist()
    assert long.order(4).source.tolist() != long.order(3).source.tolist()


def test_batches_have_their_lengths_and_are_the_same_for_every_method(read):
    (one, arguments), (other, _) = made(read), made(read, cell="lstm")
    lengths = set()
    for step in range(40):
        block, start = one.batches.at(arguments["seed"], step)
        again, at = other.batches.at(arguments["seed"], step)
        batch = jax.tree.map(np.asarray, block.batch(start, 8))
        length = int(batch.distance[0, 0])
        lengths.add(length)
        assert int(block.steps) == length + 1
        assert batch.mask.sum(axis=1).tolist() == [length + 1] * 8
        assert batch.inputs[:, 0].tolist() == batch.targets[:, 0].tolist()
        assert at == start
        assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(block), jax.tree.leaves(again), strict=True))
    assert lengths == {6, 7, 8, 9, 10, 11, 12}


def parameters(finished):
    return [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(finished.parameters)]


def test_a_trial_at_length_12_trained_at_9_learns_what_one_at_length_9_does(read):
    (elsewhere, arguments), (own, same) = (
        made(read, drawn="{from: 0.75, to: 0.75}"),
        made(read, drawn="false", length=9),
    )
    assert arguments["seed"] == same["seed"]
    one, other = run_trial(elsewhere, **arguments), run_trial(own, others={12: elsewhere}, **same)
    assert parameters(one) == parameters(other)
    tested = {row["distance"]: row["value"] for row in other.probes if row["probe"] == "accuracy_at_length"}
    assert one.row["accuracy"] == tested[12]


def without_clock(finished):
    rows = [{k: v for k, v in row.items() if "seconds" not in k} for row in (finished.row, *finished.curve)]
    return repr(rows), parameters(finished)


def test_a_resumed_trial_goes_on_with_the_lengths_that_were_to_come(read, drawn):
    program, arguments = drawn
    points = []

    def keep(point):
        points.append(point._replace(state=jax.tree.map(np.array, point.state)))

    whole = run_trial(program, after_interval=keep, **arguments)
    fresh, _ = made(read)
    half = points[1]._replace(state=jax.tree.map(jax.numpy.asarray, points[1].state))
    assert int(half.state.step) == 20
    assert without_clock(run_trial(fresh, resume=half, **arguments)) == without_clock(whole)
    fixed = run_trial(made(read, drawn="false")[0], **arguments)
    assert parameters(fixed) != parameters(whole)
