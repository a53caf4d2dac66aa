"""Levels of different factors combine, or are refused with both places: none undoes another."""

from __future__ import annotations

import pytest

from seqbench.plan.expand import expand_methods

HEAD = "question: q\ntasks: [adding]\nlengths: [5]\n"
MIXERS = "factors:\n  mixer: {GRU: {cell: gru}, TCN: {model: tcn}}\n"


def methods_of(read, text):
    return {method.name: method for method in expand_methods(read(HEAD + text))}


def test_settings_alone_change_whatever_model_is_there(read) -> None:
    width = "  width: {8: {model: {width: 8}}, 16: {model: {width: 16}}}\n"
    for text in (MIXERS + width, "factors:\n" + width + MIXERS.removeprefix("factors:\n")):
        methods = methods_of(read, text)
        assert {frozenset(name.split(" + ")): (own.model.name, own.model.settings["width"], own.cell.name)
                for name, own in methods.items()} == {
            frozenset({"GRU", "8"}): ("stacked", 8, "gru"), frozenset({"GRU", "16"}): ("stacked", 16, "gru"),
            frozenset({"TCN", "8"}): ("tcn", 8, "none"), frozenset({"TCN", "16"}): ("tcn", 16, "none"),
        }  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_settings_of_the_same_component_combine_in_any_order(read, turned) -> None:
    """A bare name resets what the grid sets, and nothing of what another level sets."""
    factors = [
        "  a: {x: {model: stacked}}\n",
        "  b: {y: {model: {stacked: {width: 8}}}}\n",
        "  c: {z: {model: {depth: 2}}}\n",
    ]
    text = "model: {stacked: {width: 5, depth: 7}}\nfactors:\n" + "".join(reversed(factors) if turned else factors)
    [method] = methods_of(read, text).values()
    assert method.model.settings == {"width": 8, "depth": 2}


def test_the_grid_and_listed_methods_may_give_settings_alone(read) -> None:
    text = (
        "model: {width: 6}\ncell: gru\ntraining: {optimizer: {b1: 0.5}}\n"
        "methods: [{name: a}, {name: b, model: {depth: 2}, training: {optimizer: {b2: 0.6}}}]"
    )
    a, b = methods_of(read, text).values()
    assert (a.model.settings, b.model.settings) == ({"width": 6, "depth": 1}, {"width": 6, "depth": 2})
    assert a.training["optimizer"]["settings"] == {"b1": 0.5, "b2": 0.999, "eps": 1e-8}
    assert b.training["optimizer"]["settings"] == {"b1": 0.5, "b2": 0.6, "eps": 1e-8}


def test_a_level_that_would_be_undone_is_refused_with_both_places(error_of) -> None:
    said = error_of(HEAD + MIXERS + "  width: {8: {model: {stacked: {width: 8}}}}\n")
    assert said.startswith(
        "6:23 factors.width.8.model.stacked: two levels contradict each other: stacked here, tcn at "
    )
    assert "example.yaml:5:42 factors.mixer.TCN.model; leave the combination out" in said
    assert "`model: {setting: value}`" in said


@pytest.mark.parametrize(
    ("one", "other", "place", "first"),
    [
        ("model: {width: 8}", "model: {stacked: {width: 9}}", "6:36 factors.b.y.model.stacked.width", "5:26"),
        ("cell: gru", "cell: lstm", "6:17 factors.b.y.cell", "5:17"),
        ("training: {steps: 5}", "training: {steps: 6}", "6:29 factors.b.y.training.steps", "5:29"),
        (
            "training: {optimizer: sgd}", "training: {optimizer: {adam: {b1: 0.5}}}",
            "6:34 factors.b.y.training.optimizer.adam", "5:33",
        ),
    ],
)  # fmt: skip
def test_two_values_for_one_thing_are_refused(error_of, one, other, place, first) -> None:
    said = error_of(HEAD + f"factors:\n  a: {{x: {{{one}}}}}\n  b: {{y: {{{other}}}}}\n")
    assert said.startswith(f"{place}: two levels contradict each other: ")
    assert f"example.yaml:{first} factors.a.x" in said


def test_the_same_value_twice_and_changes_of_the_grids_own_are_no_contradiction(read) -> None:
    text = (
        "cell: lstm\ntraining: {steps: 10}\nfactors:\n  a: {x: {cell: gru, training: {steps: 20}}}\n"
        "  b: {y: {cell: gru, training: {steps: 20}}}\n"
    )
    [method] = methods_of(read, text).values()
    assert (method.cell.name, method.training["steps"]) == ("gru", 20)


def test_an_excluded_combination_contradicts_nothing(read) -> None:
    text = MIXERS + "  width: {none: {}, 8: {model: {stacked: {width: 8}}}}\nexclude: [{mixer: TCN, width: 8}]\n"
    assert list(methods_of(read, text)) == ["GRU", "GRU + 8", "TCN"]


def test_a_cell_beside_a_model_without_recurrence_is_refused(error_of) -> None:
    said = error_of(HEAD + "factors:\n  gating: {GRU: {cell: gru}}\n  model: {TCN: {model: tcn}}\n")
    assert said.startswith("5:24 factors.gating.GRU.cell: tcn, which ")
    assert "example.yaml:6:24 factors.model.TCN.model sets, reads through no cell" in said


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("{widht: 8}", "6:23 factors.width.8.model.widht: stacked has no setting 'widht'; did you mean 'width'?"),
        ("{width: wide}", "6:30 factors.width.8.model.width: expected "),
        ("{tcn: 8}", "6:28 factors.width.8.model.tcn: expected settings of tcn, got 8"),
    ],
)
def test_settings_alone_are_checked_against_what_is_there(error_of, model, said) -> None:
    assert error_of(HEAD + MIXERS + f"  width: {{8: {{model: {model}}}}}\n").startswith(said)
