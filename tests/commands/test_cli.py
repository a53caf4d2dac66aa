"""The command line as a person or a script meets it: what is printed, and the exit code."""

import json
import subprocess
import sys
from typing import get_args

import pytest

from seqbench.commands.arguments import Family
from seqbench.components import catalogue
from tests.forked import seqbench

SMALL = """
question: Small?
tasks: [delayed_recall]
lengths: [3, 5]
seeds: 2
model: {stacked: {width: 4}}
methods:
  - {name: vanilla, cell: vanilla}
  - {name: skipping, cell: vanilla, mitigations: [residual]}
"""


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def test_help_imports_nothing_heavy():
    code = (
        "import sys, seqbench.cli\n"
        "heavy = {'jax', 'flax', 'mlflow', 'pandas', 'numpy', 'scipy', 'matplotlib', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "accuracy" not in seqbench("--help").stderr


def test_help_names_every_command():
    said = seqbench("--help").stdout
    for command in ("run", "plan", "status", "report", "ui", "track", "list", "compare", "power", "probe"):
        assert command in said


def test_power_takes_its_differences_from_a_grid_or_from_options():
    done = seqbench("power", "--rate", "1", "--comparisons", "2")
    assert done.returncode == 0, done.stderr
    assert "finding that 1 of seeds solve against 0.5" in done.stdout
    done = seqbench("power", "quickstart", "--rate", "1", "--comparisons", "2")
    assert done.returncode == 2
    assert "those of quickstart: leave out --rate, --comparisons" in done.stderr


def test_plan_json_has_the_promised_keys_and_reports_the_impossible_pair(grid):
    done = seqbench("plan", grid, "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert {"methods", "trials", "groups", "compilations", "incompatible", "estimate"} <= plan.keys()
    assert plan["methods"] == ["vanilla", "skipping"]
    assert plan["trials"] == 4
    [pair] = plan["incompatible"]
    assert pair["method"] == "skipping"
    assert "depth 2" in pair["reason"]


def test_plan_for_people_gives_the_reason_too(grid):
    assert "depth 2" in seqbench("plan", grid).stdout


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_plan_that_trains_nothing_says_why_and_ends_as_an_unusable_grid_does(grid, options):
    grid.write_text("question: q\ntasks: [reverse]\nlengths: [3, 5]\nseeds: 2\ncell: vanilla\n")
    done = seqbench("plan", grid, *options)
    assert done.returncode == 2
    assert "has nothing to train: no combination makes sense.\n  plain on reverse:" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("cell: vanilla}", "cell: vanila}"), "did you mean 'vanilla'"),
        (("seeds: 2", "sedes: 2"), "did you mean 'seeds'"),
        (("lengths: [3, 5]", "lengths: [3, x]"), "lengths"),
    ],
)
def test_a_faulty_grid_is_exit_code_2_with_file_and_line(grid, change, said):
    grid.write_text(SMALL.replace(*change))
    done = seqbench("plan", grid)
    assert done.returncode == 2
    assert f"{grid}:" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_is_exit_code_2(tmp_path):
    assert seqbench("plan").returncode == 2
    assert seqbench("nonsense").returncode == 2
    done = seqbench("plan", "quikstart", cwd=tmp_path)
    assert done.returncode == 2
    assert "quickstart" in done.stderr


def test_a_results_folder_that_cannot_be_is_exit_code_4(grid, tmp_path):
    (tmp_path / "file").write_text("")
    done = seqbench("run", grid, "--no-tracking", "--results", tmp_path / "file")
    assert done.returncode == 4
    assert "not a folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_report_and_track_without_results_say_what_to_do(grid, tmp_path):
    for command in ("report", "track"):
        done = seqbench(command, grid, "--results", tmp_path)
        assert done.returncode == 2
        assert "seqbench run" in done.stderr


def test_status_of_a_grid_that_never_ran(grid, tmp_path):
    done = seqbench("status", grid, "--results", tmp_path / "none", "--json")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert (status["planned"], status["finished"], status["missing"]) == (4, 0, 4)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("family", get_args(Family))
def test_list_names_source_and_settings(family):
    listed = json.loads(seqbench("list", family, "--json").stdout)
    assert listed
    for member in listed:
        assert member["summary"]
        assert member["source"]
        assert isinstance(member["settings"], dict)
    assert listed[0]["name"] in seqbench("list", family).stdout


def test_list_alone_lists_all_families():
    families = json.loads(seqbench("list", "--json").stdout)
    assert list(families) == [*get_args(Family), "grids"]
    assert get_args(Family) == tuple(catalogue.RETURNS)
    assert "quickstart" in {grid["name"] for grid in families["grids"]}
    done = seqbench("list")
    assert done.returncode == 0, done.stderr
    for family, members in families.items():
        assert f" {family} " in done.stdout
        assert all(f"\n{member['name']} " in done.stdout for member in members)


def test_run_end_to_end_prints_the_table_and_the_places(tmp_path):
    path = tmp_path / "end.yaml"
    path.write_text(
        SMALL.replace("  - {name: skipping, cell: vanilla, mitigations: [residual]}\n", "").replace("[3, 5]", "[3]")
        + "training: {steps: 20, evaluate_every: 10, validation_sequences: 64, test_sequences: 256}\n"
    )
    done = seqbench("run", path, "--results", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "vanilla" in done.stdout
    assert "out/end/report.html" in done.stdout
    assert "seqbench ui end --results out" in done.stdout
    assert "/#/experiments/" in done.stdout
    folder = tmp_path / "out" / "end"
    for name in ("report.html", "report.md", "results.parquet", "curves.parquet", "plan.json"):
        assert (folder / name).stat().st_size > 0
    assert not (tmp_path / "mlruns").exists()
    status = json.loads(seqbench("status", path, "--results", "out", "--json", cwd=tmp_path).stdout)
    assert (status["finished"], status["missing"], status["failed"]) == (2, 0, 0)
