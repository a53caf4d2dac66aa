"""Remedies that a grid names and that cannot act on the model as it is are left out with the reason."""

from __future__ import annotations

import pytest

from seqbench.plan.plan import plan

HEAD = "question: q\ntasks: [delayed_recall]\nlengths: [12]\nseeds: 1\n"


def reasons(read, model, *mitigations, cell="vanilla"):
    """Why a method with these mitigations is left out, if it is."""
    method = f"methods: [{{name: it, cell: {cell}, mitigations: [{', '.join(mitigations)}]}}, {{name: plain}}]\n"
    return [pair.reason for pair in plan(read(f"{HEAD}model: {{stacked: {model}}}\n{method}")).incompatible]


@pytest.mark.parametrize(
    ("model", "mitigation"),
    [
        ("{width: 3, depth: 2}", "{residual: {layers: [0]}}"),
        ("{width: 3, depth: 2}", "{highway: {layers: [0]}}"),
        ("{width: 3}", "{skip_in_time: {steps: 1, mode: dilated}}"),
        ("{width: 3, depth: 2}", "{skip_in_time: {steps: [1, 1], mode: dilated}}"),
    ],
)
def test_a_remedy_without_a_place_is_no_method_of_its_own(read, model, mitigation):
    [reason] = reasons(read, model, mitigation)
    name = mitigation.strip("{").partition(":")[0]
    assert reason == f"{name} finds no place in this model, which would be as it is without"


@pytest.mark.parametrize(
    ("model", "mitigation"),
    [
        ("{width: 3, depth: 2}", "{residual: {layers: [1]}}"),
        ("{width: 3, depth: 2}", "{skip_in_time: {steps: [1, 2], mode: dilated}}"),
        ("{width: 3}", "{clip_backpropagated: {threshold: 0.1}}"),
        ("{width: 3}", "{truncated_backpropagation: {window: 4}}"),
    ],
)
def test_one_that_has_a_place_is_planned(read, model, mitigation):
    assert reasons(read, model, mitigation) == []


@pytest.mark.parametrize("mode", ["replace", "dilated"])
def test_omega_needs_the_connection_from_each_step_to_the_next(read, mode):
    skip = f"{{skip_in_time: {{steps: 3, mode: {mode}}}}}"
    for order in ([skip, "pascanu_regulariser"], ["pascanu_regulariser", skip]):
        [reason] = reasons(read, "{width: 3}", *order)
        assert "skip_in_time has replaced that connection; mode add keeps it" in reason
    assert reasons(read, "{width: 3}", "{skip_in_time: {steps: 3, mode: add}}", "pascanu_regulariser") == []


def test_layers_that_are_not_there_are_named_with_the_remedy(read):
    [reason] = reasons(read, "{width: 3, depth: 2}", "{identity_init: {layers: [5]}}")
    assert reason == "identity_init is to act in layers 5, counted from 0, and the model's are 0 to 1"


def test_an_orthogonal_cell_of_one_unit_trains(read):
    """It has no entry to learn in its recurrent matrix."""
    assert reasons(read, "{width: 1}", "clip_global_norm", cell="orthogonal") == []
