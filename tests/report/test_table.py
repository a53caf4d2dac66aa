"""Tables as CSV, TeX and Markdown, and numbers as they are read."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from seqbench.report.document import html
from seqbench.report.evidence import Evidence
from seqbench.report.markdown import markdown_report
from seqbench.report.render import csv, escape_markdown, markdown, tex
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Entry, Table, number, word


def table_of(**columns: list) -> Table:
    """A table in which every column of the frame is shown, texts on the left."""
    frame = pd.DataFrame(columns)
    kinds = [Column(name, name) if pd.api.types.is_numeric_dtype(frame[name]) else word(name) for name in frame]
    return Table("t", "T", tuple(kinds), frame)


@pytest.mark.parametrize(
    ("value", "read"),
    [(None, "–"), (float("nan"), "–"), (pd.NA, "–"), (True, "yes"), (12345, "12,345"), (3.0, "3"), (0.12345, "0.123"),
     (12345.6, "12,300"), ("a, b", "a, b")],
)  # fmt: skip
def test_numbers_are_read_as_people_read_them(value: object, read: str) -> None:
    assert number(value) == read


def test_csv_disarms_formulas_in_text_and_keeps_numbers() -> None:
    frame = pd.DataFrame({"=name": ["=1+1", "@x", "-y", "plain, with comma"], "value": [-1.5, 0.1, 1e-9, 2.0]})
    back = pd.read_csv(io.StringIO(csv(frame)))
    assert list(back) == ["'=name", "value"]
    assert list(back["'=name"]) == ["'=1+1", "'@x", "'-y", "plain, with comma"]
    assert list(back["value"]) == [-1.5, 0.1, 1e-9, 2.0]


def test_tex_escapes_every_special_sign() -> None:
    table = table_of(a_b=["50 % & $x$ {y} #1 \\z"], n=[2])
    package, fitted, *rows = tex(table).splitlines()
    assert package == "% Needs the packages array, booktabs and graphicx."
    assert fitted == r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    assert rows == [
        r"\begin{tabular}{lr}", r"\toprule", r"a\_b & n \\", r"\midrule",
        r"50 \% \& \$x\$ \{y\} \#1 \textbackslash{}z & 2 \\", r"\bottomrule", r"\end{tabular}}",
    ]  # fmt: skip


def test_tex_breaks_long_texts_into_lines() -> None:
    table = table_of(term=["short", "word"], meaning=["a" * 41, "b"], other=["c" * 60, "d" * 40])
    column = r">{\raggedright\arraybackslash}p{0.30\linewidth}"
    assert rf"\begin{{tabular}}{{l{column}{column}}}" in tex(table)
    assert r"\begin{tabular}{ll}" in tex(table_of(term=["short"], meaning=["a" * 40]))


def test_markdown_sets_numbers_to_the_right_and_escapes_bars() -> None:
    table = table_of(name=["a|b"], n=[1])
    assert markdown(table) == "| name | n |\n| --- | ---: |\n| a\\|b | 1 |"
    assert escape_markdown("<b>[x](y)") == "&lt;b&gt;\\[x\\](y)"


def test_an_empty_table_has_a_head() -> None:
    table = Table("t", "T", (word("name"), Column("time", "n", unit="s")), pd.DataFrame({"name": [], "n": []}))
    assert markdown(table) == "| name | time (s) |\n| --- | ---: |"
    assert r"\begin{tabular}{lr}" in tex(table)


def test_a_report_shows_no_table_without_rows(small: Evidence) -> None:
    full = table_of(name=["of this one"])
    empty = Table("u", "Nothing to show", full.columns, full.rows.iloc[:0], note="How to read nothing.")
    sections = [Section("s", "S", "", (Part(tables=(empty, full)),))]
    for text in (html(small, sections, {}, []), markdown_report(small, sections)):
        assert "of this one" in text
        assert "Nothing to show" not in text
        assert "How to read nothing" not in text


def test_a_column_makes_its_entries_from_the_row() -> None:
    share = Column(
        "share", lambda row: f"{row['solved']} of {row['n']}", link=lambda row: f"#trials?method={row['method']}",
        method=lambda row: row["method"],
    )  # fmt: skip
    row = {"method": 3, "solved": 2, "n": 5}
    assert share.entry(row) == Entry("2 of 5", "#trials?method=3", 3)
    assert Column("rate", "rate", link=lambda row: "#trials").entry({"rate": float("nan")}) == Entry("–")


def test_columns_that_show_nothing_are_left_out() -> None:
    table = table_of(name=["a", "b"], empty=[float("nan"), float("nan")], half=[float("nan"), 1.0])
    assert table.without_empty().head == ("name", "half")
    assert table.without_empty().frame is table.frame
