import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.indrnn import indrnn
from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.errors import Incompatible
from seqbench.mitigations.base import Mitigation, chain
from seqbench.mitigations.identity_init import identity_init
from seqbench.models.base import cells


def initialised(cell, *mitigations: Mitigation):
    chain(*mitigations).initialise(cell, np.random.default_rng(0))
    return cell


def test_the_recurrent_matrix_is_the_scaled_identity_and_the_rest_stays(rngs):
    plain = vanilla()(2, 3, rngs)
    inputs, bias = np.array(plain.input_kernel[...]), np.array(plain.bias[...])
    cell = initialised(plain, identity_init(scale=0.5))
    np.testing.assert_array_equal(cell.recurrent_kernel[...], 0.5 * np.eye(3))
    np.testing.assert_array_equal(cell.input_kernel[...], inputs)
    np.testing.assert_array_equal(cell.bias[...], bias)


def test_a_relu_network_then_passes_its_state_on_unchanged(rngs):
    cell = initialised(vanilla(activation="relu")(2, 3, rngs), identity_init())
    state = jnp.array([[0.0, 1.5, 7.0]])
    projected = cell.project(jnp.zeros((1, 1, 2)))[:, 0]
    for _ in range(3):
        after = cell.step(state, projected)
        np.testing.assert_array_equal(after, state)
    # ... and so does the gradient of every unit that is active.
    jacobian = jax.jacobian(lambda h: cell.step(h, projected))(jnp.array([[1.0, 2.0, 3.0]]))[0, :, 0]
    np.testing.assert_array_equal(jacobian, np.eye(3))


@pytest.mark.parametrize("build", [gru(), lstm()])
def test_in_a_gated_cell_only_the_candidate_is_set(rngs, build):
    plain = build(2, 3, rngs)
    before = np.array(plain.recurrent_kernel[...])
    cell = initialised(plain, identity_init())
    for name in cell.blocks:
        expected = np.eye(3) if name == "candidate" else before[:, cell.block(name)]
        np.testing.assert_array_equal(cell.recurrent_kernel[...][:, cell.block(name)], expected)


def test_input_weights_are_drawn_with_the_standard_deviation_asked_for(rngs):
    cell = initialised(vanilla()(50, 80, rngs), identity_init(input_scale=0.001))
    drawn = np.asarray(cell.input_kernel[...])
    assert abs(drawn.std() - 0.001) < 4 * 0.001 / np.sqrt(2 * drawn.size)
    assert abs(drawn.mean()) < 4 * 0.001 / np.sqrt(drawn.size)


def test_what_it_draws_does_not_depend_on_what_the_mitigations_beside_it_draw(rngs):
    def drawing(count):
        def initialise(cell, generator):
            generator.standard_normal(count)
            return {}

        return Mitigation(initialise=initialise)

    def before(*counts):
        links = map(drawing, counts)
        return initialised(vanilla()(2, 3, rngs), *links, identity_init(input_scale=0.1)).input_kernel[...]

    np.testing.assert_array_equal(before(3), before(1000))
    np.testing.assert_array_equal(before(), before(0), "a link that draws nothing changes no stream")
    assert not np.array_equal(before(), before(3)), "two that draw are independent"


def test_every_cell_of_a_model_is_set_in_the_very_program_of_the_baseline(trainer):
    plain, remedied = trainer(), trainer(identity_init(scale=0.9))
    state = remedied.initial()
    model = nnx.merge(remedied.program.graph, state.parameters)
    assert [place for place, _ in cells(model)] == ["layers.0.cell", "layers.1.cell"]
    for _, cell in cells(model):
        np.testing.assert_array_equal(cell.recurrent_kernel[...], 0.9 * np.eye(4, dtype=np.float32))
    # Found by what it says to the compiler: the very program.
    assert plain.program.gradient is remedied.program.gradient
    assert plain.program.update is remedied.program.update


def test_a_cell_without_a_free_recurrent_matrix_is_refused(rngs):
    with pytest.raises(Incompatible, match="diagonal"):
        initialised(indrnn()(2, 3, rngs), identity_init())


def test_a_negative_input_scale_is_refused():
    with pytest.raises(Incompatible, match="input_scale"):
        identity_init(input_scale=-1.0)
