"""What remedies are worth alone, last and on average, by tasks in which all of them were combined."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from seqbench.leaderboard.boards import build_boards
from seqbench.leaderboard.build import OFFLINE, PAGE, build_leaderboard
from seqbench.leaderboard.remedies import remedy_tables
from seqbench.leaderboard.sources import read_sources

# All six seeds alike. In octaves above the shortest length, in the middle between what they solved and failed:
# 1.5 without remedies and with clipping, 2.5 with gates, and 3 with both, the end of the range.
SOLVED = {"vanilla": [20] * 6, "clipped": [20] * 6, "GRU": [40] * 6, "both": [80] * 6}
FACTORS = {"clipping": ["none", "norm 1", "none", "norm 1"], "gating": ["none", "none", "GRU", "GRU"]}


def shown(results: Path) -> dict[str, dict[str, str]]:
    """The entries of the first task by table and remedy, without intervals."""
    tables = remedy_tables(build_boards(read_sources(results)[0]), lambda name: f"{name}/report.md")
    return {
        table.name: {row[0].text: row[1].text.partition(" (")[0] for row in table.entries}
        for table in tables
    }  # fmt: skip


def test_each_remedy_alone_last_and_on_average(make):
    folder = make("ours", SOLVED, searched=True, factors=FACTORS)
    assert shown(folder.parent) == {
        "alone": {"clipping: norm 1": "1.0", "gating: GRU": "2.0"},
        "last": {"clipping: norm 1": "0.50", "gating: GRU": "1.50"},
        "shares": {"clipping: norm 1": "0.25", "gating: GRU": "1.25"},
    }


def test_where_there_is_a_choice_the_row_says_with_which(make):
    folder = make(
        "ours", SOLVED | {"LSTM": [40] * 6, "LSTM clipped": [40] * 6}, searched=True,
        factors={"clipping": [*FACTORS["clipping"], "none", "norm 1"], "gating": [*FACTORS["gating"], "LSTM", "LSTM"]},
    )  # fmt: skip
    found = shown(folder.parent)
    assert list(found["alone"]) == ["clipping: norm 1", "gating: GRU", "gating: LSTM"]
    assert found["last"] == {
        "clipping: norm 1, with GRU": "0.50", "gating: GRU": "1.50",
        "clipping: norm 1, with LSTM": "0.00", "gating: LSTM": "1.00",
    }  # fmt: skip


def test_columns_are_tasks_and_a_remedy_that_one_lacks_is_missing_there(make):
    ours = make("ours", SOLVED, searched=True, factors=FACTORS)
    other = {"start": ["default", "identity", "default", "identity"], "gating": FACTORS["gating"]}
    make("theirs", SOLVED, searched=True, factors=other, budget=500, of="theirs")
    alone, *_ = remedy_tables(build_boards(read_sources(ours.parent)[0]), lambda name: f"{name}/report.md")
    assert [column.title for column in alone.columns] == [
        "remedy", "delayed_recall (ours)", "delayed_recall (theirs)",
    ]  # fmt: skip
    entries = {row[0].text: [(entry.text.partition(" (")[0], entry.link) for entry in row[1:]] for row in alone.entries}
    assert entries == {
        "clipping: norm 1": [("1.0", "ours/report.md"), ("–", "")],
        "gating: GRU": [("2.0", "ours/report.md"), ("2.0", "theirs/report.md")],
        "start: identity": [("–", ""), ("1.0", "theirs/report.md")],
    }


@pytest.mark.parametrize("changed", [{"searched": False}, {"factors": {}}])
def test_lists_of_lengths_and_methods_without_factors_have_no_such_tables(make, changed):
    folder = make("ours", SOLVED, **{"searched": True, "factors": FACTORS} | changed)
    assert shown(folder.parent) == {}


def test_searches_under_way_have_none_yet(make):
    folder = make("ours", SOLVED, searched=True, factors=FACTORS)
    sources, _ = read_sources(folder.parent)
    rows = sources[0].evidence.results
    rows.loc[(rows["method"] == "GRU") & (rows["length"] == 80), "outcome"] = math.nan
    assert remedy_tables(build_boards(sources), str) == ()


def test_both_pages_show_them(make):
    folder = make("ours", SOLVED, searched=True, factors=FACTORS)
    build_leaderboard(folder.parent)
    page = (folder.parent / PAGE).read_text("utf-8")
    assert "| clipping: norm 1 | [1.0 (" in page.partition("### Each remedy alone")[2]
    offline = (folder.parent / OFFLINE).read_text("utf-8").partition("Each remedy&#39;s share of all together")[2]
    assert '<th scope="row">gating: GRU</th><td class="number"><a href="ours/report.md">1.25' in offline
