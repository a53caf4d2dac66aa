"""One trial from its first step to its outcome."""

from dataclasses import replace
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.canonical import digest
from seqbench.cells.vanilla import vanilla
from seqbench.components.assembly import Assembly, TrainingSettings
from seqbench.components.probe_selection import assemble_probes
from seqbench.mitigations.base import chain
from seqbench.mitigations.clip_global_norm import clip_global_norm
from seqbench.models.stacked import stacked
from seqbench.optimizers.sgd import sgd
from seqbench.schedules.constant import constant
from seqbench.store import checkpoints
from seqbench.tasks.base import Criterion
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.training import trial
from seqbench.training.data import TEST, TRAIN, VALIDATION, stream_key
from seqbench.training.program import Program
from seqbench.training.rows import Means, held, outcome, result_row, solved_at
from seqbench.training.trial import run_trial

TRAINING = TrainingSettings(
    steps=40, batch_size=8, evaluate_every=10, stop_when_solved=True, validation_sequences=256, test_sequences=512,
    optimizer="sgd",
)  # fmt: skip
TASK = delayed_recall(2, symbols=2)


def program(task=TASK, **training):
    build = stacked(vanilla(), width=8)
    links = chain(clip_global_norm(threshold=1.0))
    own = replace(TRAINING, **training)
    schedule = constant()(own.steps)
    return Program(Assembly(task, lambda interface, rngs: build(interface, links, rngs), links, own, sgd(), schedule))


@pytest.fixture(scope="module")
def trained():
    return program()


def run(trained, *, threshold=1.0, seed=3, learning_rate=0.5, **more):
    links = chain(clip_global_norm(threshold=threshold))
    return run_trial(trained, chain=links, seed=seed, learning_rate=learning_rate, **more)


def without_clock(finished):
    rows = [{k: v for k, v in row.items() if "seconds" not in k} for row in (finished.row, *finished.curve)]
    return repr(rows)


def test_the_streams_of_a_seed_and_of_two_seeds_are_disjoint():
    keys = [tuple(jax.random.key_data(stream_key(seed, name)).tolist()) for seed in (1, 2) for name in range(4)]
    assert len(set(keys)) == 8
    batches = [np.asarray(TASK.sample(stream_key(1, name), 64).inputs) for name in (TRAIN, VALIDATION, TEST)]
    assert not (batches[0] == batches[1]).all()
    assert not (batches[1] == batches[2]).all()


def test_the_same_trial_gives_the_same_bits(trained):
    assert without_clock(run(trained)) == without_clock(run(trained))
    assert without_clock(run(trained)) != without_clock(run(trained, seed=4))


def test_a_resumed_trial_ends_with_the_bits_of_an_uninterrupted_one(trained):
    points = []

    def keep(point):
        # A copy: the arrays of a state are used up by the next call of the program.
        points.append(point._replace(state=jax.tree.map(np.array, point.state)))

    whole = run(trained, learning_rate=0.05, after_interval=keep)
    assert [int(point.state.step) for point in points] == [10, 20, 30, 40]
    half = points[1]._replace(state=jax.tree.map(jnp.asarray, points[1].state))
    assert without_clock(run(trained, learning_rate=0.05, resume=half)) == without_clock(whole)


def test_what_the_row_says_of_the_program_is_counted_as_compilation_and_not_as_training(monkeypatch):
    clock = [0.0]

    def traced(self):
        clock[0] += 100.0

    def row(*arguments):
        clock[0] += 1000.0
        return result_row(*arguments)

    monkeypatch.setattr(trial, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(Program, "segment", property(traced))
    monkeypatch.setattr(trial, "result_row", row)
    found = run(program(steps=10)).row
    assert found["seconds"] == 0
    assert 100 <= found["compile_seconds"] < 200


def test_a_loss_that_is_not_finite_ends_the_trial_at_its_step():
    task = TASK._replace(loss=lambda predictions, targets: TASK.loss(predictions, targets) / 0.0)
    finished = run(program(task))
    assert finished.row["outcome"] == "diverged"
    assert (finished.row["diverged_at"], finished.row["diverged_kind"], finished.row["steps"]) == (1, "loss", 0)
    assert finished.row["accuracy"] is None
    assert len(finished.curve) == 1


def test_a_gradient_that_is_not_finite_is_told_from_a_loss():
    def loss(predictions, targets):
        # Finite for every prediction, with a derivative that is infinite everywhere: sqrt at 0.
        return jnp.sqrt(0.0 * jnp.sum(predictions, -1))

    row = run(program(TASK._replace(loss=loss))).row
    assert (row["diverged_at"], row["diverged_kind"]) == (1, "gradient")


@pytest.mark.parametrize(("steps", "taken"), [(80, 50), (30, 30)])
def test_a_loss_that_stays_finite_and_absurd_is_divergence(steps, taken):
    never, absurd = Criterion("accuracy", 2.0), lambda predictions, targets: 1e30 + TASK.loss(predictions, targets)
    task = TASK._replace(loss=absurd, criterion=never)
    finished = run(program(task, steps=steps))
    row = finished.row
    assert (row["outcome"], row["diverged_at"], row["diverged_kind"], row["steps"]) == (
        "diverged", 10, "large loss", taken,
    )  # fmt: skip
    assert (row["accuracy"], row["loss"]) == (None, None)
    assert len(finished.curve) == taken // 10


def test_divergence_later_keeps_what_came_before():
    row = run(program(stop_when_solved=False), learning_rate=1e38, threshold=float("inf")).row
    assert row["outcome"] == "diverged"
    assert 1 < row["diverged_at"] <= 40
    assert row["steps"] == row["diverged_at"] - 1


def test_an_early_stop_needs_three_evaluations_in_a_row_and_probes_are_read_where_the_trial_ends():
    easy = TASK._replace(criterion=Criterion("accuracy", 0.0))
    finished = run(program(easy, steps=60), probes=assemble_probes("action"))
    assert sorted({row["step"] for row in finished.probes}) == [0, 10, 30]
    assert [row["step"] for row in finished.curve] == [10, 20, 30]
    assert (finished.row["solved_at"], finished.row["steps"], finished.row["outcome"]) == (10, 30, "solved")


@pytest.mark.parametrize(
    ("met", "expected"),
    [("yyy", 10), ("yynyyy", 40), ("nyyny", None), ("", None), ("nnyyyy", 30)],
)
def test_solved_at_by_hand(met, expected):
    assert solved_at([{"step": 10 * (i + 1), "met": letter == "y"} for i, letter in enumerate(met)]) == expected


@pytest.mark.parametrize(
    ("met", "share"), [("yyy", None), ("yynyyy", None), ("yyynyyn", 0.5), ("nnyyyyy", 1.0), ("yy", None)]
)
def test_whether_it_held_by_hand(met, share):
    assert held([{"step": 10 * (i + 1), "met": letter == "y"} for i, letter in enumerate(met)]) == share


def test_a_trial_trains_on_after_it_was_solved_and_records_whether_it_held():
    easy = TASK._replace(criterion=Criterion("accuracy", 0.0))
    finished = run(program(easy, steps=100, stop_when_solved={"after": 15}))
    assert [row["step"] for row in finished.curve] == [10, 20, 30, 40, 50]  # 30, and the first evaluation from 45 on
    assert (finished.row["solved_at"], finished.row["held"]) == (10, 1.0)
    within_the_budget = run(program(easy, steps=50, stop_when_solved={"after": 500})).row
    assert (within_the_budget["steps"], within_the_budget["held"]) == (50, 1.0)


def test_other_lengths_are_tested_with_the_trained_parameters_and_change_no_number():
    trained, longer = program(), program(delayed_recall(5, symbols=2))
    finished = run(trained, others={5: longer})
    [own, other] = finished.probes[-2:]
    assert (own["probe"], own["distance"], own["value"]) == ("accuracy_at_length", 2, finished.row["accuracy"])
    scores = longer.evaluate(finished.parameters, 3, TEST, 512)
    assert (other["distance"], other["value"]) == (5, float(scores.correct / scores.targets))
    plain = run(trained)
    assert without_clock(plain) == without_clock(finished)
    assert len(finished.probes) == len(plain.probes) + 2


def test_outcomes_by_hand():
    task = TASK._replace(trivial=0.5, criterion=Criterion("accuracy", 0.95))
    assert outcome(task, Means(0.95, 0.1), diverged=False) == "solved"
    assert outcome(task, Means(0.95, 0.1), diverged=True) == "diverged"
    assert outcome(task, Means(0.524, 0.1), diverged=False) == "chance"  # 5 % of the way is 0.525
    assert outcome(task, Means(0.526, 0.1), diverged=False) == "partial"
    low = task._replace(criterion=Criterion("loss", 0.01))
    assert outcome(low, Means(0.2, 0.01), diverged=False) == "solved"
    assert outcome(low, Means(0.99, float("nan")), diverged=False) == "partial"
    whole = task._replace(criterion=Criterion("sequence_accuracy", 0.9))
    assert outcome(whole, Means(0.99, 0.1, 0.9), diverged=False) == "solved"
    assert outcome(whole, Means(0.99, 0.1, 0.89), diverged=False) == "partial"


def test_curves_record_the_gradient_before_and_after_clipping(trained):
    finished = run(trained, threshold=1e-3)
    for row in finished.curve:
        assert row["clipped_share"] == 1
        assert row["gradient_norm_after"] == pytest.approx(1e-3, rel=1e-4)
        assert row["gradient_norm"] > 1e-3
        assert row["clipped_entries"] > 0.5
        assert 1e-3 / row["gradient_norm_max"] < row["shrink_factor"] < 1
    free = run(trained, threshold=float("inf"))
    assert {row["clipped_share"] for row in free.curve} == {0.0}
    assert free.row["gradient_norm_after"] == free.row["gradient_norm"]
    assert free.row["shrink_factor"] == 1


def test_probes_change_no_other_number(trained):
    plain, probed = run(trained), run(trained, probes=assemble_probes("default"))
    assert without_clock(plain) == without_clock(probed)
    # What each remedy did is counted in training, whatever is probed.
    assert [row["probe"] for row in plain.probes] == ["gradient_changed", "steps_changed"]
    assert {row["step"] for row in probed.probes} >= {0, 10}


def test_evaluation_equals_a_count_by_hand(trained):
    links = chain(clip_global_norm(threshold=1.0))
    state = trained.initial(3, links)
    scores = trained.evaluate(state.parameters, 3, TEST, 512)
    from flax import nnx

    model = nnx.merge(trained.graph, state.parameters)
    block = TASK.sample(jax.random.fold_in(stream_key(3, TEST), 0), 2048)
    right = float((model(block).argmax(-1) == block.targets)[:512].sum())
    assert float(scores.correct) == right
    assert float(scores.targets) == float(scores.sequences) == 512
    assert np.asarray(scores.correct_by_distance).tolist() == [right] + [0] * 7


def test_what_a_checkpoint_holds_has_a_format_version(trained):
    """If this fails raise `seqbench.store.checkpoints.FORMAT` and correct the digest, so that old files are refused."""
    points = []
    run(trained, after_interval=points.append)
    content = sorted(points[0]._fields), sorted(points[0].state._fields), sorted(points[0].curve[0])
    assert (checkpoints.FORMAT, digest(repr(content))) == (1, "219e6e79868a47f5")


def test_numbers_are_arrays_and_never_compile_again(trained):
    run(trained)
    compiled = []

    def count(event, duration, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(duration)

    jax.monitoring.register_event_duration_secs_listener(count)
    try:
        for threshold, seed, rate in ((0.5, 3, 0.1), (float("inf"), 9, 0.2)):
            run(trained, threshold=threshold, seed=seed, learning_rate=rate)
        assert not compiled
        run(program(batch_size=4))
        assert compiled  # what is another program is seen to compile
    finally:
        jax.monitoring.clear_event_listeners()
