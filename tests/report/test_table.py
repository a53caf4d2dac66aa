"""Tables as CSV, TeX and Markdown, and numbers as they are read."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from seqbench.report.table import csv, escape_markdown, markdown, number, tabulate, tex


@pytest.mark.parametrize(
    ("value", "read"),
    [(None, "–"), (float("nan"), "–"), (pd.NA, "–"), (True, "yes"), (12345, "12,345"), (3.0, "3"), (0.12345, "0.123"),
     (12345.6, "12,346"), ("a, b", "a, b")],
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
    table = tabulate(pd.DataFrame({"a_b": ["50 % & $x$ {y} #1 \\z"], "n": [2]}), name="t", title="T")
    assert tex(table).splitlines() == [
        r"\begin{tabular}{lr}", r"\toprule", r"a\_b & n \\", r"\midrule",
        r"50 \% \& \$x\$ \{y\} \#1 \textbackslash{}z & 2 \\", r"\bottomrule", r"\end{tabular}",
    ]  # fmt: skip


def test_markdown_sets_numbers_to_the_right_and_escapes_bars() -> None:
    table = tabulate(pd.DataFrame({"name": ["a|b"], "n": [1]}), name="t", title="T")
    assert markdown(table) == "| name | n |\n| --- | ---: |\n| a\\|b | 1 |"
    assert escape_markdown("<b>[x](y)") == "&lt;b&gt;\\[x\\]\\(y\\)"


def test_an_empty_table_has_a_head() -> None:
    table = tabulate(pd.DataFrame({"name": [], "n": []}), name="t", title="T")
    assert markdown(table) == "| name | n |\n| --- | --- |"
    assert tex(table).startswith(r"\begin{tabular}{ll}")
