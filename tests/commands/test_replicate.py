"""`seqbench replicate`: verdicts from the rows that are there, and the page of all claims."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqbench.cli import app
from seqbench.commands import replicate as commands
from seqbench.errors import GridError, TrialsCrashed
from seqbench.execution.machine import cores
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


def own_claims(folder, number=2):
    """Grids with claims of one's own."""
    grids = []
    for place in range(number):
        grids.append(folder / f"claim_{place}.yaml")
        grids[-1].write_text(GRID + CLAIM)
    return grids


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GRID, "it repeats no published claim"),
        (GRID + CLAIM.replace("method: plain", "method: plan"), "expected the name of a method, got 'plan'"),
    ],
)
def test_every_claim_is_checked_before_the_first_is_trained(text, problem, tmp_path, monkeypatch):
    first, second = own_claims(tmp_path)
    second.write_text(text)
    monkeypatch.setattr(commands, "run", lambda *asked, **options: pytest.fail("a claim was trained"))
    with pytest.raises(GridError, match=problem):
        replicate(first, second, "--results", tmp_path)


def test_a_crashed_trial_keeps_no_other_claim_from_being_run_and_judged(tmp_path, monkeypatch):
    grids, ran = own_claims(tmp_path), []

    def run(asked, **options):
        ran.append((asked.folder_name, options["again"]))
        if len(ran) == 1:
            raise TrialsCrashed("1 trials crashed")

    monkeypatch.setattr(commands, "run", run)
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    options = commands.RunOptions(cores() + 1, None, False, 20.0, True, True)
    with pytest.raises(TrialsCrashed, match=r"^claim_0: 1 trials crashed$"):
        commands.replicate([*map(str, grids)], everything=False, results=tmp_path, options=options)
    assert [name for name, _ in ran] == ["claim_0", "claim_1"]
    assert "# claim_1\n" in (tmp_path / "replications" / "README.md").read_text()
    assert ran[0][1] == (
        f"seqbench run {grids[0]} --results {tmp_path / 'replications'} --no-tracking --workers {cores() + 1} "
        "--time-limit 20 --from-tables"
    )


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [("plan.json", "{", "damaged"), ("results.parquet", "{", ""), ("plan.json", '{"format": 99}', "upgrade")],
)
def test_a_claim_whose_results_cannot_be_read_is_named_and_counts_as_not_finished(name, text, reason, tmp_path):
    grid, other = own_claims(tmp_path)
    folder = tmp_path / "replications" / grid.stem
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    found = replicate(grid, other, "--judge-only", "--results", tmp_path)
    assert "claim_0 counts as not finished: " in found.stderr
    assert reason in found.stderr
    assert found.stdout.count("  verdict    not finished") == 2


def test_a_damaged_claim_keeps_no_leaderboard_from_being_written(tmp_path):
    name = next(iter(shipped_claims()))
    damaged = tmp_path / "replications" / name
    damaged.mkdir(parents=True)
    (damaged / "plan.json").write_text("{")
    found = CliRunner().invoke(app, ["leaderboard", "--results", str(tmp_path)], catch_exceptions=False)
    assert found.exit_code == 0
    assert f"{name} counts as not finished: " in found.stderr
    assert f"replications/{name} is left out: " in found.stderr
