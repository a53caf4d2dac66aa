"""Every number leads to the trials it rests on."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

import pandas as pd

from seqbench.report.chapters.accuracy import methods_table
from seqbench.report.charts.accuracy import accuracy
from seqbench.report.charts.base import Chart, Picture
from seqbench.report.charts.differences import differences
from seqbench.report.charts.horizon import horizon
from seqbench.report.charts.learning_rates import learning_rates
from seqbench.report.charts.solve_rate import solve_rate
from seqbench.report.contents import contents
from seqbench.report.links import trials
from seqbench.report.numbers import numbers


def query(link: str) -> dict[str, list[str]]:
    assert link.startswith("#trials?")
    return parse_qs(link.removeprefix("#trials?"))


def test_a_row_by_method_and_length_leads_to_its_trials(small: Any) -> None:
    table = numbers(accuracy(small, "adding"), small)
    row = next(row for row in table.entries if row[0].text == "vanilla + norm 1" and row[1].text == "20")
    assert row[0].method == 1
    assert not row[0].link
    assert query(row[3].link) == {"task": ["0"], "method": ["1"], "length": ["20"], "purpose": ["reporting"]}


def test_seeds_that_solved_the_longest_length_are_called_so(small: Any) -> None:
    head = numbers(horizon(small, "adding"), small).head
    assert "solved the longest" in head
    assert not [name for name in head if "every" in name]


def test_a_column_of_a_length_leads_to_that_length(small: Any) -> None:
    table = numbers(solve_rate(small, "adding"), small)
    assert table.head == ("method", "length 10", "length 20", "length 50")
    assert query(table.entries[0][3].link)["length"] == ["50"]
    assert query(table.entries[0][3].link)["method"] == ["0"]


def test_a_comparison_leads_to_the_trials_of_both(small: Any) -> None:
    table = numbers(differences(small, "adding"), small)
    place = table.head.index("difference")
    assert sorted(query(table.entries[0][place].link)["method"])[0] == "0"
    assert len(query(table.entries[0][place].link)["method"]) == 2


def test_what_says_nothing_about_its_trials_and_what_is_missing_lead_nowhere(small: Any) -> None:
    frame = pd.DataFrame({"method": ["vanilla"], "median": [0.5], "worst": [None]})
    about = Chart("c", "C", Picture(), "", frame, about={"task": "adding"})
    assert [bool(entry.link) for entry in numbers(about, small).entries[0]] == [False, True, False]
    silent = Chart("c", "C", Picture(), "", frame)
    assert not any(entry.link for entry in numbers(silent, small).entries[0])


def test_several_methods_and_tasks_are_alternatives(six: Any) -> None:
    link = trials(six, task=["adding", "agreement"], method=["vanilla", "GRU + norm 1"], seed=1001)
    assert query(link) == {"task": ["0", "2"], "method": ["0", "4"], "seed": ["1001"]}


def test_every_number_of_the_methods_table_is_a_link(small: Any) -> None:
    for row in methods_table(small, "adding").entries:
        assert all(entry.link for entry in row[1:] if entry.text != "–")


def test_no_table_of_results_has_a_number_that_leads_nowhere(two_by_two: Any) -> None:
    """Of all tables but those of the protocol and of tuning, and but the lengths that name a row."""
    for section in contents(two_by_two):
        if section.name in ("protocol", "environment", "gaps", "limits", "tuning"):
            continue
        for table in (table for part in section.parts for table in part.tables):
            bare = [
                (table.name, column.head, entry.text) for row in table.entries
                for column, entry in zip(table.columns, row, strict=True)
                if column.align == "right" and not entry.link and column.head != "length"
                and re.search(r"\d", entry.text)
            ]  # fmt: skip
            assert bare == []


def test_what_tuning_saw_leads_to_tuning_trials(small: Any) -> None:
    table = numbers(learning_rates(small, "adding"), small)
    place = table.head.index("score")
    assert all(query(row[place].link)["purpose"] == ["tuning"] for row in table.entries if row[place].text != "–")
