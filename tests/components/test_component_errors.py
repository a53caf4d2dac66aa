"""A user's component that raises is one message with its name and place; a shipped one keeps its traceback."""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path

import pytest

from seqbench.cells import vanilla
from seqbench.components import structure
from seqbench.errors import GridError
from seqbench.plan.plan import plan

HEAD = "question: q\ntasks: [adding]\nlengths: [5]\nseeds: 1\nmodel: {stacked: {width: 4}}\n"
OWN = """
from seqbench.cells.base import CellBuilder
from seqbench.cells.vanilla import Vanilla


def at_once(gain: float = 1.0) -> CellBuilder:
    raise ValueError("boom")


class Late(Vanilla):
    def __init__(self, *arguments, **settings):
        raise KeyError("boom")


def when_built() -> CellBuilder:
    return Late
"""


@pytest.fixture(autouse=True)
def _own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faulty_cells.py").write_text(OWN)
    (tmp_path / "faulty_module.py").write_text("raise RuntimeError('boom')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "faulty_cells", raising=False)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('"faulty_cells:at_once"', "6:7 cell: faulty_cells:at_once raised ValueError: boom"),
        (
            '{"faulty_cells:at_once": {gain: 2.0}}',
            "6:8 cell.faulty_cells:at_once: faulty_cells:at_once raised ValueError: boom",
        ),
        ('"faulty_cells:when_built"', "6:7 cell: faulty_cells:when_built raised KeyError: 'boom'"),
        ('"faulty_module:cell"', "6:7 cell: cannot import 'faulty_module:cell': RuntimeError: boom"),
    ],
)
def test_a_users_fault_is_told_with_its_place(cell: str, said: str, error_of) -> None:
    assert error_of(f"{HEAD}cell: {cell}\n").splitlines()[0] == said


def test_a_shipped_fault_stays_loud(read, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **settings: object) -> None:
        raise ValueError("boom")

    monkeypatch.setattr(vanilla.Vanilla, "__init__", broken)
    monkeypatch.setattr(structure, "_kept", OrderedDict())
    with pytest.raises(ValueError, match="boom") as caught:
        plan(read(HEAD))
    assert not isinstance(caught.value, GridError)


@pytest.mark.parametrize("lengths", ["lengths: {from: 2, to: 20}", "lengths: [5]\ntest_lengths: [4]"])
def test_a_task_that_raises_at_another_length_is_told_with_its_place(lengths: str, error_of, tmp_path: Path) -> None:
    (tmp_path / "short_tasks.py").write_text(
        "from seqbench.tasks.adding import adding\nfrom seqbench.tasks.base import Task\n\n\n"
        "def short(length: int = 5) -> Task:\n    if length > 9:\n        raise ValueError('boom')\n"
        "    return adding(length)\n"
    )
    own = HEAD.replace("lengths: [5]", lengths).replace("[adding]", '["short_tasks:short"]')
    assert error_of(own).splitlines()[0] == "2:9 tasks[0]: short_tasks:short raised ValueError: boom"
