"""A results folder that is another grid's, or on a full disk: a message and an exit code, and nothing in it changes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.full_disk import room_for

GRID = """
question: {question}
tasks: [delayed_recall]
lengths: [2]
seeds: {seeds}
model: {{stacked: {{width: 4}}}}
training: {{steps: {steps}, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 256}}
methods: [{{name: vanilla, cell: vanilla}}]
"""


def run(grid: Path, results: Path) -> subprocess.CompletedProcess[str]:
    return seqbench("run", grid, results, "--no-tracking", "-q")


def seqbench(verb: str, grid: Path, results: Path, *options: str) -> subprocess.CompletedProcess[str]:
    code = "from seqbench.entry import main; main()"
    command = [sys.executable, "-c", code, verb, str(grid), "--results", str(results), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def write_grid(folder: Path, *, question: str = "Same?", seeds: int = 2, steps: int = 20) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "same.yaml"
    path.write_text(GRID.format(question=question, seeds=seeds, steps=steps))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a grid whose two trials have finished."""
    place = tmp_path_factory.mktemp("finished")
    done = run(write_grid(place), place / "results")
    assert done.returncode == 0, done.stderr
    return place / "results"


def test_another_grid_of_the_same_name_is_refused_and_a_moved_one_is_not(results: Path, tmp_path: Path) -> None:
    before = contents(results)
    done = run(write_grid(tmp_path / "other", question="Another?", steps=30), results)
    assert done.returncode == 2, done.stderr
    assert f"{results / 'same'} holds the results of another grid" in done.stderr
    assert "--results" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(results) == before
    moved = run(write_grid(tmp_path / "moved", question="Reworded?"), results)
    assert moved.returncode == 0, moved.stderr


@pytest.mark.parametrize("verb", ["status", "report", "track"])
def test_results_of_a_namesake_are_not_shown_as_a_grids_own(verb: str, results: Path, tmp_path: Path) -> None:
    before = contents(results)
    done = seqbench(verb, write_grid(tmp_path, question="Another?", steps=30), results)
    assert done.returncode == 2, done.stderr
    assert f"{results / 'same'} holds the results of another grid" in done.stderr
    assert contents(results) == before


def test_a_file_that_is_no_grid_any_more_still_has_its_report(results: Path, tmp_path: Path) -> None:
    (tmp_path / "same.yaml").write_text("question: [")
    done = seqbench("report", tmp_path / "same.yaml", results)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("report.html")


@pytest.mark.parametrize("change", ["probes: [jacobian]", "keep_parameters: true"])
def test_status_counts_as_run_does_what_finished_trials_lack(change: str, results: Path, tmp_path: Path) -> None:
    path = write_grid(tmp_path)
    assert json.loads(seqbench("status", path, results, "--json").stdout)["finished"] == 2
    path.write_text(f"{path.read_text()}{change}\n")
    status = json.loads(seqbench("status", path, results, "--json").stdout)
    assert [status[key] for key in ("planned", "finished", "incomplete", "missing")] == [2, 0, 2, 0]
    assert sum(status["outcomes"].values()) == 2
    said = seqbench("status", path, results).stdout
    assert "0 of 2 trials finished" in said
    assert "2 trials have finished without" in said


def test_a_full_disk_is_exit_code_4_and_counts_what_is_safe(results: Path) -> None:
    before = contents(results)
    with room_for(2000):  # children inherit the limit
        done = run(write_grid(results.parent, seeds=3), results)
    assert done.returncode == 4, done.stderr
    assert f"Disk full: {results / 'same' / 'plan.json'} could not be written" in done.stderr
    assert "2 finished trials are safe. Free space, then run the same command again." in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(results) == before
