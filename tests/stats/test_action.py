"""What remedies did, gathered from results and probes by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.action import COLUMNS, proof_of_action


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


def test_the_skip_path_is_read_at_the_dependency_length():
    probes = probed(*(("a", 0, "skip_share", distance, distance / 100) for distance in (12, 0, 5, 10)))
    assert proof_of_action(pd.DataFrame([trial("a", "skipping")]), probes)["skip_share_start"].item() == 0.1


def test_nothing_probed_and_nothing_finished_are_no_errors():
    results = pd.DataFrame([trial("a", "clipped")])
    empty = pd.DataFrame(columns=["trial", "step", "probe", "distance", "value"])
    assert list(proof_of_action(results, empty).columns) == COLUMNS
    assert proof_of_action(results, empty)["clipped_share"].item() == 0.25
    assert proof_of_action(results.assign(outcome=None), empty).empty
