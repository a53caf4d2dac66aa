"""Trials stacked under `jax.vmap` are trained as each alone, whatever becomes of the others; and their table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.bench.contestants.step_stacked import full_sequences, stacked_steps, taken_by
from seqbench.bench.goals import goals
from seqbench.bench.limits import missed_by_stacked
from seqbench.bench.settings import training_settings
from seqbench.bench.stacked import row, stacks_of
from seqbench.bench.steps import SIZES, Size
from seqbench.components.assemble import assemble
from seqbench.training.data import TRAIN
from seqbench.training.program import Program
from seqbench.training.state import Numbers

BATCH, LENGTH, WIDTH, COUNT = 4, 4, 4, 3


@pytest.fixture(scope="module")
def assembly():
    return assemble(training_settings("lstm", BATCH, LENGTH, WIDTH, budget=COUNT))


@pytest.fixture(scope="module")
def program(assembly):
    return Program(assembly)


def prepared(assembly, program, *, kernel):
    """The compiled `COUNT` steps of trials with seeds 0, 1, 2, and what they take besides the states."""
    blocks = [full_sequences(program.data.block(seed, TRAIN, 0, batch_size=BATCH), LENGTH + 1) for seed in range(3)]
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *blocks)
    run = stacked_steps(assembly, program, len(blocks[0].inputs) // BATCH, kernel=kernel)
    return run, (together, jnp.arange(3), np.int32(COUNT))


def together_of(states):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def stack_of(assembly, program, *, kernel):
    """`states -> states` after `COUNT` steps of trials with seeds 0, 1, 2."""
    run, rest = prepared(assembly, program, kernel=kernel)
    return lambda states: jax.device_get(run(together_of(states), *rest))


@pytest.fixture(scope="module")
def stacked(assembly, program):
    return stack_of(assembly, program, kernel=False)


def test_stacked_trials_are_trained_as_each_alone(assembly, program, stacked):
    together = stacked([program.initial(seed, assembly.chain) for seed in range(3)])
    for seed in range(3):
        numbers = Numbers(seed, 1e-3, assembly.chain.compiled)
        alone, _ = program.train(program.initial(seed, assembly.chain), numbers, COUNT)
        own = jax.tree.map(lambda leaf, seed=seed: leaf[seed], together)
        assert own.step == alone.step == COUNT
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), own.parameters, alone.parameters
        )


def test_a_diverging_neighbour_changes_no_bit_of_the_others(assembly, program, stacked):
    states = [program.initial(seed, assembly.chain) for seed in range(3)]
    broken = states[1]._replace(parameters=jax.tree.map(lambda leaf: leaf * np.nan, states[1].parameters))
    well, ill = stacked(states), stacked([states[0], broken, states[2]])
    assert list(ill.diverged_at > 0) == [False, True, False]
    for place in (0, 2):
        jax.tree.map(lambda a, b, place=place: np.testing.assert_array_equal(a[place], b[place]), well, ill)


@pytest.mark.slow
def test_the_kernel_trains_as_the_loop_does():
    settings = training_settings("lstm", BATCH, LENGTH, 16, budget=COUNT)
    # Plain descent shows the size of a gradient, which Adam hides.
    settings["training"]["optimizer"] = {"name": "sgd", "settings": {}}
    assembly = assemble(settings | {"mitigations": []})
    program = Program(assembly)
    states = [program.initial(seed, assembly.chain) for seed in range(3)]
    changes = {}
    for kernel in (False, True):
        run, rest = prepared(assembly, program, kernel=kernel)
        assert ("pallas_call" in str(jax.make_jaxpr(run)(together_of(states), *rest))) is kernel
        trained, start = (jax.tree.leaves(each) for each in (
            stack_of(assembly, program, kernel=kernel)(states).parameters, together_of(states).parameters,
        ))  # fmt: skip
        changes[kernel] = np.concatenate([np.ravel(a - b) for a, b in zip(trained, start, strict=True)])
    assert np.linalg.norm(changes[True] - changes[False]) < 0.01 * np.linalg.norm(changes[False])


class Claims:
    """A contestant that claims to take so long for a step of one trial, and half as long a trial if there are many."""

    def __init__(self, seconds):
        self.own = seconds

    def seconds(self, repetitions):
        return self.own

    def ask(self, line):
        trials, repetitions = map(int, line.split())
        return self.own * repetitions * (trials if trials == 1 else trials / 2)


def test_a_kernel_that_there_is_not_is_no_contestant():
    program = Program(assemble(training_settings("lstm", BATCH, LENGTH, 12, budget=COUNT)))
    with pytest.raises(ValueError, match="no kernel for LSTM of 12 units"):
        taken_by(program, kernel=True)


def test_a_row_is_of_one_trial_whatever_is_stacked():
    own = {"loop": Claims(0.002), "kernel": Claims(0.0002)}
    made = row(Size("gru", 32, 100, 64), "tf32", own, Claims(0.04), rounds=3)
    times = {name: round(value, 9) for name, value in made.items() if name.endswith("ms")}
    loop = {"loop_1_ms": 2, "loop_64_ms": 1, "loop_most_ms": 1}
    assert times == {"pytorch_ms": 40, **loop, "kernel_1_ms": 0.2, "kernel_64_ms": 0.1, "kernel_most_ms": 0.1}
    assert (made["most"], round(made["loop_ratio"], 9), round(made["kernel_ratio"], 9)) == (512, 40, 400)
    assert (made["precision"], made["goal"]) == ("tf32", 20)


def test_a_goal_that_the_kernel_misses_is_said_with_where_its_time_goes():
    own = {"loop": Claims(0.002), "kernel": Claims(0.002)}
    made = row(Size("gru", 32, 100, 64), "tf32", own, Claims(0.016), rounds=3)
    profile = {"way": "kernel", "precision": "tf32", "recurrence": 60.0, "total": 80.0}
    [goal] = goals({"stacked": [made]})
    assert (goal["measured"], goal["goal"], goal["holds"]) == (pytest.approx(16), "at least 20", "no")
    [said] = missed_by_stacked([made], [profile | {"precision": "float32"}, profile])
    assert said == (
        "gru, 32 x 100 x 64, 16 times, goal 20: the goal leaves 0.8 ms a trial, and the kernel takes 1; of an LSTM's, "
        "profiled below, 75% is the loop over time itself."
    )
    assert missed_by_stacked([made | {"kernel_ratio": 20.0}], [profile]) == []
    assert missed_by_stacked([made], [])[0].endswith("and the kernel takes 1.")


def test_fewer_trials_are_stacked_where_they_take_more_memory():
    assert [stacks_of(size)[-1] for size in SIZES] == [512, 512, 512, 512, 256, 256, 128]
