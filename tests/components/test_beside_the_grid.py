"""Modules of the user's own that stand beside a grid: found from any folder, and each grid has its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seqbench.components.own_code import import_own, places_of_python
from seqbench.components.own_functions import look_beside
from seqbench.errors import GridError
from seqbench.execution.process import _environment
from seqbench.grid.given import grid_given
from seqbench.grid.read import read_grid
from seqbench.grid_folder import beside
from seqbench.plan.plan import plan

GRID = """
question: Is it found?
tasks: [adding]
lengths: [3]
seeds: 1
methods: [{name: own, cell: "besides:mine"}]
"""
MODULE = """
from besides_constants import SIZE
from seqbench.cells.base import CellBuilder
from seqbench.cells.gru import GRU
from seqbench.setting_types import Scale

def mine(*, size: Scale = SIZE) -> CellBuilder:
    return GRU
"""


@pytest.fixture(autouse=True)
def _nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    look_beside(None)


@pytest.fixture
def folder(tmp_path: Path):
    """Makes a folder with a grid and a module, whose setting has this default."""

    def make(name: str, size: float) -> Path:
        place = tmp_path / name
        place.mkdir()
        (place / "grid.yaml").write_text(GRID)
        (place / "besides.py").write_text(MODULE)
        (place / "besides_constants.py").write_text(f"SIZE = {size}\n")
        return place

    return make


def size_of(grid) -> float:
    return plan(grid).trials[0].settings["cell"]["settings"]["size"]


def test_each_grid_finds_the_module_of_its_own_folder(folder) -> None:
    one, other = folder("one", 1.0), folder("other", 2.0)
    first = read_grid(one / "grid.yaml")
    assert size_of(first) == 1.0
    assert size_of(read_grid(other / "grid.yaml")) == 2.0
    assert size_of(grid_given(one / "grid.yaml", overrides={"lengths": [4]})) == 1.0
    assert size_of(grid_given(first)) == 1.0
    assert beside() == str(one)


def test_a_grid_without_a_file_does_not_look_where_the_one_before_it_stands(folder) -> None:
    read_grid(folder("one", 1.0) / "grid.yaml")
    with pytest.raises(GridError, match="No module named 'besides'; modules of your own are looked for in the current"):
        grid_given(GRID)


def test_a_relative_path_is_meant_from_where_it_was_given(folder, tmp_path, monkeypatch) -> None:
    folder("one", 1.0)
    grid = read_grid("../one/grid.yaml")
    monkeypatch.chdir(tmp_path)
    assert size_of(grid_given(grid)) == 1.0


def test_the_place_is_in_the_error(folder) -> None:
    place = folder("one", 1.0)
    (place / "besides.py").unlink()
    with pytest.raises(GridError) as caught:
        read_grid(place / "grid.yaml")
    assert f"modules of your own are looked for beside the grid ({place}), in the current folder and on PYTHONPATH" in (
        str(caught.value)
    )


@pytest.mark.parametrize("file", ["queue.py", "queue/__init__.py"])
def test_a_module_that_a_library_hides_is_refused(tmp_path: Path, file: str) -> None:
    """Another program would be trained than the one that the user sees beside the grid."""
    path = tmp_path / "grids" / file
    path.parent.mkdir(parents=True)
    path.write_text("")
    look_beside(tmp_path / "grids")
    with pytest.raises(ImportError, match=r"queue.* is hidden by another module of that name \(.*queue\.py\); rename"):
        import_own("queue")


def test_what_stands_beside_a_grid_hides_no_library_from_the_workers(folder) -> None:
    """What a worker's PYTHONPATH names comes before the standard library."""
    place = folder("one", 1.0)
    read_grid(place / "grid.yaml")
    assert sys.path[-2:] == [str(place), str(Path.cwd())]
    assert not {str(place), str(Path.cwd())} & set(places_of_python())
    assert str(place) not in _environment({})["PYTHONPATH"]
