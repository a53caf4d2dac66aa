"""How far a trial that was trained again is from what it was: worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from seqbench.stats.reproduction import largest_difference, relative_differences
from seqbench.store.plan_file import PlanFile
from seqbench.store.records import Record
from seqbench.store.results import results_of
from seqbench.store.trial_label import TrialLabel

LABEL = TrialLabel("plain", "delayed_recall", 5, 1000, 0.001, "reporting")
PLAN = PlanFile(trials={"a": LABEL, "b": LABEL})
RECORD = Record(
    trial="a",
    settings={},
    row={"outcome": "partial", "steps": 20, "accuracy": 0.5, "loss": 2.0, "seconds": 1.0},
    environment={},
    curve=[{"step": 10, "train_loss": 4.0, "seconds": 0.1}, {"step": 20, "train_loss": 3.0, "seconds": 0.2}],
    probes=[{"step": 0, "probe": "gradient", "distance": 1, "value": 0.25}],
    probed=["gradient"],
    parameters=None,
)


def difference(retrained=False, **changed):
    results = (results_of([each], PLAN) for each in (RECORD, replace(RECORD, **changed)))
    return largest_difference(*results, "a", retrained=retrained)


def test_equal_numbers_have_no_difference_whatever_the_clock_says():
    slower = [row | {"seconds": 9.0} for row in RECORD.curve]
    assert difference(row=RECORD.row | {"seconds": 9.0}, curve=slower) is None


@pytest.mark.parametrize(
    ("changed", "relative", "where"),
    [
        ({"row": RECORD.row | {"loss": 2.5}}, 0.2, "loss"),
        ({"curve": [RECORD.curve[0], {"step": 20, "train_loss": 1.5}]}, 0.5, "train_loss at step 20"),
        ({"probes": [{"step": 0, "probe": "gradient", "distance": 1, "value": 0.2}]}, 0.2,
         "gradient at step 0, distance 1"),
        ({"row": RECORD.row | {"outcome": "solved"}}, math.inf, "outcome"),
        ({"row": RECORD.row | {"accuracy": None}}, math.inf, "accuracy"),
        ({"curve": RECORD.curve[:1]}, math.inf, "curves at step 20"),
    ],
)  # fmt: skip
def test_the_largest_difference_is_given_with_its_place(changed, relative, where):
    found = difference(**changed)
    assert found.relative == pytest.approx(relative, rel=1e-12)
    assert found.where == where


def test_the_last_bit_counts():
    found = difference(row=RECORD.row | {"loss": np.nextafter(2.0, 3.0)})
    assert found.relative == pytest.approx(2.0**-52)


def test_what_was_not_measured_then_is_not_compared():
    more = [*RECORD.probes, {"step": 0, "probe": "jacobian", "distance": None, "value": 1.0}]
    assert difference(row=RECORD.row | {"gradient_norm": 1.0}, probes=more) is None


def test_measurements_that_a_copy_lacks_are_not_compared_and_the_others_are():
    farther = [*RECORD.probes, {"step": 0, "probe": "gradient", "distance": 2, "value": 0.5}]
    assert difference(probes=farther) is None
    assert difference(probes=[farther[0] | {"value": 0.5}, farther[1]]).where == "gradient at step 0, distance 1"


def test_a_trial_trained_again_must_measure_all_that_was_measured():
    found = difference(retrained=True, probes=[])
    assert found == (math.inf, "gradient at step 0, distance 1", "a row", "none")
    assert difference(probes=[]) is None  # a copy may lack it
    farther = [*RECORD.probes, {"step": 0, "probe": "gradient", "distance": 2, "value": 0.5}]
    assert difference(retrained=True, probes=farther) is None  # the committed copy had fewer


def test_a_trial_trained_again_with_other_probes_is_compared_as_far_as_both_go():
    assert difference(retrained=True, probes=[], probed=["state"]) is None


def test_where_it_is_not_known_which_probes_were_read_none_is_missing():
    older, again = (results_of([each], PLAN) for each in (RECORD, replace(RECORD, probes=[])))
    older.trials["probed"] = None
    assert largest_difference(older, again, "a", retrained=True) is None


def test_one_trial_without_a_number_that_others_have_differs_from_one_with_it():
    other = replace(RECORD, trial="b", row=RECORD.row | {"solved_at": 10})
    again = replace(RECORD, row=RECORD.row | {"solved_at": 20})
    found = largest_difference(results_of([RECORD, other], PLAN), results_of([again], PLAN), "a")
    assert (found.relative, found.where) == (math.inf, "solved_at")


def test_relative_differences_of_infinities_zeros_and_absent_numbers():
    inf, nan = math.inf, math.nan
    one, other = np.array([inf, inf, 0.0, 0.0, nan, nan, -1.0]), np.array([inf, -inf, 0.0, 1e-9, nan, 1.0, 1.0])
    assert relative_differences(one, other).tolist() == [0.0, inf, 0.0, 1.0, 0.0, inf, 2.0]
