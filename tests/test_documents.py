"""What README and CONTRIBUTING point at is there, and what they show works."""

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from seqbench.cli import app
from seqbench.commands.check import CONTRACTS
from seqbench.components import catalogue
from seqbench.contracts.base import DoesNotApply
from seqbench.contracts.cells import check_cell
from seqbench.grid.read import read_grid
from seqbench.grid.spec import Grid, Training
from seqbench.plan.plan import plan

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "experiments/README.md")


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


@pytest.mark.parametrize("page", PAGES)
def test_every_named_file_is_there(page):
    named = re.findall(r"`((?:experiments|seqbench|tests|results)/[\w./-]+\.\w+)`", (ROOT / page).read_text())
    assert [name for name in named if "mine" not in name and not (ROOT / name).exists()] == []


def test_committed_results_are_rows_and_a_report_with_its_pictures():
    listed = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [Path(line) for line in listed.stdout.splitlines()]
    folders = {path.parts[1] for path in files}
    assert len(folders) >= 8
    for folder in folders:
        own = {path.relative_to("results", folder).as_posix() for path in files if path.parts[1] == folder}
        shown = re.findall(r"\]\((figures/[^)]+)\)", (ROOT / "results" / folder / "report.md").read_text())
        assert own == {
            "plan.json",
            *(f"{name}.parquet" for name in ("results", "curves", "probes")),
            "report.md",
            *shown,
        }
        assert sum((ROOT / "results" / folder / name).stat().st_size for name in own) < 2_000_000


def test_the_grid_of_the_readme_can_be_planned(tmp_path):
    grids = [text for text in blocks("README.md", "yaml") if "question" in yaml.safe_load(text)]
    assert grids
    for number, text in enumerate(grids):
        path = tmp_path / f"readme-{number}.yaml"
        path.write_text(text)
        assert plan(read_grid(path)).trials


def test_the_readme_names_every_key_of_a_grid_with_its_default():
    table = (ROOT / "README.md").read_text().partition("All keys")[2].partition("`tuning:` tries")[0]
    named = set(re.findall(r"`(?:training)?\.?(\w+)`", table.replace("training.", "")))
    assert set(Grid.model_fields) - {"training"} <= named
    assert set(Training.model_fields) <= named
    for name in ("steps", "batch_size", "evaluate_every", "validation_sequences", "test_sequences"):
        assert f"{Training.model_fields[name].default:,}".replace("3,000", "3000").replace("1,024", "1024") in table


def test_the_cell_of_the_readme_keeps_the_contract(tmp_path, monkeypatch):
    [text] = [text for text in blocks("README.md", "python") if "def mine" in text]
    (tmp_path / "mine_of_the_readme.py").write_text(text.replace("def mine(", "def mine_of_the_readme("))
    monkeypatch.syspath_prepend(tmp_path)
    make = importlib.import_module("mine_of_the_readme").mine_of_the_readme
    for check in check_cell(make):
        try:
            check.run()
        except DoesNotApply:
            continue


def test_the_components_of_the_contributing_guide_keep_their_contracts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    examples = [text for text in blocks("CONTRIBUTING.md", "python") if text.startswith('"""')]
    families = set()
    for number, text in enumerate(examples):
        (tmp_path / f"guide_{number}.py").write_text(text)
        name = re.findall(r"^def (my\w*)\(", text, re.MULTILINE)[0]
        family = catalogue.family_of(f"guide_{number}:{name}")
        families.add(family)
        for check in CONTRACTS[family](catalogue.component(family, f"guide_{number}:{name}")):
            try:
                check.run()
            except DoesNotApply:
                continue
    assert {"tasks", "optimizers", "probes"} <= families


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
