"""A results folder that is another grid's, or on a full disk: a message and an exit code, and nothing in it changes."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from seqbench.commands.asked import Asked
from seqbench.commands.report import report
from seqbench.commands.status import status
from seqbench.commands.track import track
from seqbench.errors import GridError, StoreError
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.report.build import write_report
from seqbench.report.evidence import Evidence
from seqbench.store.results import load_results
from tests import forked
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
    return forked.seqbench(verb, grid, "--results", results, *options)


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
    shutil.copytree(results, tmp_path / "results")
    moved = run(write_grid(tmp_path / "moved", question="Reworded?"), tmp_path / "results")
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


def test_a_report_of_a_folder_that_goes_meanwhile_is_refused(results: Path, tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "results" / "same"
    shutil.copytree(results, tmp_path / "results")

    def write(evidence: Evidence, into: Path) -> Path:
        folder.rename(tmp_path / "elsewhere")
        return write_report(evidence, into)

    monkeypatch.setattr("seqbench.report.build.write_report", write)
    with pytest.raises(StoreError, match="is gone"):
        report(Asked(str(write_grid(tmp_path)), tmp_path / "results"))
    assert not folder.exists()


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


@pytest.fixture(params=["trial files", "tables alone, as in a clone"])
def own(request: pytest.FixtureRequest, results: Path, tmp_path: Path) -> Path:
    """A copy of the results."""
    shutil.copytree(results, tmp_path / "results")
    if request.param != "trial files":
        shutil.rmtree(tmp_path / "results" / "same" / "trials")
    return tmp_path / "results"


@pytest.mark.parametrize("name", ["same", "results/same", "elsewhere/same.yaml"])
def test_status_takes_every_name_that_report_takes(name: str, own: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(own.parent)
    status(Asked(name, own), as_json=True)
    facts = json.loads(capsys.readouterr().out)
    assert [facts[key] for key in ("grid", "planned", "finished", "missing")] == ["same", 2, 2, 0]
    status(Asked(name, own), as_json=False)
    assert "2 of 2 trials finished" in capsys.readouterr().out


def test_a_name_without_a_grid_and_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GridError, match="there is no such file and no shipped grid of that name"):
        status(Asked("same", tmp_path), as_json=False)


def test_results_without_their_plan_are_refused_by_its_name(own: Path) -> None:
    (own / "same" / "plan.json").unlink()
    asked = Asked(str(write_grid(own.parent)), own)
    for read in (asked.folder, lambda: load_results(own / "same")):
        with pytest.raises(StoreError, match=r"same has results, but no plan\.json"):
            read()


def test_status_of_tables_alone_says_what_they_hold(own: Path, capsys) -> None:
    grid = str(write_grid(own.parent))
    status(Asked(grid, own), as_json=True)
    facts = json.loads(capsys.readouterr().out)
    assert [facts[key] for key in ("planned", "finished", "missing")] == [2, 2, 0]
    assert sum(facts["outcomes"].values()) == 2
    assert facts["tables_only"] == (not (own / "same" / "trials").exists())
    status(Asked(grid, own), as_json=False)
    assert ("This is what the tables hold" in capsys.readouterr().out) == facts["tables_only"]


def test_a_changed_grid_is_reported_and_tracked_as_it_is_now(own: Path, capsys) -> None:
    """With a second method: status, report and track agree on what has finished."""
    grid = write_grid(own.parent)
    both = "[{name: vanilla, cell: vanilla}, {name: GRU, cell: gru}]"
    grid.write_text(grid.read_text().replace("[{name: vanilla, cell: vanilla}]", both))
    status(Asked(str(grid), own), as_json=False)
    assert "2 of 4 trials finished" in capsys.readouterr().out
    report(Asked(str(grid), own))
    assert "same has changed: 2 of the 4 trials it asks for now have finished." in capsys.readouterr().err
    written = (own / "same" / "report.md").read_text()
    assert "2 of 4 trials finished" in written
    assert "GRU" in written
    track(Asked(str(grid), own), tracking_uri=None)
    said = capsys.readouterr()
    assert "same has changed: 2 of the 4 trials" in said.err
    assert f"holds all 2 finished trials of {own / 'same'}, of 4 that it asks for." in said.out


def test_what_a_changed_grid_no_longer_asks_for_is_left_out_of_its_report(own: Path, capsys) -> None:
    grid = write_grid(own.parent)
    grid.write_text(grid.read_text().replace("{name: vanilla, cell: vanilla}", "{name: GRU, cell: gru}"))
    report(Asked(str(grid), own))
    said = capsys.readouterr().err
    assert "same has changed: 0 of the 2 trials" in said
    assert "2 finished trials that it no longer asks for are left out" in said
    assert "vanilla" not in (own / "same" / "report.md").read_text().partition("```")[0]


def test_a_comment_is_no_change(own: Path, capsys) -> None:
    grid = write_grid(own.parent)
    grid.write_text(f"# Other words.\n{grid.read_text()}")
    report(Asked(str(grid), own))
    assert "has changed" not in capsys.readouterr().err


OF_RUNS = [
    ".lock", ".running.json", "plan.json", "manifest.json", "results.parquet", "curves.parquet", "probes.parquet",
    "trials", "failures", "checkpoints",
]  # fmt: skip
OF_REPORTS = ["report.html", "figures", "report.md", "tables"]
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in OF_REPORTS[2:]]
"""A second file and a second folder, each after a whole report."""


@pytest.mark.parametrize("name", [*OF_RUNS, *OF_REPORTS[:2], *SLOW])
def test_run_and_report_write_through_no_link(name: str, results: Path, tmp_path: Path) -> None:
    """Whatever is a link is named, and what it leads to stays as it was."""
    own, outside = tmp_path / "results" / "same", tmp_path / "outside"
    shutil.copytree(results / "same", own)
    (own / name).unlink() if (own / name).is_file() else shutil.rmtree(own / name, ignore_errors=True)
    outside.mkdir() if "." not in name else outside.write_text("mine")
    (own / name).symlink_to(outside)
    grid = write_grid(tmp_path)
    run_it = partial(run_grid, read_grid(grid), own, workers=1)
    report_it = partial(report, Asked(str(grid), own.parent))
    with pytest.raises(StoreError, match=f"{own / name} is a link and not a"):
        (run_it if name in OF_RUNS else report_it)()
    assert outside.read_text() == "mine" if outside.is_file() else not list(outside.iterdir())


def test_a_full_disk_is_exit_code_4_and_counts_what_is_safe(results: Path) -> None:
    before = contents(results)
    with room_for(2000):  # commands inherit the limit
        done = run(write_grid(results.parent, seeds=3), results)
    assert done.returncode == 4, done.stderr
    assert f"Disk full: {results / 'same' / 'plan.json'} could not be written" in done.stderr
    assert "2 finished trials are safe. Free space, then run the same command again." in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(results) == before
