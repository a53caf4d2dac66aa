import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.errors import Incompatible
from seqbench.layers.recurrent import LayerCall
from seqbench.mitigations.norm_stabiliser import norm_stabiliser, squared_change
from seqbench.training.objective import objective


def seen(outputs, mask=None):
    return LayerCall(None, None if mask is None else jnp.asarray(mask), None, jnp.asarray(outputs))


def test_the_mean_squared_change_of_the_norm_by_hand():
    # Norms 5, 5, 13 and 1, 0, 2: squared changes 0, 64 and 1, 4.
    outputs = [[[3.0, 4.0], [5.0, 0.0], [5.0, 12.0]], [[0.0, 1.0], [0.0, 0.0], [2.0, 0.0]]]
    assert squared_change(seen(outputs)) == pytest.approx(69 / 4)


def test_padding_takes_no_part():
    outputs = [[[3.0, 4.0], [5.0, 0.0], [5.0, 12.0]], [[0.0, 1.0], [0.0, 0.0], [2.0, 0.0]]]
    mask = [[True, True, True], [True, True, False]]
    assert squared_change(seen(outputs, mask)) == pytest.approx(65 / 3)


def test_a_state_of_zeros_has_a_finite_gradient():
    gradient = jax.grad(lambda outputs: squared_change(seen(outputs)))(jnp.zeros((1, 3, 2)))
    np.testing.assert_array_equal(gradient, 0)


def test_it_is_added_to_the_loss_once_for_each_layer(trainer):
    made = trainer(norm_stabiliser(weight=7.0))
    parameters, batch = made.initial().parameters, made.task.sample(jax.random.key(0), 3)
    total, parts = objective(made.task, made.program.graph, made.chain)(parameters, batch, made.chain.arrays)
    model = nnx.merge(made.program.graph, parameters)
    below = model.layers[0](jax.nn.one_hot(batch.inputs, made.task.inputs))
    expected = 7 * (squared_change(seen(below)) + squared_change(seen(model.layers[1](below))))
    assert total - parts.task == pytest.approx(float(expected), rel=1e-5)


def test_zero_is_off_bit_for_bit(is_baseline):
    assert is_baseline(norm_stabiliser(weight=0.0))
    assert not is_baseline(norm_stabiliser(weight=1.0))


@pytest.mark.parametrize("weight", [-1.0, float("inf"), float("nan")])
def test_a_weight_that_makes_no_sense_is_refused(weight):
    with pytest.raises(Incompatible, match="weight"):
        norm_stabiliser(weight=weight)
