from __future__ import annotations

import pytest

from seqbench.components.catalogue import NO_CELL, Component
from seqbench.errors import GridError
from seqbench.grid.reference import Reference
from seqbench.plan.expand import expand_methods, method_bound, method_name
from seqbench.plan.task_series import expand_tasks

HEAD = "question: q\ntasks: [adding]\nlengths: [5, 9]\n"


def test_a_grid_of_neither_methods_nor_factors_has_one_plain_method(read) -> None:
    [method] = expand_methods(read(HEAD + "cell: gru"))
    assert (method.name, method.factors, method.cell.name, method.mitigations) == ("plain", {}, "gru", ())


def test_factors_combine_as_a_full_product_in_order(read) -> None:
    grid = read(
        HEAD
        + """
factors:
  clipping: {none: {}, value: {mitigations: [clip_value]}, norm: {mitigations: [clip_global_norm]}}
  initialisation: {default: {}, identity: {mitigations: [identity_init]}}
  gating: {none: {}, GRU: {cell: gru}}
"""
    )
    methods = {method.name: method for method in expand_methods(grid)}
    assert list(methods) == [
        "plain", "GRU", "identity", "identity + GRU",
        "value", "value + GRU", "value + identity", "value + identity + GRU",
        "norm", "norm + GRU", "norm + identity", "norm + identity + GRU",
    ]  # fmt: skip
    assert method_bound(grid) == 3 * 2 * 2
    everything = methods["norm + identity + GRU"]
    assert everything.factors == {"clipping": "norm", "initialisation": "identity", "gating": "GRU"}
    assert [m.name for m in everything.mitigations] == ["clip_global_norm", "identity_init"]
    assert everything.cell == Component("gru", {})


def test_excluded_combinations_are_left_out(read) -> None:
    factors = (
        "factors: {a: {none: {}, x: {cell: gru}, 3: {cell: lstm}}, b: {none: {}, y: {mitigations: [clip_value]}}}\n"
    )
    kept = expand_methods(read(HEAD + factors + "exclude: [{a: x, b: y}, {a: 3}]"))
    assert [method.name for method in kept] == ["plain", "y", "x"]
    kept = expand_methods(read(HEAD + factors + "exclude: [{a: [x, 3], b: y}]"))
    assert [method.name for method in kept] == ["plain", "y", "x", "3"]


def test_listed_methods_stand_beside_the_factors(read) -> None:
    listed = "methods: [{name: A, cell: gru}]\nfactors: {f: {none: {}, x: {cell: lstm}}}"
    methods = expand_methods(read(HEAD + listed))
    assert [(method.name, method.factors) for method in methods] == [
        ("A", {}),
        ("plain", {"f": "none"}),
        ("x", {"f": "x"}),
    ]


def test_a_listed_methods_mitigations_stand_instead_and_a_levels_are_added(read) -> None:
    base = HEAD + "mitigations: [clip_value]\n"
    a, b, c = expand_methods(
        read(base + "methods: [{name: a}, {name: b, mitigations: []}, {name: c, mitigations: [identity_init]}]")
    )
    assert [[m.name for m in method.mitigations] for method in (a, b, c)] == [["clip_value"], [], ["identity_init"]]
    [only] = expand_methods(read(base + "factors: {f: {x: {mitigations: [identity_init]}}}"))
    assert [m.name for m in only.mitigations] == ["clip_value", "identity_init"]


def test_settings_update_those_of_the_same_component_and_a_bare_name_resets_them(read) -> None:
    base = HEAD + "model: {stacked: {width: 8, depth: 3}}\ncell: {vanilla: {activation: relu}}\n"
    kept, deeper, reset = expand_methods(
        read(
            base
            + "methods: [{name: kept}, {name: deeper, model: {stacked: {depth: 4}}}, "
            + "{name: reset, model: stacked, cell: vanilla}]"
        )
    )
    assert (kept.model.settings, kept.cell.settings) == ({"width": 8, "depth": 3}, {"activation": "relu"})
    assert (deeper.model.settings, deeper.cell.settings) == ({"width": 8, "depth": 4}, {"activation": "relu"})
    assert (reset.model.settings, reset.cell.settings) == ({"width": 64, "depth": 1}, {"activation": "tanh"})


def test_training_updates_key_by_key(read) -> None:
    base = HEAD + "training: {steps: 10, batch_size: 4, optimizer: {adam: {b1: 0.5}}, learning_rate: 0.1}\n"
    first, second = expand_methods(
        read(
            base
            + "methods: [{name: a, training: {steps: 20, optimizer: {adam: {b2: 0.6}}}},"
            + " {name: b, training: {optimizer: sgd, learning_rate: 0.2}}]"
        )
    )
    assert (first.training["steps"], first.training["batch_size"], first.learning_rate) == (20, 4, 0.1)
    assert first.training["optimizer"] == {"name": "adam", "settings": {"b1": 0.5, "b2": 0.6, "eps": 1e-8}}
    assert second.training["optimizer"] == {"name": "sgd", "settings": {}}
    assert second.learning_rate == 0.2
    assert "learning_rate" not in second.training


def test_a_reference_changes_another() -> None:
    below = Reference("a", {"x": 1, "y": 2})
    assert Reference("a", {"y": 3}).over(below) == Reference("a", {"x": 1, "y": 3})
    assert Reference("a", {}).over(below) == below
    assert Reference("a").over(below) == Reference("a")
    assert Reference("b", {"y": 3}).over(below) == Reference("b", {"y": 3})


def test_names_leave_out_levels_that_change_nothing() -> None:
    assert method_name(["none", "default"]) == "plain"
    assert method_name(["value 25", "none", "GRU"]) == "value 25 + GRU"


def test_tasks_have_the_grids_lengths_or_their_own(read) -> None:
    grid = read(
        "question: q\ntasks: [adding, {delayed_recall: {length: 7}}, {agreement: {length: [4, 6]}}]\nlengths: [5, 9]"
    )
    tasks = expand_tasks(grid)
    assert [(task.label, task.lengths) for task in tasks] == [
        ("adding", (5, 9)), ("delayed_recall", (7,)), ("agreement", (4, 6)),
    ]  # fmt: skip
    assert tasks[1].settings == {"symbols": 8, "distractors": 4}
    assert tasks[1].at(7) == Component("delayed_recall", {"length": 7, "symbols": 8, "distractors": 4})


def test_a_task_named_twice_is_labelled_with_what_is_special_about_it(read) -> None:
    text = "question: q\nlengths: [5]\ntasks: [adding, delayed_recall, {delayed_recall: {symbols: 4}}]"
    assert [task.label for task in expand_tasks(read(text))] == [
        "adding",
        "delayed_recall",
        "delayed_recall (symbols 4)",
    ]


@pytest.mark.parametrize("lengths", ["lengths: [5, 9]", "lengths: {from: 5, to: 80}"])
def test_a_task_that_is_written_in_two_ways_stands_in_the_list_twice(read, lengths: str) -> None:
    text = f"question: q\n{lengths}\ntasks: [delayed_recall, {{delayed_recall: {{symbols: 8}}}}]"
    with pytest.raises(GridError, match=r"tasks\[1\]: delayed_recall \(symbols 8\) stands in the list twice"):
        expand_tasks(read(text))
    apart = read(text.replace("symbols: 8", "symbols: 8, length: 4"))
    assert [task.lengths for task in expand_tasks(apart)][1:] == [(4,)]


def test_a_listed_method_has_no_cell_beside_a_model_that_reads_through_none(read) -> None:
    own = "methods: [{name: A, model: bag_mlp, cell: lstm}]\n"
    with pytest.raises(
        GridError, match=r"methods\[0\]\.cell: the model of this method, bag_mlp, reads through no cell"
    ):
        expand_methods(read(HEAD + own))
    inherited = "cell: lstm\nmethods: [{name: A, model: bag_mlp}]\n"
    assert expand_methods(read(HEAD + inherited))[0].cell == NO_CELL
