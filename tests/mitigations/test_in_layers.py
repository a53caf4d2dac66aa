"""Remedies that act in some layers of a model alone."""

import numpy as np
import pytest
from flax import nnx

from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.components.assemble import assemble
from seqbench.errors import Incompatible
from seqbench.mitigations._in_layers import in_layers
from seqbench.mitigations.base import chain
from seqbench.mitigations.clip_global_norm import clip_global_norm
from seqbench.mitigations.forget_bias_init import forget_bias_init
from seqbench.mitigations.norm_stabiliser import norm_stabiliser
from seqbench.mitigations.normal_init import normal_init
from seqbench.mitigations.residual import residual
from seqbench.mitigations.residual_recurrence import residual_recurrence
from seqbench.models.base import cells, initialise
from seqbench.models.bidirectional import bidirectional
from seqbench.models.stacked import stacked
from seqbench.plan.expand import expand_methods
from seqbench.plan.identity import fixed_settings
from seqbench.plan.plan import plan
from seqbench.plan.task_series import expand_tasks
from seqbench.tasks.delayed_recall import delayed_recall

TASK = delayed_recall(4, symbols=3).interface()


def started(build, *mitigations):
    """A model with its remedies, initialised."""
    links = chain(*mitigations)
    model = build(TASK, links, nnx.Rngs(0))
    initialise(model, links, np.random.default_rng)
    return model


@pytest.mark.parametrize(("build", "expected"), [(stacked, [1, 3, 5]), (bidirectional, [1, 1, 3, 3, 5, 5])])
def test_an_initialisation_sets_the_layers_that_it_names(build, expected):
    links = [in_layers(forget_bias_init(value=value), [layer]) for layer, value in ((1, 3.0), (2, 5.0))]
    model = started(build(lstm(forget_bias=1.0), width=2, depth=3), *links)
    biases = [np.asarray(cell.bias[...])[cell.block("forget")] for _, cell in cells(model)]
    np.testing.assert_array_equal(biases, np.repeat(expected, 2).reshape(-1, 2))


def test_a_wrapper_stands_in_the_layers_that_it_names():
    model = started(
        stacked(vanilla(), width=3, depth=3),
        in_layers(residual_recurrence(), [0, 2]),
        in_layers(residual(), [1]),
    )
    layers = [type(layer).__name__ for layer in model.layers]
    assert layers == ["Recurrent", "Residual", "Recurrent"]
    found = [type(layer.cell).__name__ for layer in (model.layers[0], model.layers[1].inner, model.layers[2])]
    assert found == ["ResidualInTime", "Vanilla", "ResidualInTime"]


def test_the_readout_is_no_layer():
    plain, limited = (started(stacked(vanilla(), width=3), *links)
                      for links in ([], [in_layers(normal_init(of="all"), [0])]))  # fmt: skip
    np.testing.assert_array_equal(plain.readout.kernel[...], limited.readout.kernel[...])
    assert np.all(np.asarray(plain.layers[0].cell.input_kernel[...]) != limited.layers[0].cell.input_kernel[...])


@pytest.mark.parametrize("mitigation", [residual_recurrence(), residual(), normal_init()])
def test_layers_that_a_model_does_not_have_are_refused(mitigation):
    with pytest.raises(Incompatible, match="is to act in layers 2, counted from 0, and the model's are 0 to 1"):
        started(stacked(vanilla(), width=3, depth=2), in_layers(mitigation, [2]))


@pytest.mark.parametrize(("mitigation", "what"), [(clip_global_norm(), "gradient"), (norm_stabiliser(), "loss")])
def test_what_acts_on_the_whole_is_refused(mitigation, what):
    with pytest.raises(Incompatible, match=f"it acts on the {what} as a whole"):
        in_layers(mitigation._replace(name="it"), [0])


HEAD = "question: q\ntasks: [delayed_recall]\nlengths: [5]\nseeds: 1\nmodel: {depth: 2, width: 3}\ncell: lstm\n"


def test_a_grid_names_layers_among_the_settings(read):
    remedies = "[{forget_bias_init: {value: 1, layers: [0]}}, {forget_bias_init: {value: 5, layers: [1]}}]"
    methods = f"[{{name: both, mitigations: {remedies}}}, {{name: all, mitigations: [forget_bias_init]}}]"
    grid = read(f"{HEAD}methods: {methods}\n")
    [task] = expand_tasks(grid)
    both, everywhere = (fixed_settings(method, method.model, task.at(5)) for method in expand_methods(grid))
    assert [remedy["settings"]["layers"] for remedy in both["mitigations"]] == [[0], [1]]
    assert everywhere["mitigations"] == [{"name": "forget_bias_init", "settings": {"value": 1.0}}]
    assert [link.layers for link in assemble(both).chain.links] == [(0,), (1,)]
    assert not plan(grid).incompatible  # neither sets again what the other set


ERRORS = [
    ("{forget_bias_init: {layers: []}}", "mitigations[0].forget_bias_init.layers: expected at least 1 of them"),
    ("{forget_bias_init: {layers: [-1]}}", "mitigations[0].forget_bias_init.layers: expected 0 or more"),
    ("{forget_bias_init: {layer: [0]}}", "forget_bias_init has no setting 'layer'"),
]


@pytest.mark.parametrize(("text", "problem"), ERRORS)
def test_what_is_wrong_is_said_with_its_place(error_of, text, problem):
    assert problem in error_of(HEAD + f"mitigations: [{text}]\n")
