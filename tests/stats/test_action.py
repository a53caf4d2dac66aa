"""What remedies did, gathered from results and probes by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.action import COLUMNS, proof_of_action, remedies_that_acted
from seqbench.traces import Remedy, Trace


def trial(name: str, method: str, *, purpose: str = "reporting", **figures: float) -> dict:
    known = {"gradient_norm": 2.0, "gradient_norm_after": 1.0, "shrink_factor": 0.5, "clipped_share": 0.25}
    return {
        "trial": name, "method": method, "task": "adding", "length": 10, "purpose": purpose, "outcome": "solved",
        "clipped_entries": 0.5, **known, **figures,
    }  # fmt: skip


def probed(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["trial", "step", "probe", "distance", "value"])
    return frame.astype({"distance": "Int64", "step": "Int64"})


def test_medians_over_reporting_trials_before_and_after_training():
    results = pd.DataFrame([
        trial("a", "clipped"), trial("b", "clipped", gradient_norm=np.inf), trial("c", "clipped", gradient_norm=4.0),
        trial("d", "clipped", gradient_norm=100.0, purpose="tuning"), trial("e", "free"),
    ])  # fmt: skip
    probes = probed(
        ("a", 0, "spectral_radius", None, 1.0), ("a", 500, "spectral_radius", None, 3.0),
        ("a", 100, "spectral_radius", None, 2.0), ("b", 0, "spectral_radius", None, 1.2),
        ("d", 0, "spectral_radius", None, 50.0), ("a", 0, "lyapunov_1", None, 7.0),
    )  # fmt: skip
    found = proof_of_action(results, probes).set_index("method")
    assert list(found.index) == ["clipped", "free"]
    assert found.loc["clipped", ["n", "gradient_norm", "shrink_factor"]].tolist() == [3, 4.0, 0.5]
    assert found.loc["clipped", "spectral_radius_start"] == pytest.approx(1.1)
    assert found.loc["clipped", "spectral_radius_end"] == 3
    assert np.isnan(found.loc["free", "spectral_radius_start"])


def test_a_figure_that_overflowed_at_the_end_is_not_the_one_before():
    probes = probed(
        *(("a", step, "spectral_radius", None, value) for step, value in ((0, 1.0), (50, 3.0), (100, None)))
    )
    found = proof_of_action(pd.DataFrame([trial("a", "clipped")]), probes)
    assert found["spectral_radius_start"].item() == 1.0
    assert np.isnan(found["spectral_radius_end"].item())


def test_the_skip_path_is_read_at_the_dependency_length():
    probes = probed(*(("a", 0, "skip_share", distance, distance / 100) for distance in (12, 0, 5, 10)))
    assert proof_of_action(pd.DataFrame([trial("a", "skipping")]), probes)["skip_share_start"].item() == 0.1


def test_where_no_distance_is_the_dependency_length_the_next_one_beyond_is_read(grid):
    # Sequences go on after the dependency: states stand 0, 4, 14 and 30 steps before the end, and length is 10.
    distances = (30, 0, 14, 4)
    probes = probed(*(("a", 0, "skip_share", distance, distance / 100) for distance in distances))
    assert proof_of_action(pd.DataFrame([trial("a", "skipping")]), probes)["skip_share_start"].item() == 0.14
    results = grid({"skip": 1}, seeds=1, lengths=(10,))
    [one] = results["trial"]
    rows = [(one, 9, "path_share", distance, 0, distance / 100) for distance in distances]
    found = remedies_that_acted(results, of_remedies(*rows), {"skip": [Remedy("skip", (Trace.PATH,))]})
    assert found["median"].item() == 0.14


def test_nothing_probed_and_nothing_finished_are_no_errors():
    results = pd.DataFrame([trial("a", "clipped")])
    empty = pd.DataFrame(columns=["trial", "step", "probe", "distance", "value"])
    assert list(proof_of_action(results, empty).columns) == COLUMNS
    assert proof_of_action(results, empty)["clipped_share"].item() == 0.25
    assert proof_of_action(results.assign(outcome=None), empty).empty


def of_remedies(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["trial", "step", "probe", "distance", "remedy", "value"])


def test_each_remedy_is_credited_with_its_own_figure_alone(grid):
    results = grid({"both": 1}, seeds=2, lengths=(10,))
    one, two = results["trial"]
    probes = of_remedies(
        (one, 100, "steps_changed", None, 0, 0.0), (two, 100, "steps_changed", None, 0, 0.0),
        (one, 100, "steps_changed", None, 1, 1.0), (two, 100, "steps_changed", None, 1, 0.5),
        (one, 100, "gradient_changed", None, 0, 0.0), (one, 0, "start_change", None, 2, 0.25),
        (one, 0, "from_identity", None, None, 3.0),
    )  # fmt: skip
    remedies = {"both": [Remedy("clip", (Trace.GRADIENT,)), Remedy("mymodule:noise", (Trace.GRADIENT,)),
                         Remedy("init", (Trace.START,)), Remedy("norm", ())]}  # fmt: skip
    found = remedies_that_acted(results, probes, remedies).set_index("remedy")
    assert list(found.index) == ["clip", "mymodule:noise", "init"]
    assert found["acted"].tolist() == [0, 2, 1]
    assert found["trials"].tolist() == [2, 2, 1]
    assert found["active"].tolist() == [False, True, True]
    assert found["median"].tolist() == [0, 0.75, 0.25]
    assert found["figure"].tolist() == ["steps_changed", "steps_changed", "start_change"]


def test_a_share_is_read_at_the_dependency_length_and_acts_at_any_distance(grid):
    results = grid({"cut": 1}, seeds=1, lengths=(10,))
    [one] = results["trial"]
    rows = [
        (one, step, "share_held_back", distance, 0, float(distance > 10)) for step in (0, 9) for distance in (3, 10, 12)
    ]
    found = remedies_that_acted(results, of_remedies(*rows), {"cut": [Remedy("window", (Trace.BACKWARD,))]}).iloc[0]
    assert found["active"]
    assert found["median"] == 0


def test_an_inactive_remedy_that_gave_the_numbers_of_the_baseline_says_so(grid):
    results = grid({"plain": 1, "clipped": 1, "bound": 2}, seeds=2)
    changed = results["method"].map({"clipped": 0.0, "bound": 0.25})
    probes = of_remedies(*((t, 9, "steps_changed", None, 0, v) for t, v in zip(results["trial"], changed, strict=True)))
    clip = [Remedy("clip_value", (Trace.GRADIENT,))]
    found = remedies_that_acted(results, probes, {"clipped": clip, "bound": clip}, baseline="plain").set_index("method")
    assert found.loc["clipped", "equals_baseline"] is True
    assert found.loc["bound", "equals_baseline"] is None
    results.loc[results["method"] == "clipped", "loss"] += 1e-9
    again = remedies_that_acted(results, probes, {"clipped": clip}, baseline="plain")
    assert not again["equals_baseline"].item()
