"""Looking at a folder that fills: each file is read once, and what is seen is what lies there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqbench.stats.gradient_norms import before_training
from seqbench.store import plain_file, records
from seqbench.store.results import load
from seqbench.store.trials import TrialStore
from seqbench.tracking.arrivals import Arrivals
from tests.tracking.frames import plan_of, record_of, trial


def some(count: int) -> list[dict[str, Any]]:
    """Trials with a gradient by distance among their probes."""
    return [
        trial("lstm" if place % 2 else "gru", 10, place, 0.5 + place / 100)
        | {
            "trial": f"t{place:03}",
            "probes": [
                {"step": step, "probe": probe, "distance": distance, "value": 1.0}
                for step, probe, distance in ((0, "gradient_norm", 1), (0, "gradient_norm", 0), (9, "influence", 1))
            ],
        }
        for place in range(count)
    ]


def write_plan(folder: Path, trials: list[dict[str, Any]], **changes: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "new.json").write_text(json.dumps(plan_of(trials) | changes))
    (folder / "new.json").rename(folder / "plan.json")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the content of each trial's file is read."""
    counted: Counter[str] = Counter()

    def read_bytes(path: Path) -> bytes:
        counted[path.name] += 1
        return plain_file.read_bytes(path)

    monkeypatch.setattr(records, "read_bytes", read_bytes)
    return counted


def by_trial(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("trial", kind="stable").reset_index(drop=True)


def test_each_trial_is_read_once_however_often_one_looks(tmp_path: Path, reads: Counter[str]) -> None:
    trials, folder = some(30), tmp_path / "toy"
    write_plan(folder, trials)
    arrivals, seen = Arrivals(folder), 0
    for one in trials:
        TrialStore(folder).write(record_of(one))
        seen += arrivals.look()
        assert arrivals.look() == 0
    assert seen == arrivals.count == 30
    assert set(reads.values()) == {1}
    assert len(reads) == 30


def test_what_is_seen_is_what_lies_there(tmp_path: Path) -> None:
    trials, folder = some(7), tmp_path / "toy"
    write_plan(folder, trials)
    arrivals = Arrivals(folder)
    for one in reversed(trials):
        TrialStore(folder).write(record_of(one))
        arrivals.look()
    here = load(folder)
    pd.testing.assert_frame_equal(by_trial(arrivals.results), here.finished)
    pd.testing.assert_frame_equal(by_trial(arrivals.curves), here.curves)
    expected = before_training(here.probes).reset_index(drop=True)
    pd.testing.assert_frame_equal(by_trial(arrivals.probes), expected)
    assert len(expected) == 7


def test_curves_are_kept_until_their_trial_is_settled(tmp_path: Path) -> None:
    trials, folder = some(3), tmp_path / "toy"
    write_plan(folder, trials)
    for one in trials:
        TrialStore(folder).write(record_of(one))
    arrivals = Arrivals(folder)
    arrivals.look()
    arrivals.settle({"t000", "t002", "of another grid"})
    assert arrivals.pending == {"t001"}
    assert list(arrivals.unsettled()["trial"]) == ["t001"]
    assert set(arrivals.curves["trial"]) == {"t001"}
    assert len(arrivals.results) == 3


def test_a_trial_that_was_trained_again_comes_again(tmp_path: Path) -> None:
    trials, folder = some(2), tmp_path / "toy"
    write_plan(folder, trials)
    store, arrivals = TrialStore(folder), Arrivals(folder)
    for one in trials:
        store.write(record_of(one))
    arrivals.look()
    arrivals.settle({"t000", "t001"})
    trials[0]["row"]["accuracy"] = 0.25
    store.write(record_of(trials[0]))
    assert arrivals.look() == 1
    assert arrivals.pending == {"t000"}
    assert dict(zip(arrivals.results["trial"], arrivals.results["accuracy"], strict=True)) == {
        "t001": 0.51,
        "t000": 0.25,
    }
    assert len(arrivals.probes) == 2


def test_trials_that_the_plan_does_not_know_wait_until_it_does(tmp_path: Path, reads: Counter[str]) -> None:
    trials, folder = some(4), tmp_path / "toy"
    arrivals = Arrivals(folder)
    assert arrivals.look() == 0
    write_plan(folder, trials[:2])
    for one in trials:
        TrialStore(folder).write(record_of(one))
    assert arrivals.look() == 2
    write_plan(folder, trials)
    assert arrivals.look() == 2
    assert len(arrivals.results) == 4
    assert set(reads.values()) == {1}


def test_a_plan_that_labels_trials_otherwise_begins_anew(tmp_path: Path) -> None:
    trials, folder = some(2), tmp_path / "toy"
    write_plan(folder, trials)
    for one in trials:
        TrialStore(folder).write(record_of(one))
    arrivals = Arrivals(folder)
    arrivals.look()
    write_plan(folder, [one | {"method": "renamed"} for one in trials], factors=[])
    assert arrivals.look() == 2
    assert set(arrivals.results["method"]) == {"renamed"}
    assert "gating" not in arrivals.results.columns
    pd.testing.assert_frame_equal(arrivals.results, load(folder).finished)


def test_a_damaged_file_is_passed_over_and_its_trial_comes_when_it_is_whole(tmp_path: Path) -> None:
    trials, folder = some(2), tmp_path / "toy"
    write_plan(folder, trials)
    for one in trials:
        TrialStore(folder).write(record_of(one))
    (folder / "trials" / "t000.json").write_text("{")
    arrivals = Arrivals(folder)
    assert (arrivals.look(), arrivals.look()) == (1, 0)
    TrialStore(folder).read(quarantine=True)
    assert arrivals.look() == 0
    TrialStore(folder).write(record_of(trials[0]))
    assert arrivals.look() == 1
    assert len(arrivals.results) == 2
