"""The board on a terminal: what is said beside it stands whole above it."""

from __future__ import annotations

import io
import re
import threading
from dataclasses import replace

import pytest
from rich.console import Console

from seqbench.commands.progress import Board
from seqbench.commands.run import RunDisplay
from seqbench.execution.events import Finished, Started
from seqbench.execution.run import RoundStart
from seqbench.plan.plan import plan
from seqbench.plan.trial import Choice
from tests.conftest import Reader

GRID = """
question: What does the board show?
tasks: [delayed_recall]
lengths: [2, 3]
seeds: 2
model: {stacked: {width: 4}}
methods: [{name: plain}, {name: clipped, mitigations: [clip_global_norm]}]
"""
CODES = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


def screen(written: str) -> list[str]:
    """The lines that a terminal without end shows after what was written: text, moves up, erased lines."""
    lines, row, column = [""], 0, 0
    for count, code, back, down, text in CODES.findall(written):
        if text:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
        elif back:
            column = 0
        elif down:
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif code == "A":
            row = max(0, row - int(count or 1))
        elif code == "K":
            assert count == "2"
            lines[row] = ""
        else:
            assert code in "hlm", code
    return [line.rstrip() for line in lines]


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def board(written: io.StringIO, read: Reader) -> Board:
    """A board on a terminal, drawn for a plan with a trial under way."""
    console = Console(file=written, force_terminal=True, width=80, legacy_windows=False, markup=False, highlight=False)
    board = Board(console)
    current = plan(read(GRID))
    board.start(current, finished=0)
    for trial in current.trials[:3]:
        board.observe(trial, Started(trial.id))
    return board


def test_a_line_stands_whole_above_the_board_and_the_board_goes_at_the_end(board: Board, written: io.StringIO) -> None:
    with board:
        board._live.refresh()
        board.say("one: " + "a long warning of a worker " * 6)
        board._live.refresh()
        board.say("two")
        shown = screen(written.getvalue())
        assert sum("seeds solved at each" in line for line in shown) == 1
        assert shown.index("two") < next(place for place, line in enumerate(shown) if "seeds solved at each" in line)
    shown = [line for line in screen(written.getvalue()) if line]
    assert "".join(shown[:-1]).startswith("one: a long warning")
    assert shown[-1] == "two"


def test_the_board_is_drawn_before_anything_is_said(board: Board, written: io.StringIO) -> None:
    """Threads that say the first lines at once would each draw a first board, and none would be taken away."""
    with board:
        assert sum("seeds solved at each" in line for line in screen(written.getvalue())) == 1


@pytest.mark.parametrize("markup", [True, False])
def test_a_name_is_shown_as_it_is(markup: bool, written: io.StringIO, read: Reader) -> None:
    """A notebook's console takes strings as markup, that of a terminal does not."""
    console = Console(file=written, force_terminal=True, width=80, legacy_windows=False, markup=markup)
    current = plan(read(GRID.replace("name: plain", "name: 'lstm [bold] :smile:'")))
    with Board(console) as board:
        board.start(current, finished=0)
        board.observe(current.trials[0], Started(current.trials[0].id))
        board._live.refresh()
        assert "  lstm [bold] :smile: on delayed_recall 2, seed 1000: compiling" in screen(written.getvalue())


def test_what_is_written_past_the_board_tears_it(board: Board, written: io.StringIO) -> None:
    """The screen above can tell: this is what a worker did that inherited standard error."""
    with board:
        board._live.refresh()
        written.write("past the board\n")
        board._live.refresh()
    assert [line for line in screen(written.getvalue()) if line] != ["past the board"]


def test_every_thread_may_say(board: Board, written: io.StringIO) -> None:
    said = {name: [f"{name} says {turn}" for turn in range(50)] for name in ("one", "two", "three", "four")}
    with board:
        threads = [
            threading.Thread(target=lambda lines=lines: [board.say(line) for line in lines]) for lines in said.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    shown = [line for line in screen(written.getvalue()) if line]
    assert sorted(shown) == sorted(
        f"{name} says {turn}" for name in ("one", "two", "three", "four") for turn in range(50)
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m\n", "red"),
        ("\x1b[2K\x1b[5Aup\r\n", "up"),
        ("10 %\r20 %", "20 %"),
        ("bell\x07 and \u202eright to left", "bell and right to left"),
        ("[bold]markup[/bold] :smile: 'text' 12", "[bold]markup[/bold] :smile: 'text' 12"),
        ("a\tb", "a       b"),
        ("   \n", None),
    ],
)
def test_a_worker_does_not_move_the_cursor(line: str, shown: str | None, written: io.StringIO) -> None:
    Board(Console(file=written, width=80)).say(line)
    assert written.getvalue() == ("" if shown is None else f"{shown}\n")


def test_without_a_terminal_a_line_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Board(Console(stderr=True), quiet=True) as board:
        board.say("a warning that is " + "longer than any terminal is wide " * 5)
    said = capsys.readouterr()
    assert (said.err.count("\n"), said.out) == (1, "")


def test_a_run_resumes_once_and_says_later_what_tuning_has_chosen(read: Reader, tmp_path) -> None:
    grid = read(GRID + "tuning: {seeds: 1, learning_rate: [1.0e-3, 1.0e-2]}\n")
    current, written = plan(grid), io.StringIO()
    display = RunDisplay(grid, tmp_path, Board(Console(file=written, width=200), quiet=False), quiet=False)
    one = (Choice("plain", "delayed_recall", 1e-3, {}),)
    display.found(current, RoundStart(8, 2, 0, 0, (), None))
    display.found(current, RoundStart(8, 3, 0, 0, (), None))
    display.found(replace(current, choices=one, waiting=4), RoundStart(12, 8, 0, 0, (), None))
    display.found(replace(current, choices=one, waiting=4), RoundStart(12, 9, 0, 0, (), None))
    assert written.getvalue().splitlines() == [
        "Resuming: 2 of 8 trials finished, 6 to train, 8 wait for tuning.",
        "Tuned: 8 of 12 trials finished, 4 to train, 4 wait for tuning.",
    ]


def test_the_time_left_counts_what_a_plan_will_ask_for(read: Reader, monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("seqbench.commands.progress.time.monotonic", lambda: clock[0])
    current = replace(plan(read(GRID)), waiting=92)
    for only, left in ((0, "about 1.6 h left"), (5, "about 4 min left")):
        board = Board(Console(file=io.StringIO()), quiet=True)
        clock[0] = 0.0
        board.start(current, finished=1, only=only)
        clock[0] = 60.0
        board.observe(current.trials[0], Finished(current.trials[0].id, {"outcome": "solved"}, [], [], [], None, {}))
        assert board._left() == left
