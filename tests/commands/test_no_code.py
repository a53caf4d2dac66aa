"""Grids that name code: it is said before it is imported, and not imported where that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqbench.store.plan_file import PlanFile, write_plan
from tests.forked import seqbench

GRID = """
question: Whose code is it?
tasks: [delayed_recall]
lengths: [2]
seeds: 1
model: {stacked: {width: 4}}
training: {steps: 10, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 256}
methods: [{name: strange, cell: vanilla, mitigations: ["stranger:remedy"]}]
"""

MODULE = """
import sys
from pathlib import Path
Path("imported").touch()
print("at work", file=sys.stderr)
from seqbench.mitigations.base import Mitigation
def remedy() -> Mitigation:
    return Mitigation()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a grid, the module it names, and results that hold a plan alone."""
    (tmp_path / "strange.yaml").write_text(GRID)
    (tmp_path / "stranger.py").write_text(MODULE)
    return tmp_path


def test_code_that_a_grid_names_is_imported_unless_it_is_refused(place: Path) -> None:
    done = seqbench("plan", "strange.yaml", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "imported").exists()
    said = f"Importing code that strange.yaml names: remedy from stranger ({place / 'stranger.py'})\nat work\n"
    assert done.stderr == said


def test_what_has_run_into_these_results_is_said_again_once_its_program_has_changed(place: Path) -> None:
    grid, here = str(place / "strange.yaml"), place / "elsewhere"
    here.mkdir()
    first = seqbench("run", grid, "--no-tracking", "--quiet", cwd=here)
    assert first.returncode == 0, first.stderr  # the worker found the module beside the grid as well
    assert first.stderr.count("Importing code") == 1
    module = place / "stranger.py"
    module.write_text(f"# The same program.\n{module.read_text()}")
    assert "Importing code" not in seqbench("status", grid, cwd=here).stderr
    module.write_text(module.read_text().replace("at work", "at other work"))
    assert "Importing code" in seqbench("status", grid, cwd=here).stderr
    elsewhere = seqbench("status", grid, "--results", "other", cwd=here)
    assert "Importing code" in elsewhere.stderr


@pytest.mark.parametrize("command", ["run", "plan", "status", "verify", "retry", "why", "probe"])
def test_every_command_that_reads_a_grid_refuses_its_code(command: str, place: Path) -> None:
    more = ["abc"] if command == "why" else []
    done = seqbench(command, "strange.yaml", *more, "--no-code", cwd=place)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("stranger:remedy is code that is not part of seqbench, and --no-code")
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in place.iterdir()) == ["strange.yaml", "stranger.py"]


@pytest.mark.parametrize("command", ["report", "track"])
def test_results_of_such_a_grid_are_not_attributed_by_importing_it(command: str, place: Path) -> None:
    folder = place / "results" / "strange"
    folder.mkdir(parents=True)
    write_plan(folder, PlanFile(grid="strange", question="Whose code is it?"))
    done = seqbench(command, "strange.yaml", "--no-code", cwd=place)
    assert done.returncode == 2, done.stderr
    assert "--no-code" in done.stderr
    assert not (place / "imported").exists()
    assert {path.name for path in folder.iterdir()} <= {"plan.json", ".lock"}


def test_a_variable_refuses_as_the_option_does(place: Path) -> None:
    done = seqbench("plan", "strange.yaml", cwd=place, SEQBENCH_CODE="off")
    assert done.returncode == 2, done.stderr
    assert not (place / "imported").exists()


def test_a_grid_without_code_is_not_refused(place: Path) -> None:
    (place / "plain.yaml").write_text(GRID.replace(', mitigations: ["stranger:remedy"]', ""))
    assert seqbench("plan", "plain.yaml", "--no-code", cwd=place).returncode == 0


def test_a_function_of_a_notebook_is_refused_as_such_also_where_it_has_run(place: Path) -> None:
    (place / "strange.yaml").write_text(GRID.replace("stranger:remedy", "__main__:remedy"))
    folder = place / "results" / "strange"
    folder.mkdir(parents=True)
    write_plan(folder, PlanFile(grid="strange", question="Whose code is it?", code={"__main__:remedy": "0" * 64}))
    done = seqbench("status", "strange.yaml", cwd=place)
    assert done.returncode == 2, done.stderr
    assert "__main__:remedy is a function of a notebook or a script" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Importing code" not in done.stderr
