"""Values of a grid replaced from outside of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqbench.errors import GridError
from seqbench.grid import overrides
from seqbench.grid.document import document_of
from seqbench.grid.read import grid_of, prepared, read_grid, shipped_grids
from seqbench.grid.written import as_yaml, inline
from seqbench.plan.expand import expand_methods

TEXT = """\
question: Does it?
tasks: [adding, delayed_recall]
lengths: [10, 20]
training: {steps: 100, optimizer: adam}
methods:
  - {name: plain, cell: vanilla}
  - {name: LSTM, cell: lstm, mitigations: [{clip_value: {threshold: 1.0}}]}
"""


def grid_from(document, *, overrides=(), name=""):
    return grid_of(prepared(document, overrides=overrides, name=name))


def overridden(*overrides: str, name: str = ""):
    return grid_from(document_of(TEXT, file="folder/example.yaml"), overrides=overrides, name=name)


def test_values_lists_and_entries_of_lists_are_replaced() -> None:
    grid = overridden(
        "training.steps=200",
        "lengths=[5, 7]",
        "methods[0].cell=gru",
        "methods[LSTM].cell.lstm.forget_bias=2.5",  # a bare name becomes a name with its settings
        "methods[LSTM].mitigations[clip_value].clip_value.threshold=3.0",
        "tasks[delayed_recall]=parity",
        "training.schedule.step.at=[0.5]",  # keys on the way are made
        'factors["norm 0.1"]={a: {}, b: {model: {width: 3}}}',
    )
    plain, lstm = expand_methods(grid)[:2]
    assert plain.training["steps"] == 200
    assert grid.lengths == [5, 7]
    assert plain.cell.name == "gru"
    assert lstm.cell.settings["forget_bias"] == 2.5
    assert lstm.mitigations[0].settings == {"threshold": 3.0}
    assert [task.name for task in grid.tasks] == ["adding", "parity"]
    assert plain.training["schedule"] == {"name": "step", "settings": plain.training["schedule"]["settings"]}
    assert tuple(plain.training["schedule"]["settings"]["at"]) == (0.5,)
    assert list(grid.factors) == ["norm 0.1"]


def test_a_later_override_wins_and_null_takes_a_value_back() -> None:
    assert overridden("training.steps=200", "training.steps=300").training.steps == 300
    assert overridden("tuning={learning_rate: [0.1, 0.2]}", "tuning=").tuning is None


def test_a_part_that_a_new_value_leaves_out_is_said_not_to_be_given() -> None:
    searched = TEXT.replace("[10, 20]", "{from: 10, to: 500, precision: 1.1}")
    grid = grid_from(document_of(searched, file="example.yaml"), overrides=["lengths={from: 10, to: 50}"])
    assert [one[1:] for one in grid.overrides] == [
        ("lengths.to", "500", "50"),
        ("lengths.precision", "1.1", "not given"),
    ]


def test_knobs_of_tuning_are_named_as_errors_spell_them() -> None:
    grid = overridden("tuning.learning_rate=[0.1]", "tuning.space.clip_value.threshold=[1.0, 2.0]")
    assert grid.tuning is not None
    assert dict(grid.tuning.space) == {"clip_value.threshold": [1.0, 2.0]}


def test_an_overridden_grid_says_what_differs_and_its_text_is_the_grid(tmp_path: Path) -> None:
    grid = overridden("training.steps=200", "lengths=[5]", "training.batch_size=8")
    assert [one[1:] for one in grid.overrides] == [
        ("lengths", "[10, 20]", "[5]"),
        ("training.steps", "100", "200"),
        ("training.batch_size", "", "8"),
    ]
    (tmp_path / "again.yaml").write_text(grid.text)
    again = read_grid(tmp_path / "again.yaml")
    assert vars(again) == vars(grid)
    assert not again.overrides


def test_another_grid_has_a_name_of_its_own_and_the_same_grid_keeps_its_name() -> None:
    assert overridden().name == "example"
    first = overridden("training.steps=200", "seeds=3")
    assert first.name.startswith("example-steps-200-seeds-3-")
    assert overridden("seeds=3", "training={optimizer: adam, steps: 200}").name == first.name  # by the outcome
    assert overridden("training.steps=200", "seeds=4").name != first.name
    for same in ("training.steps=100", "training.batch_size=32", "seeds=10"):
        kept = overridden(same)
        assert (kept.name, kept.overrides, kept.text) == ("example", (), TEXT)
    assert overridden("training.steps=200", name="mine").name == "mine"
    assert overridden(name="mine").text == TEXT
    long = overridden(*(f"methods[{index}].model.stacked.width={3 + index}" for index in range(2)), "seeds=[1, 2, 3]")
    assert len(long.name) < 80


@pytest.mark.parametrize("name", ["trials", ".hidden", "a/b", "x" * 300])
def test_a_chosen_name_must_be_one_of_a_folder(name: str) -> None:
    with pytest.raises(GridError, match="--name"):
        overridden(name=name)


ERRORS = [
    ("training.step=200", "--set training.step=200: training.step: unknown key; did you mean 'steps'?"),
    ("steps=200", "--set steps=200: steps: unknown key; did you mean 'training.steps'?"),
    ("trainin.steps=200", "--set trainin.steps=200: trainin: unknown key; did you mean 'training'?"),
    ("training.steps=many", "--set training.steps=many: training.steps: expected a whole number, got the text 'many'"),
    ("training.steps=1e3", "--set training.steps=1e3: training.steps: YAML reads 1e3 as text; write 1.0e+3"),
    ("lengths=[5, 0]", "--set 'lengths=[5, 0]': lengths[1]: expected more than 0, got 0"),
    ("lengths=[5", "--set 'lengths=[5': lengths: not valid YAML"),
    ("lengths[7]=5", "--set 'lengths[7]=5': lengths: expected an entry from 0 to 1, got 7"),
    (
        "methods[GRU].cell=gru",
        "methods: expected an entry, such as methods[0] or methods[plain], got 'GRU'",
    ),
    (
        "methods[0].cell.hidden=3",
        "methods[0].cell: expected keys to go on to 'hidden', got vanilla; its settings are",
    ),
    ("methods[0].cell=grru", "methods[0].cell: expected the name of a cell, got 'grru'; did you mean 'gru'?"),
    ("training[0]=5", "training: expected a list to take entry 0 of, got keys"),
    ("training.steps", "--set training.steps: expected KEY=VALUE, such as training.steps=200"),
    ("=5", "--set =5: expected KEY=VALUE"),
    ("model.stacked.widht=3", "model.stacked.widht: stacked has no setting 'widht'; did you mean 'width'?"),
]


@pytest.mark.parametrize(("override", "message"), ERRORS, ids=[override for override, _ in ERRORS])
def test_an_error_names_the_override_and_the_nearest_key(override: str, message: str) -> None:
    with pytest.raises(GridError) as caught:
        overridden(override)
    said = str(caught.value)
    assert said.startswith("--set ")
    assert message in said


def test_errors_of_overrides_and_of_the_file_are_told_together() -> None:
    with pytest.raises(GridError) as caught:
        grid_from(document_of(TEXT + "seeds: ten\n", file="example.yaml"), overrides=["training.stps=3", "lengths=[x]"])
    assert [(one.source, one.field) for one in caught.value.problems] == [
        ("example.yaml", "seeds"),
        ("--set 'lengths=[x]'", "lengths[0]"),
        ("--set training.stps=3", "training.stps"),
    ]


def test_an_error_of_what_is_around_an_override_names_it_too() -> None:
    with pytest.raises(GridError) as caught:
        expand_methods(overridden("methods[LSTM]={name: LSTM, cell: vanilla}", "methods[plain].training.steps=100"))
    [problem] = caught.value.problems
    assert problem.message.startswith("the methods 'plain' and 'LSTM' are the same")
    assert "--set 'methods[LSTM]={name: LSTM, cell: vanilla}'" in problem.message


def test_an_override_mends_what_the_file_has_wrong() -> None:
    faulty = document_of(TEXT.replace("steps: 100", "steps: 1e2"), file="example.yaml")
    assert grid_from(faulty, overrides=["training.steps=100"]).training.steps == 100


@pytest.mark.parametrize("path", shipped_grids().values(), ids=lambda path: path.stem)
def test_every_shipped_grid_is_the_same_when_it_is_written_anew(path: Path, tmp_path: Path) -> None:
    first = read_grid(path)
    (tmp_path / path.name).write_text(as_yaml(first.document.data))
    assert vars(read_grid(tmp_path / path.name)) == vars(first)


@pytest.mark.parametrize("value", ["no", "1e-3", "010", "12:30", "2024-01-01", "null", "25", "", "a: b", "x" * 200])
def test_text_is_written_so_that_it_is_read_back(value: str) -> None:
    assert document_of(as_yaml({"a": value}), file="").data == {"a": value}
    assert document_of(f"a: {inline(value)}", file="").data == {"a": value}


@pytest.mark.parametrize(
    "place", ["clip_value.threshold", '["clip_value.threshold"]', "['clip_value.threshold']", "clip_value[threshold]"]
)
def test_a_tuned_setting_is_reached_however_it_is_written(place: str) -> None:
    tuned = "tuning={learning_rate: [0.1], space: {clip_value.threshold: {low: 0.1, high: 1.0}}}"
    written = f"tuning.space{place if place.startswith('[') else f'.{place}'}.low=0.2"
    assert list(overridden(tuned, written).tuning.space) == ["clip_value.threshold"]
    assert overridden(tuned, written).tuning.space["clip_value.threshold"].low == 0.2
    own = "tuning={learning_rate: [0.1], space: {'my.module:cell.size': {low: 1, high: 2}}}"
    document = overrides.overridden(document_of(TEXT, file="a"), [own, 'tuning.space["my.module:cell"].size.low=1.5'])
    assert document.data["tuning"]["space"] == {"my.module:cell.size": {"low": 1.5, "high": 2}}
