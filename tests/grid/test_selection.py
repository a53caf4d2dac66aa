from __future__ import annotations

import pandas as pd
import pytest

from seqbench.grid.selection import LOOKED_AT, choose_rate

TRIALS = {0.1: ["a", "b"], 0.01: ["c", "d"], 0.001: ["e", "f"]}


def results(**rows: tuple[str | None, float | None, float | None]) -> pd.DataFrame:
    """One row a trial: outcome, solved_at, validation loss; test figures that would choose otherwise."""
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=LOOKED_AT)
    return frame.rename_axis("trial").reset_index().assign(accuracy=range(len(rows)), loss=range(len(rows)))


SOLVED = ("solved", 100.0, 0.1)
FAILED = ("chance", None, 0.5)
DIVERGED = ("diverged", None, 0.2)


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        # the largest share solved wins, whatever the loss
        ({"a": FAILED, "b": FAILED, "c": ("solved", 9.0, 3.0), "d": FAILED, "e": FAILED, "f": FAILED}, 0.01),
        # equal shares: the smaller loss
        ({"a": FAILED, "b": ("partial", None, 0.4), "c": FAILED, "d": FAILED, "e": FAILED, "f": FAILED}, 0.1),
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
    assert choose_rate(results(**rows), TRIALS) == chosen


def test_nothing_is_chosen_while_a_trial_is_missing() -> None:
    complete = dict.fromkeys("abcdef", SOLVED)
    assert choose_rate(None, TRIALS) is None
    assert choose_rate(results(**complete).iloc[:0], TRIALS) is None
    assert choose_rate(results(**complete).iloc[1:], TRIALS) is None
    assert choose_rate(results(**{**complete, "a": (None, None, None)}), TRIALS) is None


def test_test_data_and_other_trials_change_nothing() -> None:
    rows = {"a": FAILED, "b": FAILED, "c": SOLVED, "d": FAILED, "e": FAILED, "f": FAILED}
    frame = results(**rows, reported=SOLVED)
    assert choose_rate(frame, TRIALS) == 0.01
    assert choose_rate(frame.assign(accuracy=frame["accuracy"][::-1].to_numpy()), TRIALS) == 0.01
    assert choose_rate(frame.drop(columns=["accuracy", "loss"]), TRIALS) == 0.01


def test_whether_a_trial_is_solved_on_test_data_is_not_seen() -> None:
    rows = {"a": FAILED, "b": FAILED, "c": ("solved", None, 0.5), "d": FAILED, "e": FAILED, "f": FAILED}
    assert choose_rate(results(**rows), TRIALS) == 0.001
