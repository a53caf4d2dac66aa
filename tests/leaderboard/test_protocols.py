"""What must agree for results to stand in one table, and the reason where something does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seqbench.leaderboard.boards import build_boards
from seqbench.leaderboard.sources import read_sources
from seqbench.store.plan_file import load_plan, write_plan

SIX = [10, 10, 20, 20, 40, 40]


def boards(results: Path):
    return build_boards(read_sources(results)[0])


def test_another_budget_stands_apart_and_says_so(make):
    ours = make("ours", {"vanilla": SIX, "GRU": [80] * 6})
    make("theirs", {"vanilla": SIX}, budget=5000)
    first, second = boards(ours.parent)
    assert first.apart == ""
    assert second.apart == "training steps: 5,000 instead of 1,000"


def test_other_training_lengths_stand_apart_and_say_so(make):
    ours = make("ours", {"vanilla": SIX, "GRU": [80] * 6})
    theirs = make("theirs", {"clipped": SIX}, of="theirs")
    plan = load_plan(theirs)
    write_plan(theirs, replace(plan, declared={**plan.declared, "training_lengths": "from 2"}))
    first, second = boards(ours.parent)
    assert first.apart == ""
    assert second.apart == "training lengths: from 2 instead of as tested"


def test_the_same_training_lengths_and_schedules_join_whatever_the_methods_are_called_and_in_which_order(make):
    ours = make("ours", {"vanilla": SIX, "GRU": [80] * 6})
    theirs = make("theirs", {"clipped": SIX}, of="theirs")
    orders = (("GRU", ("cosine", "warmup")), ("clipped", ("warmup", "cosine")))
    for folder, (method, (first, second)) in zip((ours, theirs), orders, strict=True):
        plan = load_plan(folder)
        text = plan.grid_text
        for name, schedule in (("vanilla", first), ("clipped", second)):
            text = text.replace(f"{{name: {name}, ", f"{{name: {name}, training: {{schedule: {schedule}}}, ")
        assert text.index(first) < text.index(second)
        words = f"{method}: from 2; the others: at the dependency length"
        write_plan(folder, replace(plan, declared={**plan.declared, "training_lengths": words}, grid_text=text))
    assert len(boards(ours.parent)) == 1


@pytest.mark.parametrize(
    ("grid", "method", "shown"),
    [
        ({"name": "cosine", "settings": {"warmup": 0}}, "", "cosine"),
        ({"name": "step", "settings": {"at": [0.5, 0.75], "factor": 0.5}}, "", "step (factor 0.5)"),
        ({"name": "constant", "settings": {}}, "training: {schedule: warmup}, ", "constant, warmup"),
        ({"name": "cosine", "settings": {"warmup": 0}}, "training: {schedule: {warmup: 9}}, ",
         "cosine, cosine (warmup 9)"),
    ],
)  # fmt: skip
def test_another_schedule_stands_apart_and_says_so(make, grid, method, shown):
    ours = make("ours", {"vanilla": SIX, "GRU": [80] * 6})
    theirs = make("theirs", {"clipped": SIX}, of="theirs")
    plan = load_plan(theirs)
    text = plan.grid_text.replace("{name: clipped, ", "{name: clipped, " + method)
    write_plan(theirs, replace(plan, training={**plan.training, "schedule": grid}, grid_text=text))
    first, second = boards(ours.parent)
    assert first.apart == ""
    assert second.apart == f"schedule: {shown} instead of constant"


def test_other_settings_of_a_task_are_another_task_and_defaults_are_none(make):
    ours = make("ours", {"vanilla": SIX}, task="delayed_recall")
    make("same", {"GRU": SIX}, task="{delayed_recall: {symbols: 8}}", of="same")
    make("other", {"vanilla": SIX}, task="{delayed_recall: {symbols: 4}}", of="other")
    found = boards(ours.parent)
    assert [(board.protocol.task, len(board.entries), board.apart) for board in found] == [
        ("delayed_recall", 2, ""),
        ("delayed_recall (symbols 4)", 1, ""),
    ]
