import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.indrnn import indrnn
from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.errors import Incompatible
from seqbench.mitigations.clip_backpropagated import clip_backpropagated
from seqbench.mitigations.pascanu_regulariser import pascanu_regulariser
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.training.objective import objective


class Case:
    """A model with its parameters and a batch, and the penalty that training adds to the loss."""

    def __init__(self, made, weight=1.0):
        self.made, self.parameters = made, made.initial().parameters
        self.batch = made.task.sample(jax.random.key(5), 3)
        self.arrays = ({"weight": weight}, *made.chain.arrays[1:])

        self.penalty = jax.jit(self._penalty)

    def _penalty(self, parameters):
        total = objective(self.made.task, self.made.program.graph, self.made.chain)
        with_penalty, parts = total(parameters, self.batch, self.arrays)
        return with_penalty - parts.task

    def model(self, parameters=None):
        return nnx.merge(self.made.program.graph, self.parameters if parameters is None else parameters)

    def omega(self):
        return float(self.penalty(self.parameters))

    def gradient(self):
        return jax.jit(jax.grad(self._penalty))(self.parameters)

    def arriving(self):
        """dE/dh_t of the one layer, E the task's loss: leaves [T, B, H]."""

        def loss(taps):
            predictions = self.model()(self.batch, taps=taps)
            return jnp.mean(self.made.task.loss(predictions, self.batch.targets))

        return jax.jit(jax.grad(loss))(self.model().taps(*self.batch.mask.shape))[0]

    def inputs(self):
        return jax.nn.one_hot(self.batch.inputs, self.made.task.inputs)


def test_by_hand_on_one_rectified_unit(trainer):
    case = Case(trainer(pascanu_regulariser(), cell=vanilla(activation="relu"), width=1, depth=1))
    model = case.model()
    model.layers[0].cell.input_kernel[...] = jnp.ones((case.made.task.inputs, 1))
    model.layers[0].cell.recurrent_kernel[...] = jnp.full((1, 1), 3.0)
    case.parameters = nnx.state(model)
    # Every step multiplies the gradient by 3: (3^2 - 1)^2 = 64, with the derivative 2 (3^2 - 1) 2 3 = 96.
    assert case.omega() == pytest.approx(64, rel=1e-5)
    np.testing.assert_allclose(case.model(case.gradient()).layers[0].cell.recurrent_kernel[...], [[96]], rtol=1e-5)


def test_it_is_the_formula_of_the_authors_code(trainer):
    case = Case(trainer(pascanu_regulariser(), depth=1), weight=4.0)
    cell, arriving = case.model().layers[0].cell, case.arriving()
    states = jnp.swapaxes(case.model().layers[0](case.inputs()), 0, 1)

    def formula(matrix):
        passed = (arriving * (1 - states**2)) @ matrix.T  # states and arriving gradients are constants
        ratio = jnp.sum(passed**2, -1) / jnp.sum(arriving**2, -1)
        return 4 * jnp.mean((ratio - 1) ** 2)

    value, expected = jax.value_and_grad(formula)(cell.recurrent_kernel[...])
    assert case.omega() == pytest.approx(float(value), rel=1e-4)
    gradient = case.model(case.gradient())
    np.testing.assert_allclose(gradient.layers[0].cell.recurrent_kernel[...], expected, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(gradient.layers[0].cell.input_kernel[...], 0)
    np.testing.assert_array_equal(gradient.layers[0].cell.bias[...], 0)
    np.testing.assert_array_equal(gradient.readout.kernel[...], 0)


@pytest.mark.parametrize("build", [lstm(), gru()], ids=["lstm", "gru"])
def test_the_jacobian_of_a_gated_cell_is_that_of_its_whole_state(trainer, build):
    case = Case(trainer(pascanu_regulariser(), cell=build, depth=1))
    cell, arriving = case.model().layers[0].cell, case.arriving()
    projected, terms = cell.project(case.inputs()), []

    @jax.jit
    def growth(carry, drive, arriving):
        """One sequence's term of Omega, with the whole Jacobian written out, and its next state."""
        flat, back = jax.flatten_util.ravel_pytree(carry)
        delta, _ = jax.flatten_util.ravel_pytree(arriving)
        jacobian = jax.jacobian(lambda flat: jax.flatten_util.ravel_pytree(cell.step(back(flat), drive))[0])(flat)
        return (jnp.sum((delta @ jacobian) ** 2) / jnp.sum(delta**2) - 1) ** 2, cell.step(carry, drive)

    for row in range(3):
        carry = cell.initial(1)
        for step in range(projected.shape[1]):
            here = jax.tree.map(lambda leaf, at=(step, row): leaf[at], arriving)
            term, carry = growth(carry, projected[row : row + 1, step], here)
            terms.append(float(term))
    assert case.omega() == pytest.approx(np.mean(terms), rel=1e-4)
    assert np.abs(case.model(case.gradient()).layers[0].cell.recurrent_kernel[...]).max() > 0


def test_layers_add_up_and_only_recurrent_matrices_move(trainer):
    case = Case(trainer(pascanu_regulariser(), skip_in_time(steps=2), depth=2))
    moved = {
        str(path): bool(np.any(np.asarray(leaf) != 0)) for path, leaf in jax.tree.leaves_with_path(case.gradient())
    }
    assert sum(moved.values()) == 2
    assert all("recurrent_kernel" in path for path, moves in moved.items() if moves)


def test_zero_is_off_bit_for_bit(is_baseline):
    assert is_baseline(pascanu_regulariser(weight=0.0))


def test_a_cell_without_a_free_recurrent_matrix_is_refused_while_planning(trainer):
    with pytest.raises(Incompatible, match="diagonal"):
        trainer(pascanu_regulariser(), cell=indrnn())


@pytest.mark.parametrize("weight", [-1.0, float("inf")])
def test_a_weight_that_makes_no_sense_is_refused(weight):
    with pytest.raises(Incompatible, match="weight"):
        pascanu_regulariser(weight=weight)


def test_a_bound_on_messages_of_the_loss_is_none_on_the_directions_that_omega_sends(trainer):
    """Of a direction, whose length is 1, one of four entries at least is 1/2 or more."""
    alone = Case(trainer(pascanu_regulariser()))
    largest = max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(alone.arriving()))
    threshold = 0.4
    assert largest < threshold < 4**-0.5
    beside = Case(trainer(pascanu_regulariser(), clip_backpropagated(threshold=threshold)))
    assert beside.omega() == pytest.approx(alone.omega(), rel=1e-5)
