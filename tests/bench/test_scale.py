"""The simulated grid: its driver keeps every trial as one that was trained, without training it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqbench.bench.replayed import Replay
from seqbench.bench.scale import scaled_grid, time_scale
from seqbench.execution.events import Finished
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.store.trials import TrialStore

CURVE = [{"step": step, "train_loss": 1.0, "seconds": 0.1} for step in (40, 80)]
TRAINED = Finished("trained", {"outcome": "partial", "steps": 80}, CURVE, [], [], None, {"jax": "1"})


def test_every_trial_is_kept_once_with_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "scaled.yaml"
    path.write_text(scaled_grid(100).replace("question", "probes: none\nquestion"))
    grid, events = read_grid(path), []
    run_grid(grid, tmp_path / "results", workers=2, place=Replay(TRAINED, workers=2),
             observe=lambda trial, event: events.append(event.event))  # fmt: skip
    records = TrialStore(tmp_path / "results").read()[0]
    assert {record.trial for record in records} == {trial.id for trial in plan(grid).trials}
    assert all(record.curve == CURVE for record in records)
    assert sorted(events) == ["finished"] * 100 + ["interval"] * 200 + ["started"] * 100


@pytest.mark.slow
def test_the_rows_say_what_a_driver_costs(tmp_path: Path) -> None:
    [row] = time_scale(say=lambda line: None, trials=[100])
    assert (row["trials"], row["events"], row["files_a_folder"]) == (100, 600, 100)
    assert row["time_ratio"] == row["training_memory_ratio"] == 1
    assert all(row[f"{phase}_ms_a_trial"] > 0 for phase in ("run", "open", "report", "mirror"))
    assert json.loads(json.dumps(row)) == row
