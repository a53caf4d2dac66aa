"""A grid means the same in whatever form it is given."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seqbench
from seqbench.cells.gru import gru
from seqbench.components.carried_source import NotCarried
from seqbench.errors import GridError, UsageError
from seqbench.grid.document import document_of
from seqbench.grid.given import Added, _text, grid_given, name_from
from seqbench.grid.read import find_grid, read_grid, shipped_grids
from seqbench.mitigations.clip_value import clip_value
from seqbench.plan.plan import plan
from seqbench.tasks.adding import adding

TEXT = """\
question: Does it?
tasks: [adding, {delayed_recall: {symbols: 4}}]
lengths: [3, 5]
seeds: [7, 8]
training: {steps: 20, learning_rate: 1.0e-05}
methods:
  - {name: "yes", cell: gru}
  - {name: 1 and 2, cell: {lstm: {forget_bias: 2}}, mitigations: [clip_value]}
"""
VALUES: dict[str, Any] = {
    "question": "Does it?",
    "tasks": ("adding", {"delayed_recall": {"symbols": np.int64(4)}}),
    "lengths": np.array([3, 5]),
    "seeds": range(7, 9),
    "training": {"steps": 20, "learning_rate": 1e-5},
    "methods": [
        {"name": "yes", "cell": gru},
        {"name": "1 and 2", "cell": {"lstm": {"forget_bias": 2}}, "mitigations": ["clip_value"]},
    ],
}

MODULE = """
from seqbench.cells.base import CellBuilder
from seqbench.cells.gru import GRU

def mine(*, size: float = {size}) -> CellBuilder:
    return GRU
"""


def ids(grid: Any) -> list[str]:
    return [trial.id for trial in plan(grid).trials]


def test_every_form_gives_the_same_trials(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT)
    forms = [path, str(path), TEXT, VALUES, grid_given(TEXT)]
    assert len({tuple(ids(grid_given(form))) for form in forms}) == 1
    assert [grid_given(form).name for form in forms] == ["mine", "mine", "does-it", "does-it", "does-it"]


@pytest.mark.parametrize("path", shipped_grids().values(), ids=lambda path: path.stem)
def test_a_shipped_grid_as_values_is_the_grid(path: Path) -> None:
    values = grid_given(path).document.data
    assert grid_given(values).model_dump(warnings=False) == grid_given(path).model_dump(warnings=False)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12) | st.sampled_from(
    ["yes", "1e-3", "010", "null", "12:30", "1_000", "2024-01-01", ".inf", "true", "-", "#", ": ", "a b", ""]
)
PLAIN = st.none() | st.booleans() | st.integers(-(10**16), 10**16) | st.floats(allow_nan=False) | WORDS
NESTED = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner), max_leaves=12)


@given(values=st.dictionaries(WORDS, NESTED, min_size=1))
def test_values_are_read_back_as_they_are(values: dict[str, Any]) -> None:
    assert document_of(_text(values), file="values").data == values


def test_errors_name_the_field() -> None:
    with pytest.raises(GridError, match=r"does-it\.yaml:\d+:\d+ training\.step: unknown key; did you mean 'steps'"):
        grid_given({**VALUES, "training": {"step": 3}})
    with pytest.raises(GridError, match=r"grid: methods\[0\]\.cell: expected text, a number, .* got <object"):
        grid_given({**VALUES, "methods": [{"name": "a", "cell": object()}]})
    with pytest.raises(GridError, match="no such file and no shipped grid"):
        grid_given("quickstarted")


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Does it?", "does-it"),
        (
            "Which remedy lets a recurrent network name a symbol it saw long ago?",
            "which-remedy-lets-a-recurrent-network-name-a",
        ),
        ("x" * 70, "x" * 50),
        ("¿?", "grid"),
        (None, "grid"),
    ],
)
def test_a_question_names_what_has_no_file(question: Any, name: str) -> None:
    assert name_from(question) == name


def test_another_name_changes_the_name_alone() -> None:
    grid = grid_given("quickstart", name="mine")
    assert grid.name == "mine"
    assert ids(grid) == ids(grid_given("quickstart"))


def test_values_are_overridden_as_on_the_command_line() -> None:
    wanted = {"training.steps": 7, "seeds": range(2, 4), "methods[norm clipping].cell": gru}
    grid = grid_given("quickstart", overrides=wanted)
    typed = ["training.steps=7", "seeds=[2, 3]", "methods[norm clipping].cell=gru"]
    assert ids(grid) == ids(read_grid(find_grid("quickstart"), overrides=typed))
    assert re.fullmatch(r"quickstart-seeds-2-3-steps-7-cell-gru-[0-9a-f]{6}", grid.name)
    assert grid_given("quickstart", overrides=typed, name="mine").name == "mine"
    with pytest.raises(GridError, match=r"training\.step: .*did you mean 'steps'"):
        grid_given("quickstart", overrides={"training.step": 7})


def test_functions_join_a_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "joining.py").write_text(MODULE.format(size=1.0))
    monkeypatch.syspath_prepend(tmp_path)
    mine = importlib.import_module("joining").mine
    grid = grid_given("quickstart", added=Added(cells=[mine]))
    shipped = grid_given("quickstart")
    assert [method.name for method in grid.methods] == [*(method.name for method in shipped.methods), "mine"]
    assert set(ids(shipped)) < set(ids(grid))
    assert grid.methods[-1].cell.name == "joining:mine"
    named = {**VALUES, "methods": [{"name": "a", "cell": {mine: {"size": 2.0}}}]}
    assert [method.name for method in grid_given(named, added=Added(cells=[mine])).methods] == ["a"]
    alone = {"question": "Does it?", "tasks": ["adding"], "lengths": [3], "cell": "lstm"}
    assert [method.name for method in grid_given(alone, added=Added(cells=[mine])).methods] == ["lstm", "mine"]


def test_shipped_functions_have_their_own_names() -> None:
    assert grid_given({**VALUES, "methods": [{"name": "a", "cell": {gru: {}}}]}).methods[0].cell.name == "gru"


def test_a_function_that_cannot_be_found_again_is_refused() -> None:
    def nested() -> None: ...

    with pytest.raises(NotCarried, match="has no such function at its top level"):
        grid_given(VALUES, added=Added(cells=[nested]))
    with pytest.raises(NotCarried, match="expected a function, got type"):
        grid_given({**VALUES, "cell": Path})
    with pytest.raises(UsageError, match=r"expected a grid .* got null"):
        grid_given(None)  # type: ignore[arg-type]


def test_an_edited_module_is_imported_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "edited_later.py"
    file.write_text(MODULE.format(size=1.0))
    monkeypatch.syspath_prepend(tmp_path)
    values = {**VALUES, "methods": [{"name": "a", "cell": "edited_later:mine"}]}
    first = plan(grid_given(values)).trials[0]
    old = sys.modules["edited_later"].mine
    file.write_text(MODULE.format(size=20.0))
    second = plan(grid_given({**values, "methods": [{"name": "a", "cell": old}]})).trials[0]
    assert first.settings["cell"]["settings"] == {"size": 1.0}
    assert second.settings["cell"]["settings"] == {"size": 20.0}
    assert first.settings["versions"]["cell"] != second.settings["versions"]["cell"]


def test_planning_from_python_is_one_call() -> None:
    planned = seqbench.plan(VALUES, name="mine")
    assert repr(planned) == "<Plan of mine: 16 trials of 2 methods in 4 groups>"


def test_a_function_of_a_notebook_is_defined_anew_where_it_or_what_it_imports_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "size_of_it.py"
    file.write_text("SIZE = 1.0\ndef size():\n    return SIZE\n")
    monkeypatch.syspath_prepend(tmp_path)
    text = (
        "from seqbench.cells.base import CellBuilder\nfrom seqbench.cells.gru import GRU\nfrom size_of_it import size\n"
        "def mine(*, size: float = size() * FACTOR) -> CellBuilder:\n    return GRU\n"
    )
    monkeypatch.setattr("seqbench.components.own_functions.carried_source", lambda function: function.text)

    def settings(factor: float) -> tuple[Any, Any]:
        def mine() -> None: ...

        mine.__module__, mine.text = "__main__", text.replace("FACTOR", str(factor))
        planned = plan(grid_given({**VALUES, "methods": [{"name": "a", "cell": mine}]})).trials[0].settings
        return planned["cell"]["settings"]["size"], planned["versions"]["cell"][1]

    first, again, doubled = settings(1.0), settings(1.0), settings(2.0)
    file.write_text("SIZE = 30.0\ndef size():\n    return SIZE\n")
    edited = settings(2.0)
    assert (first, doubled[0], edited[0]) == (again, 2.0, 60.0)
    assert len({first[1], doubled[1], edited[1]}) == 3


@pytest.mark.parametrize("tasks", [{}, {"tasks": None}], ids=["absent", "null"])
def test_functions_join_lists_that_are_not_there(
    tasks: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "joining.py").write_text(MODULE.format(size=1.0))
    monkeypatch.syspath_prepend(tmp_path)
    mine = importlib.import_module("joining").mine
    bare = {"question": "Does it?", "lengths": [3], **tasks}
    assert [task.name for task in grid_given(bare, added=Added(tasks=[adding])).tasks] == ["adding"]
    joined = grid_given({**bare, "tasks": ["adding"], "methods": None}, added=Added(cells=[mine]))
    assert [method.name for method in joined.methods] == ["vanilla", "mine"]
    with pytest.raises(GridError, match=r"mitigations: expected a list"):
        grid_given({**bare, "tasks": ["adding"], "mitigations": None}, added=Added(mitigations=[clip_value]))
    with pytest.raises(GridError, match=r"tasks: expected a list, got the text 'parity'"):
        grid_given({**bare, "tasks": "parity"}, added=Added(tasks=[adding]))
