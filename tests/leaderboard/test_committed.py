"""The committed leaderboard shows what the committed rows say, recomputed here without seqbench's statistics."""

from __future__ import annotations

import io
import math
import re
import subprocess
import tarfile
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd
import pytest

from seqbench.commands.replicate import judged_claims
from seqbench.grid.read import shipped_claims
from seqbench.leaderboard.build import OFFLINE, PAGE, PICTURE, leaderboard_texts
from seqbench.leaderboard.sources import CLAIMS
from tests.horizons import horizons

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """The results of the last commit: a run of the README's first command writes others over them."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    packed = subprocess.run(["git", "archive", "HEAD", "results"], cwd=ROOT, capture_output=True, check=True).stdout
    place = tmp_path_factory.mktemp("committed")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(place, filter="data")
    return place / "results"


@pytest.fixture(scope="module")
def text(results: Path) -> str:
    """The leaderboard."""
    return unescaped(results / PAGE)


def unescaped(path: Path) -> str:
    """Markdown without the marks that keep signs from being markup."""
    return path.read_text("utf-8").replace("\\", "")


def row_of(text: str, method: str, grid: str) -> str:
    """The first table row of a method that leads to the report of a grid, below the overview."""
    tables = text.partition("## Published claims")[2]
    return next(
        line for line in tables.splitlines() if line.startswith(f"| {method} |") and f"({grid}/report.md)" in line
    )


def middles(results: Path, method: str) -> np.ndarray:
    """Of each seed of the grid `horizon` the horizon's logarithm."""
    rows = pd.read_parquet(results / "horizon" / "results.parquet")
    return np.log(horizons(rows[(rows["method"] == method) & (rows["purpose"] == "reporting")]))


@pytest.mark.parametrize("method", ["vanilla", "IRNN", "skip in time"])
def test_a_horizon_is_the_geometric_mean_over_seeds(results, text, method):
    shown = float(re.search(r"\[([\d,]+) ", row_of(text, method, "horizon"))[1].replace(",", ""))
    assert shown == pytest.approx(math.exp(fmean(middles(results, method))), rel=0.02)
    assert re.search(rf"\| {method} \|.*\| {shown:,.0f} \(", unescaped(results / "horizon" / "report.md"))


def test_a_factor_is_the_mean_ratio_of_paired_seeds(results, text):
    ratio = math.exp(fmean(middles(results, "IRNN")) - fmean(middles(results, "vanilla")))
    assert f"| {ratio:.1f} (" in row_of(text, "IRNN", "horizon")


def test_a_list_of_lengths_shows_the_seeds_that_solved_the_longest(results, text):
    rows = pd.read_parquet(results / "quickstart" / "results.parquet")
    own = rows[(rows["method"] == "IRNN") & (rows["length"] == 120)]
    solved = int((own["outcome"] == "solved").sum())
    assert f"[≥ 120 ({solved} of {len(own)} seeds)]" in row_of(text, "IRNN", "quickstart")


def test_every_link_leads_somewhere(results, text):
    links = re.findall(r"\]\(([^)#\s]+)", text)
    assert len(links) > 50
    assert [link for link in links if not link.startswith("https://") and not (results / link).exists()] == []


def test_the_offline_page_is_lean_and_has_every_table(results, text):
    page = (results / OFFLINE).read_text("utf-8")
    assert len(page.encode()) < 1_000_000
    assert page.count("data-task=") == text.count("At this budget and protocol")


@pytest.mark.slow
def test_the_pages_are_what_the_committed_rows_say(results):
    """`seqbench leaderboard` writes them anew."""
    claims = [claim for claim in judged_claims(shipped_claims().values(), results / CLAIMS) if claim.folder]
    texts, unread = leaderboard_texts(results, (), claims)
    assert unread == []
    for name in (PAGE, OFFLINE, PICTURE):
        assert texts[name] == (results / name).read_text("utf-8"), "run: seqbench leaderboard"
