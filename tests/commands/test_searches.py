"""Searches on the terminal: each bracket while it closes, and at the end the same factors as in the report."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from seqbench.commands.progress import Board
from seqbench.commands.searches import MOST, search_facts, search_table, searches_in_words
from seqbench.commands.summary import factor_lines, horizon_table
from seqbench.execution.events import Started
from seqbench.plan.plan import Plan, plan
from seqbench.stats.brackets import find_brackets
from seqbench.stats.pairwise import pairwise
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import complete, task_arrays
from tests.conftest import Reader
from tests.stats.conftest import trial

GRID = """
question: How far back?
tasks: [delayed_recall]
lengths: {from: 5, to: 40, precision: 1.5, checked: 0}
seeds: 2
probes: none
model: {stacked: {width: 4}}
methods: [{name: plain}]
"""
REACH = {1000: 12, 1001: 60}


@pytest.fixture
def plans(read: Reader) -> list[Plan]:
    """The plan of every round, of seeds that solve up to `REACH`."""
    grid = read(GRID)
    made = [plan(grid)]
    while not all(search.ended for search in made[-1].searches):
        rows = [
            {"trial": each.id, "outcome": "solved" if each.length <= REACH[each.seed] else "chance"}
            for each in made[-1].trials
        ]
        frame = pd.DataFrame(rows).assign(solved_at=np.nan, validation_loss=0.5, budget=3000.0)
        made.append(plan(grid, frame))
    return made


def shown(renderable: Any, width: int = 110) -> str:
    written = io.StringIO()
    Console(file=written, width=width).print(renderable)
    return written.getvalue()


def test_status_shows_brackets_closing(plans: list[Plan]) -> None:
    assert searches_in_words(plans[0].searches) == "0 of 2 searches have ended"
    assert "not started" in shown(search_table(plans[0].searches))
    under_way = shown(search_table(plans[2].searches))
    assert "solved 8" in under_way
    assert "failed" not in under_way
    assert "closing" in under_way
    last = shown(search_table(plans[-1].searches))
    assert "2 of 2 searches have ended" in last
    assert "solved 11, failed 17" in last
    assert "solved 40" in last
    assert "closing" not in last
    first, second = search_facts(plans[-1].searches)
    assert (first["solved"], first["failed"], first["ended"]) == (11, 17, True)
    assert (second["solved"], second["failed"]) == (40, None)


def test_of_many_searches_those_that_have_ended_are_only_counted(plans: list[Plan]) -> None:
    many = [*plans[-1].searches * MOST, plans[1].searches[0]]
    text = shown(search_table(many))
    assert f"{2 * MOST} of {2 * MOST + 1} searches have ended" in text
    assert text.count("delayed_recall") == 1


def test_the_board_shows_the_bracket_that_a_running_trial_closes(plans: list[Plan]) -> None:
    board = Board(Console(file=io.StringIO(), width=110))
    current = plans[2]
    board.start(current, finished=0)
    running = max((each for each in current.trials if each.seed == 1000), key=lambda each: each.length)
    board.observe(running, Started(running.id))
    text = shown(board._picture())
    assert f"plain on delayed_recall {running.length}, seed 1000 (solved 8): compiling" in text
    assert "0 of 2 searches have ended" in text
    assert "0 of 2 searches have ended" in board._line()


def test_the_summary_says_what_the_statistics_say() -> None:
    lengths = (10, 20, 40, 80)
    reach = {"plain": [0, 1, 1, 2, 1, 1], "gru": [4, 3, 3, 4, 2, 3]}
    rows = complete(pd.DataFrame([
        trial(method, "adding", length, 1000 + seed, solved=place < own)
        for method, places in reach.items()
        for seed, own in enumerate(places)
        for place, length in enumerate(lengths)
    ]))  # fmt: skip
    declared = Declared(baseline="plain", searched={"adding": lengths})
    arrays = task_arrays(rows, declared)
    pairs = pairwise(rows, arrays, declared)
    assert factor_lines(pairs) == [f"gru {pairs['text'][0]}"]
    assert factor_lines(pairs)[0].startswith("gru remembers at least ")
    table = shown(
        horizon_table(find_brackets(arrays), pd.Series({"plain": 10, "gru": 30}), ["plain", "gru"], 0.05), 200
    )
    assert "<10, 10-20, 10-20, 20-40, 10-20, 10-20" in table
    assert "80+, 40-80, 40-80, 80+, 20-40, 40-80" in table
    assert "6 of 6" in table
