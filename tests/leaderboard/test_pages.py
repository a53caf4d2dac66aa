"""The two pages of the leaderboard: what they hold, and that names stay text."""

from __future__ import annotations

import re

import pytest

from seqbench.leaderboard.boards import build_boards
from seqbench.leaderboard.build import build_leaderboard
from seqbench.leaderboard.markdown import JOIN
from seqbench.leaderboard.sources import read_sources

SIX = [10, 10, 20, 20, 40, 40]


@pytest.fixture
def pages(make):
    folder = make("ours", {"vanilla": SIX, "GRU": [80] * 6}, searched=True)
    elsewhere = make("../elsewhere", {"clipped": SIX}, of="elsewhere", searched=True)
    written, unread = build_leaderboard(folder.parent, [elsewhere])
    assert unread == []
    return written


def test_every_row_leads_to_its_report_and_every_table_has_the_command_that_makes_it_again(pages):
    text = pages[0].read_text()
    assert "`seqbench run ours`" in text
    assert re.search(r"\| GRU \| \[≥ 80 [^]]*\]\(ours/report.md\)", text)
    assert "(../elsewhere/report.md)" in text


def test_pages_are_small_ask_nothing_of_a_network_and_are_the_same_again(pages):
    before = [path.read_bytes() for path in pages]
    build_leaderboard(pages[0].parent, [pages[0].parent / "../elsewhere"])
    assert [path.read_bytes() for path in pages] == before
    html = pages[1].read_text()
    assert len(html) < 200_000
    assert "default-src &#39;none&#39;" in html
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


def test_names_are_text_in_both_pages(make):
    folder = make("ours", {"<b>": SIX, "a|b": SIX})
    markdown, html = (path.read_text() for path in build_leaderboard(folder.parent)[0][:2])
    assert "&lt;b&gt;" in markdown
    assert r"a\|b" in markdown
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_the_page_names_all_that_must_agree_for_results_to_join(make):
    [board] = build_boards(read_sources(make("ours", {"vanilla": SIX}).parent)[0])
    words = {
        "solved": "criterion", "lengths": "lengths", "training lengths": "training lengths",
        "training steps": "training steps", "batch": "batch", "optimizer": "optimizer",
        "schedule": "learning-rate schedule", "tuning": "tuning budget", "evaluated every": "evaluation interval",
        "test sequences": "test sequences", "seqbench": "version of seqbench",
    }  # fmt: skip
    assert set(words) == {name for name, _ in board.protocol.parts}
    told = JOIN.replace("\n", " ")
    assert [word for word in words.values() if word not in told] == []
