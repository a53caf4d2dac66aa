"""What people share of a report: addresses of figures and rows, and tables as LaTeX and Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqbench.report.build import _tables
from seqbench.report.contents import contents
from seqbench.report.render import markdown, tex
from seqbench.report.table import Column, Table, word

COPIED = "navigator.clipboard.readText()"


def test_rows_are_named_by_what_they_are_about() -> None:
    frame = pd.DataFrame({"method": ["A + b", "A + b", "<c>"], "task": ["x", "y", "x"], "n": [1, 2, 3]})
    table = Table("t", "T", (word("method"), word("task"), Column("n", "n")), frame)
    assert table.addresses == ("a-b-x", "a-b-y", "c-x")
    by_length = Table("t", "T", (word("method"), Column("length", "n"), Column("n", "n")), frame)
    assert by_length.addresses == ("a-b-1", "a-b-2", "c-3")
    by_method = Table("t", "T", (word("method"), Column("n", "n"), word("task")), frame)
    assert by_method.addresses == ("a-b", "a-b.2", "c")


def test_every_figure_and_row_has_an_address_of_its_own(page: Path) -> None:
    text = page.read_text()
    identities = re.findall(r'\bid="([^"]+)"', text)
    assert len(identities) == len(set(identities))
    for kind, shown in (("figure-", text.count("<figure")), ("table-", text.count('class="table"'))):
        assert sum(name.startswith(kind) and "/" not in name for name in identities) >= shown > 5
    rows = text.count("<tr") - text.count("<thead")
    assert sum("/" in name for name in identities) == rows > 50
    for name in identities:
        if name.startswith("figure-"):
            assert f'href="#{name}"' in text


@pytest.mark.browser
def test_an_address_opens_what_is_folded_and_marks_the_row(visit: Any) -> None:
    page = visit("#numbers-accuracy-adding/vanilla-20", viewport={"width": 1280, "height": 700}).page
    row = page.locator("tr:target")
    assert row.is_visible()
    assert 0 < row.bounding_box()["y"] < 700
    assert page.locator("tr[id]").count() == page.locator("tr[id] th a.anchor").count()
    link = row.locator("a.anchor")
    assert link.get_attribute("aria-label").startswith("Link to this row: vanilla")
    other = page.locator('tr[id="table-methods-1/vanilla-norm-1"] a.anchor')
    other.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#table-methods-1/vanilla-norm-1")
    assert page.locator("tr:target").get_attribute("data-m") == "1"


@pytest.mark.browser
def test_tables_are_copied_as_the_files_hold_them(visit: Any, page: Path, small: Any) -> None:
    opened = visit(permissions=["clipboard-read", "clipboard-write"]).page
    opened.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    shown = {table.title: table for table in _tables(contents(small)) if len(table.rows)}
    for title in ("Methods on adding", "Proof of action", "Definitions", "Comparisons on adding"):
        table = shown[title]
        opened.get_by_role("button", name=f"LaTeX of {title}: copy", exact=True).click()
        opened.locator("#said", has_text="Copied as LaTeX").wait_for()
        assert opened.evaluate(COPIED) == tex(table)
        opened.get_by_role("button", name=f"Markdown of {title}: copy", exact=True).click()
        opened.locator("#said", has_text="Copied as Markdown").wait_for()
        assert opened.evaluate(COPIED) == markdown(table)


@pytest.mark.browser
def test_only_methods_that_are_shown_are_copied(visit: Any, small: Any) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    page.locator('[data-method="0"]').click()
    page.get_by_role("button", name="Markdown of Methods on adding: copy", exact=True).click()
    page.locator("#said", has_text="Copied").wait_for()
    lines = page.evaluate(COPIED).splitlines()
    assert len(lines) == 2 + len(small.methods) - 1
    assert not any(line.startswith("| vanilla |") for line in lines)
