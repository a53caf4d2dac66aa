"""`seqbench replicate`: verdicts from the rows that are there, and the page of all claims."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqbench.cli import app
from seqbench.errors import GridError
from seqbench.grid.read import shipped_claims
from tests.grid.test_claim import CLAIM, GRID

RESULTS = Path(__file__).parents[2] / "results"


def replicate(*words):
    return CliRunner().invoke(app, ["replicate", *map(str, words)], catch_exceptions=False)


def test_without_names_every_claim_is_judged_and_the_page_is_written(tmp_path):
    printed = replicate("--results", tmp_path).stdout
    page = tmp_path / "replications" / "README.md"
    assert str(page) in printed
    for name in shipped_claims():
        assert f"# {name}\n" in page.read_text()
        assert f"{name}: " in printed
    assert printed.count("  verdict    not finished") + printed.count("not testable here") == len(shipped_claims())


def test_a_claim_of_ones_own_stands_on_the_page_too(tmp_path):
    grid = tmp_path / "own_claim.yaml"
    grid.write_text(GRID + CLAIM)
    printed = replicate(grid, "--judge-only", "--results", tmp_path).stdout
    assert printed.startswith(
        "own_claim: That it works. (A paper)\n  published  loss: 0.1 (read in the paper: Table 1)\n"
    )
    assert printed.count("  verdict ") == 1
    assert "[grid](../own_claim.yaml)" in (tmp_path / "replications" / "README.md").read_text()


def test_what_cannot_be_tested_here_is_not_run(tmp_path):
    grid = tmp_path / "own_claim.yaml"
    grid.write_text(GRID + CLAIM.partition("  criteria")[0] + "  not_testable: It takes a month.\n")
    found = replicate(grid, "--results", tmp_path)
    assert "own_claim is not run: It takes a month." in found.stderr
    assert "  verdict    not testable here: It takes a month." in found.stdout


def test_a_grid_without_a_claim_and_an_unknown_name_are_refused(tmp_path):
    grid = tmp_path / "plain.yaml"
    grid.write_text(GRID)
    with pytest.raises(GridError, match="it repeats no published claim"):
        replicate(grid, "--judge-only", "--results", tmp_path)
    with pytest.raises(GridError, match="no shipped grid of that name"):
        replicate("clippings", "--results", tmp_path)
