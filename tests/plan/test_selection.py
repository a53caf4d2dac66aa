from __future__ import annotations

import pandas as pd
import pytest

from seqbench.plan.selection import LOOKED_AT, KnownResults, choose

RATES = [0.001, 0.01, 0.1]
TRIALS = [["e", "f"], ["c", "d"], ["a", "b"]]
BUDGET = 1000.0


def results(**rows: tuple[str | None, float | None, float | None]) -> pd.DataFrame:
    """One row a trial: outcome, solved_at, validation loss; test figures that would choose otherwise."""
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=LOOKED_AT[:3])
    frame = frame.rename_axis("trial").reset_index()
    return frame.assign(budget=BUDGET, accuracy=range(len(rows)), loss=range(len(rows)))


def rate_of(frame: pd.DataFrame | None) -> float | None:
    """The learning rate chosen from the three tried, two trials each."""
    place = choose(KnownResults(frame), TRIALS)
    return None if place is None else RATES[place]


SOLVED = ("solved", 100.0, 0.1)
FAILED = ("chance", None, 0.5)
DIVERGED = ("diverged", None, 0.2)


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        # the largest share solved wins, whatever the loss
        ({"a": FAILED, "b": FAILED, "c": ("solved", 9.0, 3.0), "d": FAILED, "e": FAILED, "f": FAILED}, 0.01),
        # nothing solved: the smaller loss
        ({"a": FAILED, "b": ("partial", None, 0.4), "c": FAILED, "d": FAILED, "e": FAILED, "f": FAILED}, 0.1),
        # equal shares: fewest steps, failures with the whole budget: (100 + 1000) / 2 against (600 + 1000) / 2
        ({"a": ("solved", 600.0, 0.0), "b": FAILED, "c": FAILED, "d": SOLVED, "e": FAILED, "f": FAILED}, 0.01),
        # the mean, not the best: (400 + 400) / 2 against (100 + 900) / 2
        (
            {
                "a": ("solved", 100.0, 0.0),
                "b": ("solved", 900.0, 0.0),
                "c": ("solved", 400.0, 0.9),
                "d": ("solved", 400.0, 0.9),
                "e": FAILED,
                "f": FAILED,
            },
            0.01,
        ),
        # equal shares and steps: the smaller loss
        ({"a": SOLVED, "b": FAILED, "c": SOLVED, "d": ("chance", None, 0.4), "e": FAILED, "f": FAILED}, 0.01),
        # a step before divergence is no step to solve
        ({"a": ("diverged", 50.0, 0.1), "b": SOLVED, "c": FAILED, "d": SOLVED, "e": FAILED, "f": FAILED}, 0.01),
        # all equal: the smaller rate
        (dict.fromkeys("abcdef", FAILED), 0.001),
        (dict.fromkeys("abcdef", SOLVED), 0.001),
        # a trial that diverged is worst, however small its last loss
        ({"a": DIVERGED, "b": FAILED, "c": FAILED, "d": FAILED, "e": DIVERGED, "f": FAILED}, 0.01),
        # solved on the way and then diverged is not solved
        ({"a": ("diverged", 50.0, 0.1), "b": SOLVED, "c": SOLVED, "d": SOLVED, "e": FAILED, "f": FAILED}, 0.01),
        # nothing is finite: fewer diverged
        ({"a": DIVERGED, "b": DIVERGED, "c": DIVERGED, "d": FAILED, "e": DIVERGED, "f": DIVERGED}, 0.01),
        # a missing validation loss is no good loss
        (
            {
                "a": ("chance", None, None),
                "b": FAILED,
                "c": FAILED,
                "d": FAILED,
                "e": ("chance", None, None),
                "f": FAILED,
            },
            0.01,
        ),
    ],
)
def test_the_best_on_validation_data_is_chosen(rows: dict, chosen: float) -> None:
    assert rate_of(results(**rows)) == chosen


def test_nothing_is_chosen_while_a_trial_is_missing() -> None:
    complete = dict.fromkeys("abcdef", SOLVED)
    assert rate_of(None) is None
    assert rate_of(results(**complete).iloc[:0]) is None
    assert rate_of(results(**complete).iloc[1:]) is None
    assert rate_of(results(**{**complete, "a": (None, None, None)})) is None


def test_test_data_and_other_trials_change_nothing() -> None:
    rows = {"a": FAILED, "b": FAILED, "c": SOLVED, "d": FAILED, "e": FAILED, "f": FAILED}
    frame = results(**rows, reported=SOLVED)
    assert rate_of(frame) == 0.01
    assert rate_of(frame.assign(accuracy=frame["accuracy"][::-1].to_numpy())) == 0.01
    assert rate_of(frame.drop(columns=["accuracy", "loss"])) == 0.01


def test_whether_a_trial_is_solved_on_test_data_is_not_seen() -> None:
    rows = {"a": FAILED, "b": FAILED, "c": ("solved", None, 0.5), "d": FAILED, "e": FAILED, "f": FAILED}
    assert rate_of(results(**rows)) == 0.001
