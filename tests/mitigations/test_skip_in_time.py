import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.contracts.toys import toy_task
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import Recurrent
from seqbench.layers.unroll import unroll
from seqbench.mitigations.base import LayerContext, chain
from seqbench.mitigations.clip_backpropagated import clip_backpropagated
from seqbench.mitigations.residual_recurrence import residual_recurrence
from seqbench.mitigations.skip_in_time import ReplacedInTime, skip_in_time
from seqbench.mitigations.truncated_backpropagation import truncated_backpropagation
from seqbench.models.stacked import stacked


def built(mitigation, *, cell=None, inputs=1, hidden=1):
    return chain(mitigation).cell(cell or vanilla(activation="relu"))(inputs, hidden, nnx.Rngs(0))


def scalar(mitigation, *, recurrent, skip=()):
    """A cell of one rectified unit with input weight 1 and the weights given."""
    cell = built(mitigation)
    cell.inner.input_kernel[...] = jnp.ones((1, 1))
    cell.inner.recurrent_kernel[...] = jnp.full((1, 1), recurrent)
    if skip:
        cell.skip_kernel[...] = jnp.asarray(skip, jnp.float32).reshape(-1, 1)
    return cell


def impulse(steps):
    return jnp.zeros((1, steps, 1)).at[0, 0].set(1.0)


def test_an_added_connection_reads_the_output_of_k_steps_back():
    # h_t = x_t + 3 h_{t-1} + 10 h_{t-2}: 1, 3, 9 + 10, 57 + 30, 261 + 190.
    cell = scalar(skip_in_time(steps=2), recurrent=3.0, skip=[10.0])
    outputs = unroll(cell, impulse(5)).outputs[0, :, 0]
    np.testing.assert_array_equal(outputs, [1, 3, 19, 87, 451])


def test_several_strides_each_have_their_own_weights():
    # h_t = x_t + 10 h_{t-2} + 100 h_{t-3} without the recurrence of one step.
    cell = scalar(skip_in_time(steps=(2, 3)), recurrent=0.0, skip=[10.0, 100.0])
    outputs = unroll(cell, impulse(7)).outputs[0, :, 0]
    np.testing.assert_array_equal(outputs, [1, 0, 10, 100, 100, 2000, 11000])


def test_replacing_leaves_only_the_path_of_k_steps():
    # h_t = x_t + 3 h_{t-2}: the impulse is met at every second step.
    cell = scalar(skip_in_time(steps=2, mode="replace"), recurrent=3.0)
    outputs = unroll(cell, impulse(7)).outputs[0, :, 0]
    np.testing.assert_array_equal(outputs, [1, 0, 3, 0, 9, 0, 27])


@pytest.mark.parametrize("stride", [2, 3])
def test_the_gradient_then_shrinks_k_times_slower(stride):
    # At rest tanh has slope 1, and an orthogonal matrix times 0.5 halves the gradient along every edge.
    cell = built(skip_in_time(steps=stride, mode="replace"), cell=vanilla(), inputs=1, hidden=4)
    orthogonal, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))
    cell.inner.recurrent_kernel[...] = jnp.asarray(0.5 * orthogonal, jnp.float32)
    layer, steps = Recurrent(cell), 4 * stride + 1
    weights = jnp.array([1.0, 2.0, 3.0, 4.0])
    final = lambda taps: layer(jnp.zeros((1, steps, 1)), taps=taps)[0, -1] @ weights  # noqa: E731
    arriving = jnp.linalg.norm(jax.grad(final)(layer.taps(1, steps))[:, 0], axis=-1)[::-1] / jnp.linalg.norm(weights)
    expected = [0.5 ** (k // stride) if k % stride == 0 else 0 for k in range(steps)]
    np.testing.assert_allclose(arriving, expected, rtol=1e-5, atol=1e-7)


def test_one_step_replaced_by_one_step_back_is_the_plain_recurrence():
    layer = Recurrent(gru()(2, 3, nnx.Rngs(0)))
    inputs = jax.random.normal(jax.random.key(1), (2, 5, 2))
    plain = layer(inputs)
    dilated = skip_in_time(steps=1, mode="dilated").layer(layer, LayerContext(0, 2, 3, 2, nnx.Rngs(0)))
    np.testing.assert_array_equal(dilated(inputs), plain)


@pytest.mark.parametrize(("steps", "strides"), [(2, [2, 4, 8]), (1, [None, 2, 4]), ((3, 1, 5), [3, None, 5])])
def test_dilation_gives_each_layer_its_stride(trainer, steps, strides):
    program = trainer(skip_in_time(steps=steps, mode="dilated"), depth=3).program
    model = nnx.merge(program.graph, program.shapes)
    assert [getattr(layer.cell, "stride", None) for layer in model.layers] == strides


@pytest.mark.parametrize("mode", ["add", "replace"])
@pytest.mark.parametrize("cell", [lstm(), gru()], ids=["lstm", "gru"])
def test_padding_on_either_side_of_time_changes_nothing(mode, cell):
    wrapped = built(skip_in_time(steps=2, mode=mode), cell=cell, inputs=2, hidden=3)
    inputs = jax.random.normal(jax.random.key(1), (1, 7, 2))
    mask = jnp.arange(7)[None] < 4
    for reverse in (False, True):
        padded = unroll(wrapped, inputs, mask, reverse=reverse).outputs[:, :4]
        np.testing.assert_allclose(padded, unroll(wrapped, inputs[:, :4], reverse=reverse).outputs, atol=1e-6)


def test_added_weights_leave_the_other_initial_weights_as_they_are(trainer):
    both = trainer(), trainer(skip_in_time())
    plain, added = (nnx.merge(each.program.graph, each.initial().parameters) for each in both)
    np.testing.assert_array_equal(added.readout.kernel[...], plain.readout.kernel[...])
    for mine, other in zip(added.layers, plain.layers, strict=True):
        np.testing.assert_array_equal(mine.cell.inner.recurrent_kernel[...], other.cell.recurrent_kernel[...])
    kernels = [np.asarray(layer.cell.skip_kernel[...]) for layer in added.layers]
    assert not np.array_equal(*kernels)


def test_zero_is_off_bit_for_bit(is_baseline):
    assert is_baseline(skip_in_time(steps=0))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"steps": 1}, "2 or more"),
        ({"steps": -1}, "2 or more"),
        ({"steps": ()}, "2 or more"),
        ({"steps": (3, 3)}, "differ"),
        ({"steps": (2, 3), "mode": "replace"}, "one number"),
    ],
)
def test_strides_that_make_no_sense_are_refused(settings, reason):
    with pytest.raises(Incompatible, match=reason):
        skip_in_time(**settings)


def test_a_stride_for_each_layer_needs_as_many_layers(trainer):
    with pytest.raises(Incompatible, match="this model has 2"):
        trainer(skip_in_time(steps=(1, 2, 4), mode="dilated"))


def test_a_recurrence_is_replaced_only_once():
    twice = chain(skip_in_time(steps=3), skip_in_time(steps=2, mode="replace"))
    with pytest.raises(Incompatible, match="another mitigation wraps it already"):
        twice.cell(vanilla())(2, 3, nnx.Rngs(0))


def test_a_dilated_recurrence_goes_inside_of_windows_and_beside_no_other_remedy_of_cells():
    dilated, windows = skip_in_time(steps=2, mode="dilated"), truncated_backpropagation(window=5)

    def build(*links):
        return stacked(vanilla(), width=3, depth=2)(toy_task(), chain(*links), nnx.Rngs(0))

    assert isinstance(build(dilated, windows).layers[0].cell.inner, ReplacedInTime)
    with pytest.raises(Incompatible, match="truncated_backpropagation, if skip_in_time is named before it"):
        build(windows, dilated)
    for other in (clip_backpropagated(), residual_recurrence(), skip_in_time(steps=3)):
        for links in ((dilated, other), (other, dilated)):
            with pytest.raises(Incompatible, match="the only one that combines is truncated_backpropagation"):
                build(*links)
