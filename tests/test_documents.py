"""What README and CONTRIBUTING point at is there, and what they show works."""

import re
from pathlib import Path

import pytest
import yaml

from seqbench.cli import app
from seqbench.grid.plan import plan
from seqbench.grid.read import read_grid

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def blocks(page, language):
    """The code blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_is_there(page):
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text())
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_named_file_is_there(page):
    named = re.findall(r"`((?:experiments|seqbench|tests|results)/[\w./-]+\.\w+)`", (ROOT / page).read_text())
    assert [name for name in named if "mine" not in name and not (ROOT / name).exists()] == []


def test_the_grid_of_the_readme_can_be_planned(tmp_path):
    grids = [text for text in blocks("README.md", "yaml") if "question" in yaml.safe_load(text)]
    assert grids
    for number, text in enumerate(grids):
        path = tmp_path / f"readme-{number}.yaml"
        path.write_text(text)
        assert plan(read_grid(path)).trials


def test_the_readme_names_every_command_and_no_other():
    commands = {command.name or command.callback.__name__.rstrip("_") for command in app.registered_commands}
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("##")[0]
    assert set(re.findall(r"^    seqbench (\w+)", table, re.MULTILINE)) == commands
