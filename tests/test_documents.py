"""What README and CONTRIBUTING point at is there, and what they show works."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from seqbench.cli import app
from seqbench.commands.check import CONTRACTS
from seqbench.components import catalogue
from seqbench.contracts.base import DoesNotApply
from seqbench.grid.given import grid_given
from seqbench.grid.read import find_grid, read_grid
from seqbench.grid.spec import Grid
from seqbench.grid.training import Training
from seqbench.leaderboard.build import OFFLINE, PAGE, PICTURE
from seqbench.plan.plan import plan
from seqbench.schema import TABLES

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "experiments/README.md")


def blocks(page, language):
    """The code blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_is_there(page):
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text())
    folder = (ROOT / page).parent
    assert [link for link in links if not link.startswith("http") and not (folder / link).exists()] == []


def test_the_gallery_shows_every_shipped_grid_and_the_report_of_every_one_that_was_run():
    gallery = (ROOT / "experiments/README.md").read_text()
    for grid in sorted((ROOT / "experiments").glob("*.yaml")):
        assert f"[{grid.stem}]({grid.name})" in gallery
        if (ROOT / "results" / grid.stem / "report.md").exists():
            assert f"(../results/{grid.stem}/report.md)" in gallery


def test_the_map_names_every_layer_in_the_enforced_order():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [enforced] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("| layer | what it holds |")[2].partition("\n\n")[0]
    named = [re.findall(r"`(\w+)(?:/|\.py)`", row.split("|")[1]) for row in table.splitlines() if row]
    shown = [name for names in named for name in names]
    assert sorted(shown) == sorted(name for layer in enforced for name in layer.split(" | "))
    place = {name: place for place, layer in enumerate(enforced) for name in layer.split(" | ")}
    assert [place[name] for name in shown] == sorted(place.values())


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_documented_as_the_schema_declares_it(name):
    page = (ROOT / "experiments/README.md").read_text().partition("## The columns of the results")[2]
    [table] = [part for part in page.split("\n\n") if part.startswith("| column") and shows(part, TABLES[name])]
    for line, column in zip(table.splitlines()[2:], TABLES[name].values(), strict=True):
        roles = [f"metric `{column.metric}`" if role == "metric" and column.metric else role for role in column.roles]
        cells = (f"`{column.name}`", column.kind, column.unit, column.description, ", ".join(roles))
        assert line == f"| {' | '.join(cells)} |"


def shows(part, table):
    """Whether a table of the page names exactly the columns of a table of the schema."""
    return re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(table)


@pytest.mark.parametrize("page", PAGES)
def test_every_named_file_is_there(page):
    named = re.findall(r"`((?:experiments|seqbench|tests|results)/[\w./-]+\.\w+)`", (ROOT / page).read_text())
    assert [name for name in named if "mine" not in name and not (ROOT / name).exists()] == []


def test_committed_results_are_rows_and_a_report_with_its_pictures():
    listed = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [Path(line) for line in listed.stdout.splitlines()]
    # Simulations of the statistics are no grid: tables, pictures and a page that names each.
    simulated = {path.name for path in files if path.parts[1] == "simulations"}
    page = (ROOT / "results" / "simulations" / "README.md").read_text()
    assert simulated == {"README.md", *re.findall(r"\]\((\w+\.(?:csv|svg))\)", page)}
    # Claims have one folder each, beside the page of their verdicts.
    claims = {"/".join(path.parts[1:3]) for path in files if path.parts[1] == "replications" and len(path.parts) > 3}
    # The leaderboard of all stands above them.
    assert {path.name for path in files if len(path.parts) == 2} == {PAGE, OFFLINE, PICTURE}
    files = [path for path in files if len(path.parts) > 2]
    folders = {path.parts[1] for path in files} - {"simulations", "bench", "faults", "replications"} | claims
    assert len(folders) >= 8
    for folder in folders:
        place = Path("results", folder)
        own = {path.relative_to(place).as_posix() for path in files if path.is_relative_to(place)}
        shown = re.findall(r"\]\((figures/[^)]+)\)", (ROOT / "results" / folder / "report.md").read_text())
        assert own == {
            "plan.json",
            "manifest.json",
            *(f"{name}.parquet" for name in ("results", "curves", "probes")),
            "report.md",
            *shown,
        }
        assert sum((ROOT / "results" / folder / name).stat().st_size for name in own) < 2_000_000


def test_every_grid_that_a_page_shows_can_be_planned_and_every_other_block_fits_into_one(tmp_path, guide):
    shown = [text for page in PAGES for text in blocks(page, "yaml")]
    assert len(shown) >= 3
    rest = [text for text in shown if "question" not in yaml.safe_load(text)]
    base = "question: Does it fit?\ntasks: [delayed_recall]\nlengths: [5]\nmitigations: [clip_global_norm]\n"
    for number, text in enumerate([*(text for text in shown if text not in rest), *(base + text for text in rest)]):
        path = tmp_path / f"shown-{number}.yaml"
        path.write_text(text)
        assert plan(read_grid(path)).trials


def test_the_overrides_that_the_readme_shows_fit_their_grid():
    shown = re.findall(r"^    seqbench run (.*--set.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert shown
    for line in shown:
        grid, *words = shlex.split(line)
        assert len(read_grid(find_grid(grid), overrides=words[1::2]).overrides) == len(words) / 2


def test_the_python_that_the_readme_shows_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    [text] = blocks("README.md", "python")
    namespace = {}
    exec(text, namespace)
    assert len(namespace["results"].finished) == 84
    assert len(namespace["results"].probes)


def test_the_grid_that_the_readme_gives_to_python_can_be_planned():
    [values] = re.findall(r"seqbench\.run\((\{\n.*?\})\)", (ROOT / "README.md").read_text(), re.DOTALL)
    assert {trial.method for trial in plan(grid_given(ast.literal_eval(values))).trials} == {"vanilla", "GRU"}


def test_the_guide_to_grids_names_every_key_with_its_default():
    table = (ROOT / "experiments/README.md").read_text().partition("All keys")[2].partition("`tuning:` tries")[0]
    named = set(re.findall(r"`(?:training)?\.?(\w+)`", table.replace("training.", "")))
    assert set(Grid.model_fields) - {"training"} <= named
    assert set(Training.model_fields) <= named
    for name in ("steps", "batch_size", "evaluate_every", "validation_sequences", "test_sequences"):
        assert f"{Training.model_fields[name].default:,}".replace("3,000", "3000").replace("1,024", "1024") in table


@pytest.fixture
def guide(tmp_path, monkeypatch):
    """Every component of the contributing guide as a module that a grid can name, by family."""
    monkeypatch.syspath_prepend(tmp_path)
    named = {}
    for text in blocks("CONTRIBUTING.md", "python"):
        name = re.findall(r"^def (my\w*)\(", text, re.MULTILINE)[0]
        module = "mymodule" if name == "my_task" else name
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.delitem(sys.modules, module, raising=False)
        named[catalogue.family_of(f"{module}:{name}")] = f"{module}:{name}"
    return named


@pytest.mark.slow
def test_the_components_of_the_contributing_guide_keep_their_contracts(guide):
    assert guide.keys() >= {"tasks", "cells", "mitigations", "optimizers", "probes"}
    for family, name in guide.items():
        for check in CONTRACTS[family](catalogue.component(family, name)):
            try:
                check.run()
            except DoesNotApply:
                continue


def test_a_grid_may_name_every_component_of_the_contributing_guide(tmp_path, guide):
    path = tmp_path / "own.yaml"
    path.write_text(
        f"""
question: Does a grid take them all?
tasks: ["{guide["tasks"]}"]
lengths: [5]
cell: "{guide["cells"]}"
mitigations: ["{guide["mitigations"]}"]
probes: ["{guide["probes"]}"]
training: {{optimizer: "{guide["optimizers"]}"}}
"""
    )
    [trial] = {trial.method for trial in plan(read_grid(path)).trials}
    assert trial == "plain"


def test_the_readme_names_every_command_and_no_other():
    commands = {command.name or command.callback.__name__.rstrip("_") for command in app.registered_commands}
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("##")[0]
    assert set(re.findall(r"^    seqbench (\w+)", table, re.MULTILINE)) == commands


def test_files_stay_under_300_lines_and_functions_under_40():
    files = [path for folder in ("seqbench", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
    assert [path.name for path in files if len(path.read_text().splitlines()) > 300] == []
    long = [
        f"{path.name}: {node.name}"
        for path in files
        if path.is_relative_to(ROOT / "seqbench")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 40
    ]
    assert long == []
