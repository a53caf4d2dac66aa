"""The shipped grids: each reads, plans, says what it asks and what it costs, and says so truly."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from seqbench.grid.read import find_grid, read_grid
from seqbench.plan.plan import Plan, plan

GRIDS = sorted(Path(__file__).parents[2].joinpath("experiments").glob("*.yaml"))
ZOO = {"windows", "directions", "controls", "depth", "sequence_types", "digits", "language_model"}
LONG = {"agreement", "directions", "english", "fact_recall", "horizon", "long", "longest"}
LONG |= {"factorial", "factorial_adding", "factorial_agreement", "factorial_sgd"}
"""Grids that take more than a few minutes, and say so."""

FIVE_MINUTES = 300.0
CORES = 2

IN_STEP = ("agreement", "entity_tagging")
WRITTEN_AFTERWARDS = ("reverse", "number_words (to digits)", "number_words (to words)", "count_out")
IMPOSSIBLE = {
    "sequence_types": {("in step", task) for task in WRITTEN_AFTERWARDS}
    | {("encoder-decoder", task) for task in IN_STEP},
}
"""Pairs of method and task that a grid names although they make no sense, because that is part of its answer."""


@cache
def planned(path: Path) -> Plan:
    return plan(read_grid(path))


def header(path: Path) -> str:
    """The comment a grid begins with, as one line of text."""
    lines = path.read_text("utf-8").splitlines()
    comment = lines[: next(index for index, line in enumerate(lines) if not line.startswith("#"))]
    return " ".join(" ".join(line.lstrip("#") for line in comment).split())


every_grid = pytest.mark.parametrize("path", GRIDS, ids=lambda path: path.stem)


def test_there_is_a_grid_for_every_family_and_each_is_found_by_its_name() -> None:
    names = {path.stem for path in GRIDS}
    assert {"quickstart", "factorial"} | ZOO <= names
    assert [find_grid(path.stem).resolve() for path in GRIDS] == [path.resolve() for path in GRIDS]


@every_grid
def test_a_header_says_question_source_and_cost(path: Path) -> None:
    text = header(path)
    assert "?" in text.partition("Source")[0]
    assert re.search(r"Source:? +\S.* Cost:? +\S", text)


@every_grid
def test_a_header_counts_its_trials_and_programs_as_the_plan_does(path: Path) -> None:
    cost = header(path).partition("Cost")[2].replace(",", "")
    counts = re.search(r"(\d+) trials\D+(\d+) compil", cost)
    assert counts is not None
    trials, programs = map(int, counts.groups())
    known, to_come = len(planned(path).trials) + planned(path).waiting, planned(path).to_come
    assert known <= trials <= known + to_come.most_trials
    assert trials == known or planned(path).searches
    assert programs == len(planned(path).groups)


@every_grid
def test_only_the_pairs_meant_to_be_impossible_are(path: Path) -> None:
    found = {(pair.method, pair.task) for pair in planned(path).incompatible}
    assert found == IMPOSSIBLE.get(path.stem, set())


@every_grid
def test_every_method_is_trained_on_three_seeds_or_more_at_every_length(path: Path) -> None:
    seeds: dict[tuple[str, str, int], set[int]] = {}
    for trial in planned(path).trials:
        seeds.setdefault((trial.method, trial.task_label, trial.length), set()).add(trial.seed)
    # A search asks for its reporting seeds once settings have been chosen.
    own = read_grid(path).seeds
    reported = own if isinstance(own, int) else len(own)
    assert min(map(len, seeds.values())) >= 3 or (planned(path).unfolding and reported >= 3)


@every_grid
def test_what_is_not_said_to_be_long_is_estimated_under_five_minutes(path: Path) -> None:
    seconds = planned(path).estimate(CORES).seconds
    assert (seconds > FIVE_MINUTES) == (path.stem in LONG)
