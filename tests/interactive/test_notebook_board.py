"""The board in a notebook: the same counts as on a terminal, in one output that is replaced."""

from __future__ import annotations

from typing import Any

import pytest

from seqbench.errors import GridError, Problem, TrialsCrashed
from seqbench.execution.events import Finished, Started
from seqbench.interactive.notebook_board import LINES, NotebookBoard
from seqbench.plan.plan import Plan, plan

GRID = """
question: What does the board show?
tasks: [delayed_recall]
lengths: [2]
seeds: 2
model: {stacked: {width: 4}}
methods: [{name: a < b}, {name: clipped, mitigations: [clip_global_norm]}]
"""


@pytest.fixture
def current(read: Any) -> Plan:
    return plan(read(GRID))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a frontend is given: the first output, then what replaces it."""
    pages: list[str] = []

    class Handle:
        def update(self, page: Any) -> None:
            pages.append(page.data)

    def display(page: Any, *, display_id: bool) -> Handle:
        assert display_id
        pages.append(page.data)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    return pages


def test_the_output_is_replaced_as_trials_finish(current: Plan, shown: list[str]) -> None:
    with NotebookBoard() as board:
        board.start(current, finished=0)
        for trial in current.trials[:2]:
            board.observe(trial, Started(trial.id))
        board.observe(current.trials[0], Finished(current.trials[0].id, {"outcome": "solved"}, [], [], [], None, {}))
    assert len(shown) >= 3
    assert "0/4" not in shown[0]
    assert "1/4" in shown[-1]
    assert "1 solved" in shown[-1]
    assert "a &lt; b on delayed_recall 2, seed 1001: compiling" in shown[-1]


def test_lines_stand_above_it_as_text_and_the_last_of_them_stay(shown: list[str]) -> None:
    with NotebookBoard() as board:
        for number in range(LINES + 3):
            board.say(f"\x1b[31mline {number} <b>\x1b[0m\n")
        board.say("\n")
    text = shown[-1]
    assert "line 2 " not in text
    assert f"line {LINES + 2} &lt;b&gt;" in text
    assert "\x1b" not in text


def test_it_prints_nothing_else(current: Plan, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with NotebookBoard() as board:
        board.start(current, finished=0)
        board.say("a line")
    assert capsys.readouterr() == ("", "")


def test_a_notebook_shows_the_message_of_an_error_alone_and_what_a_component_raised() -> None:
    problem = Problem("mine.yaml", 3, 5, "cell", "expected a cell", "    3 | cell: grru")
    assert GridError(problems=[problem])._render_traceback_() == [
        "GridError: mine.yaml:3:5 cell: expected a cell\n    3 | cell: grru"
    ]
    error = TrialsCrashed("1 trial crashed")
    error.__cause__ = ValueError("boom")
    assert error._render_traceback_() == ["ValueError: boom", "TrialsCrashed: 1 trial crashed"]
