import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.vanilla import vanilla
from seqbench.mitigations.base import Mitigation, chain
from seqbench.models.stacked import stacked
from seqbench.tasks.base import Batch, Task, classified, cross_entropy, full_mask, squared_error
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.training.objective import objective, score, task_loss


def within_one(predictions, targets):
    return (jnp.abs(predictions - targets)[..., 0] < 1).astype(jnp.float32)


def scored_task(**settings):
    sizes = {"inputs": 1, "outputs": 1, "length": 4, "steps": 2, "targets": 2, "readout": "every"}
    return Task(sample=None, loss=squared_error, correct=within_one, oracle=None, **sizes, **settings)


def batch_of(targets, weights, *, distance=None, loss_weights=None):
    targets, weights = jnp.asarray(targets, jnp.float32)[..., None], jnp.asarray(weights, jnp.float32)
    return Batch(
        inputs=jnp.zeros((len(weights), 2, 1)),
        targets=targets,
        mask=full_mask(len(weights), 2),
        weights=weights,
        distance=jnp.full(weights.shape, 4) if distance is None else jnp.asarray(distance),
        loss_weights=None if loss_weights is None else jnp.asarray(loss_weights, jnp.float32),
    )


ZERO = jnp.zeros((2, 2, 1))


def test_the_loss_is_the_mean_over_scored_targets():
    # Squared errors 1, 4 and 9, 16; the 4 is not scored.
    assert task_loss(scored_task(), ZERO, batch_of([[1, 2], [3, 4]], [[1, 0], [1, 1]])) == pytest.approx(26 / 3)


def test_loss_weights_take_the_place_of_weights_in_the_loss():
    batch = batch_of([[1, 2], [3, 4]], [[1, 0], [1, 1]], loss_weights=[[0.5, 0.5], [0, 1]])
    assert task_loss(scored_task(), ZERO, batch) == pytest.approx((0.5 + 2 + 16) / 2)


def test_nothing_scored_is_no_loss():
    assert task_loss(scored_task(), ZERO, batch_of([[1, 2], [3, 4]], np.zeros((2, 2)))) == 0


def test_scores_by_hand():
    # Right are the errors below 1: 0.5 and 0 of the first sequence, and the unscored 0 of the second.
    batch = batch_of([[0.5, 0], [3, 0]], [[1, 1], [1, 0]], distance=[[2, 5], [9, 2]])
    scores = score(scored_task(), ZERO, batch, jnp.array([2, 6]))
    assert (scores.correct, scores.targets) == (2, 3)
    assert (scores.sequences_correct, scores.sequences) == (1, 2)
    assert scores.loss == pytest.approx(0.25 + 9)
    # Distance 2 is in the first bin, 5 in the second; 9 lies beyond the last edge and counts to the last bin.
    np.testing.assert_array_equal(scores.correct_by_distance, [1, 1])
    np.testing.assert_array_equal(scores.targets_by_distance, [1, 2])


def test_sums_of_batches_divide_to_the_mean_loss_under_loss_weights():
    batch = batch_of([[1, 2], [3, 4]], [[1, 0], [1, 1]], loss_weights=[[0.5, 0.5], [0, 1]])
    scores = score(scored_task(), ZERO, batch, jnp.array([4]))
    assert scores.loss / scores.targets == pytest.approx(float(task_loss(scored_task(), ZERO, batch)))


@pytest.fixture
def recall():
    task = delayed_recall(3, symbols=2)
    model = stacked(vanilla(), width=3, depth=2)(task, chain(), nnx.Rngs(0))
    return task, *nnx.split(model), task.sample(jax.random.key(0), 4)


def test_without_penalties_the_objective_is_the_task_loss(recall):
    task, graph, parameters, batch = recall
    total, parts = objective(task, graph, chain())(parameters, batch, ())
    expected = jnp.mean(cross_entropy(nnx.merge(graph, parameters)(batch), batch.targets))
    assert parts.penalties == ()
    assert total == parts.task == pytest.approx(float(expected))
    assert classified(task.oracle(batch), batch.targets).all()


def test_penalties_are_added_and_see_the_whole_pass(recall):
    task, graph, parameters, batch = recall

    def penalty(arrays, forward):
        assert set(forward.seen) == {"layers.0", "layers.1"}
        assert forward.seen["layers.1"].outputs.shape == (4, 4, 3)
        assert forward.batch is batch
        again = forward.loss(forward.parameters, forward.taps)
        return arrays["weight"] * (again + jnp.sum(forward.seen["layers.0"].outputs))

    links = chain(Mitigation(), Mitigation(arrays={"weight": 2.0}, penalty=penalty))
    total, (plain, penalties) = objective(task, graph, links)(parameters, batch, links.arrays)
    below = nnx.merge(graph, parameters).layers[0](jax.nn.one_hot(batch.inputs, task.inputs))
    assert total == pytest.approx(float(plain + 2 * (plain + below.sum())), rel=1e-5)
    assert penalties == (pytest.approx(float(2 * (plain + below.sum())), rel=1e-5),)
    # What was seen is part of the pass: the bottom layer's weights feel the penalty.
    gradient = jax.grad(lambda own: objective(task, graph, links)(own, batch, links.arrays)[0])(parameters)
    assert jnp.abs(gradient["layers"][0]["cell"]["bias"][...]).max() > 1


def test_numbers_are_bound_to_the_model(recall):
    task, graph, parameters, batch = recall
    bound = []
    links = chain(Mitigation(arrays={"x": 5.0}, bind=lambda model, arrays: bound.append((type(model), arrays["x"]))))
    objective(task, graph, links)(parameters, batch, links.arrays)
    assert [(kind.__name__, value) for kind, value in bound] == [("Stacked", 5.0)]
