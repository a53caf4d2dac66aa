"""A cell of its own for each layer: from the grid to the model."""

import jax
import numpy as np
import pytest
from flax import nnx

from seqbench.cells._by_layer import listed
from seqbench.cells.vanilla import vanilla
from seqbench.components.assemble import assemble
from seqbench.errors import Incompatible
from seqbench.mitigations.base import chain
from seqbench.models.base import cells, initialise
from seqbench.models.bidirectional import bidirectional
from seqbench.models.encoder_decoder import encoder_decoder
from seqbench.models.stacked import stacked
from seqbench.plan.expand import expand_methods
from seqbench.plan.identity import fixed_settings
from seqbench.plan.task_series import expand_tasks
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.tasks.reverse import reverse

HEAD = "question: q\ntasks: [adding]\nlengths: [100]\n"
TWO = HEAD + "model: {depth: 2, width: 8}\ncell: [{indrnn: {lowest: 0.5}}, {indrnn: {lowest: 0.9, highest: 1.1}}]\n"


def fixed_of(grid):
    """The settings of each method."""
    [task] = expand_tasks(grid)
    return {method.name: fixed_settings(method, method.model, task.at(100)) for method in expand_methods(grid)}


def built(settings):
    """A method's model with its remedies' initialisation, and its cells from the bottom up."""
    assembly = assemble(settings)
    model = assembly.build_model(assembly.task.interface(), nnx.Rngs(0))
    initialise(model, assembly.chain, lambda place: np.random.default_rng(place))
    return model, [cell for _, cell in cells(model)]


def test_the_published_recipe_of_the_indrnn_can_be_stated(read):
    """Li et al. 2018, adding at T = 100: u in [0, 2^(1/T)] below, in [2^(-1/T), 2^(1/T)] in the last layer."""
    bound = 2 ** (1 / 100)
    layer = "{{indrnn: {{lowest: {}, highest: 1.00696, bound: 1.00696}}}}"
    grid = read(
        f"{HEAD}model: {{width: 128, depth: 2}}\ncell: [{layer.format(0)}, {layer.format(0.99309)}]\n"
        "mitigations: [{normal_init: {scale: 0.001, of: input}}, {clip_backpropagated: {threshold: 10}}]\n"
        "training: {learning_rate: 2.0e-4, batch_size: 32, schedule: {piecewise: {at: [20000, 40000]}}}\n"
    )
    _, (below, last) = built(fixed_of(grid)["plain"])
    weights = [np.asarray(cell.recurrent_weights[...]) for cell in (below, last)]
    for cell, weight, lowest in zip((below, last), weights, (0, 1 / bound), strict=True):
        assert cell.bound == pytest.approx(bound, rel=1e-5)
        assert lowest - 1e-5 <= weight.min() < lowest + 0.1 * (bound - lowest)
        assert bound - 0.1 * (bound - lowest) < weight.max() <= bound + 1e-5
        assert np.std(cell.input_kernel[...]) == pytest.approx(0.001, rel=0.2)


def test_lists_stand_for_other_trials_than_one_cell_and_than_each_other(read):
    texts = [TWO, TWO.replace("lowest: 0.5", "lowest: 0.4"), TWO.replace("lowest: 0.9", "lowest: 0.8"),
             HEAD + "model: {depth: 2, width: 8}\ncell: {indrnn: {lowest: 0.5}}\n"]  # fmt: skip
    found = [fixed_of(read(text))["plain"] for text in texts]
    assert all(one != other for place, one in enumerate(found) for other in found[:place])
    assert "upper_cells" not in found[-1]
    assert "upper_cells" not in found[-1]["versions"]
    names = [assemble(settings).names.model.text for settings in found]
    assert len(set(names)) == len(names)


def test_settings_alone_change_every_layer_and_a_bare_name_replaces_the_list(read):
    methods = "methods:\n- {name: bound, cell: {bound: 1.5}}\n- {name: one, cell: indrnn}\n- {name: as it is}\n"
    found = fixed_of(read(TWO + methods))
    _, layers = built(found["bound"])
    assert [cell.bound for cell in layers] == [1.5, 1.5]
    assert [cell["settings"]["lowest"] for cell in (found["bound"]["cell"], *found["bound"]["upper_cells"])] == [
        0.5,
        0.9,
    ]
    assert "upper_cells" not in found["one"]
    assert found["as it is"]["upper_cells"][0]["settings"]["highest"] == 1.1


def test_a_method_may_have_different_cells(read):
    found = fixed_of(read(f"{HEAD}model: {{depth: 2, width: 8}}\nmethods: [{{name: m, cell: [lstm, gru]}}]\n"))
    _, layers = built(found["m"])
    assert [type(cell).__name__ for cell in layers] == ["LSTM", "GRU"]


@pytest.mark.parametrize(
    ("build", "task"), [(stacked, delayed_recall(4)), (bidirectional, delayed_recall(4)), (encoder_decoder, reverse(4))]
)
def test_a_list_of_the_same_cell_is_the_model_with_that_cell(build, task):
    def parameters(cell):
        return jax.tree.leaves(nnx.state(build(cell, width=3, depth=2)(task.interface(), chain(), nnx.Rngs(0))))

    one, several = parameters(vanilla()), parameters(listed([vanilla()] * 2))
    assert all(map(np.array_equal, one, several))
    with pytest.raises(Incompatible, match="a list for 3 layers, and this model has a depth of 2"):
        parameters(listed([vanilla()] * 3))


def test_a_model_that_knows_no_layers_refuses_a_list():
    with pytest.raises(Incompatible, match="the same cell in every layer"):
        listed([vanilla()] * 2)(2, 3, nnx.Rngs(0))


ERRORS = [
    ("cell: [gru]\n", "4:7 cell: expected a cell, or a list of two or more, one for each layer"),
    ("cell: [gru, gro]\n", "4:13 cell[1]: expected the name of a cell, got 'gro'; did you mean 'gru'?"),
    (
        "cell: [gru, {indrnn: {lowst: 1}}]\n",
        "4:23 cell[1].indrnn.lowst: indrnn has no setting 'lowst'; did you mean 'l",
    ),
    (
        "factors:\n  a: {x: {cell: [gru, lstm]}}\n  b: {y: {cell: [gru, gru]}}\n",
        "6:17 factors.b.y.cell: two levels contradict each other: [gru, gru] here, [gru, lstm] at",
    ),
    (
        "factors:\n  a: {x: {cell: [gru, lstm]}}\n  b: {y: {cell: gru}}\n",
        "6:17 factors.b.y.cell: two levels contradict each other: gru here, [gru, lstm] at",
    ),
    ("cell: [gru, lstm]\nmethods: [{name: m, cell: {bound: 1.0}}]\n", "methods[0].cell.bound: gru has no setting 'bou"),
]


@pytest.mark.parametrize(("text", "problem"), ERRORS)
def test_what_is_wrong_is_said_with_its_place(error_of, text, problem):
    assert problem in error_of(HEAD + text)
