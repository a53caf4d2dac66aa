"""A plan that cannot be meant is refused."""

from __future__ import annotations

import pytest

from seqbench.errors import UsageError
from seqbench.stats.preregistration import Declared, declared_in
from seqbench.store.plan_file import LeftOut, PlanFile


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"outcome": "vibes"}, "choose one of horizon"),
        ({"comparisons": "some"}, "choose baseline, alone, all"),
        ({"alpha": 5}, "between 0 and 1"),
        ({"tau": 95}, "for example 0.95"),
        ({"sensitivity": (0.9, 99)}, "for example 0.95"),
    ],
)
def test_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        Declared(**settings)


def test_lists_from_a_file_are_meant_as_tuples():
    plan = Declared(comparisons=[["gru", "plain"]], sensitivity=[0.9])
    assert (plan.comparisons, plan.sensitivity) == ((("gru", "plain"),), (0.9,))


def test_what_the_plan_found_impossible_is_part_of_what_was_laid_down():
    left_out = (LeftOut("skip", "adding", "too far", (10,)), LeftOut("skip", "adding", "too wide", (14, 10)))
    found = declared_in(PlanFile(incompatible=left_out))
    assert found.impossible == {"adding": {"skip": (10, 14)}}
    assert declared_in(PlanFile()).impossible == {}
