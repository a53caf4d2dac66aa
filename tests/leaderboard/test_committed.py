"""The committed leaderboard shows what the committed rows say, recomputed here without seqbench's statistics."""

from __future__ import annotations

import math
import re
from pathlib import Path
from statistics import fmean

import pandas as pd
import pytest

from seqbench.commands.replicate import judged_claims
from seqbench.grid.read import shipped_claims
from seqbench.leaderboard.build import OFFLINE, PAGE, PICTURE, leaderboard_texts
from seqbench.leaderboard.sources import CLAIMS

RESULTS = Path(__file__).parents[2] / "results"


def unescaped(path: Path) -> str:
    """Markdown without the marks that keep signs from being markup."""
    return path.read_text("utf-8").replace("\\", "")


TEXT = unescaped(RESULTS / PAGE)


def row_of(method: str, grid: str) -> str:
    """The first table row of a method that leads to the report of a grid, below the overview."""
    tables = TEXT.partition("## Published claims")[2]
    return next(
        line for line in tables.splitlines() if line.startswith(f"| {method} |") and f"({grid}/report.md)" in line
    )


def middles(method: str) -> list[float]:
    """Of each seed of the grid `horizon` the middle, in logarithms, of what it solved last and failed first."""
    rows = pd.read_parquet(RESULTS / "horizon" / "results.parquet")
    rows = rows[(rows["method"] == method) & (rows["purpose"] == "reporting")]
    found = []
    for _, seed in rows.groupby("seed"):
        solved = seed.loc[seed["outcome"] == "solved", "length"].max()
        failed = seed.loc[(seed["outcome"] != "solved") & (seed["length"] > solved), "length"].min()
        found.append(math.log(solved) if pd.isna(failed) else (math.log(solved) + math.log(failed)) / 2)
    return found


@pytest.mark.parametrize("method", ["vanilla", "IRNN", "skip in time"])
def test_a_horizon_is_the_geometric_mean_over_seeds(method):
    shown = float(re.search(r"\[([\d,]+) ", row_of(method, "horizon"))[1].replace(",", ""))
    assert shown == pytest.approx(math.exp(fmean(middles(method))), rel=0.02)
    assert re.search(rf"\| {method} \|.*\| {shown:,.0f} \(", unescaped(RESULTS / "horizon" / "report.md"))


def test_a_factor_is_the_mean_ratio_of_paired_seeds():
    ratio = math.exp(fmean(middles("IRNN")) - fmean(middles("vanilla")))
    assert f"| {ratio:.1f} (" in row_of("IRNN", "horizon")


def test_a_list_of_lengths_shows_the_seeds_that_solved_the_longest():
    rows = pd.read_parquet(RESULTS / "quickstart" / "results.parquet")
    own = rows[(rows["method"] == "IRNN") & (rows["length"] == 120)]
    solved = int((own["outcome"] == "solved").sum())
    assert f"[≥ 120 ({solved} of {len(own)} seeds)]" in row_of("IRNN", "quickstart")


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)#\s]+)", TEXT)
    assert len(links) > 50
    assert [link for link in links if not link.startswith("https://") and not (RESULTS / link).exists()] == []


def test_the_offline_page_is_lean_and_has_every_table():
    page = (RESULTS / OFFLINE).read_text("utf-8")
    assert len(page.encode()) < 1_000_000
    assert page.count("data-task=") == TEXT.count("At this budget and protocol")


@pytest.mark.slow
def test_the_pages_are_what_the_committed_rows_say():
    """`seqbench leaderboard` writes them anew."""
    claims = [claim for claim in judged_claims(shipped_claims().values(), RESULTS / CLAIMS) if claim.folder]
    texts, unread = leaderboard_texts(RESULTS, (), claims)
    assert unread == []
    for name in (PAGE, OFFLINE, PICTURE):
        assert texts[name] == (RESULTS / name).read_text("utf-8"), "run: seqbench leaderboard"
