"""The page for everybody: axe-core finds nothing, colours have contrast, and a figure's numbers are one key away."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from seqbench.leaderboard.build import OFFLINE
from seqbench.report.build import write_report
from seqbench.report.document import TEMPLATES
from seqbench.report.evidence import Evidence
from seqbench.store.results import load

ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("SEQBENCH_AXE", ROOT / "build/axe/node_modules/axe-core/axe.min.js"))
"""Where `.ci/run` puts axe-core: `npm install --no-save --prefix build/axe axe-core`."""
SCHEMES = ("light", "dark")
WIDE = 2400
"""Pixels at which no table scrolls."""
TEXTS = {"ink": "paper", "muted": "paper", "accent": "paper", "warn": "warn-paper"}
"""Colours of text, and what they stand on."""


def colours() -> dict[str, tuple[str, str]]:
    """The style sheet's variables: their values in light and dark."""
    style = (TEMPLATES / "report.css").read_text()
    return {name: pair for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)}


def luminance(colour: str) -> float:
    """Relative luminance, as the Web Content Accessibility Guidelines 2.2 define it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # the lightest grey that passes on white


@pytest.mark.parametrize("scheme", [0, 1], ids=SCHEMES)
def test_text_and_marks_have_contrast(scheme: int) -> None:
    """4.5 to 1 for text on the page and on what is marked, 3 to 1 for lines and markers (level AA)."""
    found = {name: pair[scheme] for name, pair in colours().items()}
    for text, paper in TEXTS.items():
        assert contrast(found[text], found[paper]) >= 4.5, text
    assert contrast(found["ink"], found["marked"]) >= 4.5
    assert contrast(found["muted"], found["marked"]) >= 4.5
    marks = [name for name in found if re.fullmatch(r"c\d", name)]
    assert len(marks) == 7
    for name in marks:
        assert contrast(found[name], found["paper"]) >= 3, name


def test_every_figure_names_itself_and_its_numbers(page: Path) -> None:
    figures = re.findall(r"<figure.*?</figure>", page.read_text(), re.DOTALL)
    assert len(figures) > 5
    for figure in figures:
        [drawing] = re.findall(r"<svg [^>]*role=\"img\"[^>]*>", figure)
        assert re.search(r'aria-label="[^"]{40,}"', drawing)
        [numbers] = re.findall(r'aria-details="([^"]+)"', drawing)
        assert f'<details id="{numbers}">' in figure


@pytest.mark.browser
def test_the_numbers_of_a_figure_are_one_key_away(visit: Any) -> None:
    """From a figure's own link, the next stop of the keyboard opens its numbers."""
    page = visit().page
    figure = page.locator("#figure-accuracy-adding")
    figure.locator("a.anchor").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert figure.locator("table").is_visible()


def findings(page: Any) -> list[tuple[str, str]]:
    """What axe-core objects to, with everything unfolded: the rule and the element."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    # What axe cannot tell a contrast behind: shadows that are gradients, and what lies above or outside of a frame.
    page.add_style_tag(
        content=".scroll { background: none !important; } .legend { position: static; } .methods { max-height: none; }"
    )
    # Nor inside a drawing, whose letters have the colours that `test_text_and_marks_have_contrast` measures. Drawings
    # are emptied, since axe compares every element with every one that it is told to exclude.
    page.evaluate("document.querySelectorAll('svg.drawing > *').forEach((part) => part.remove())")
    page.evaluate(AXE.read_text())
    # Nor in a table that scrolls; colours are the same at every width.
    contrast = str(page.viewport_size["width"] >= WIDE).lower()
    found = page.evaluate(
        "axe.run(document, { resultTypes: ['violations', 'incomplete'],"
        f" rules: {{ 'color-contrast': {{ enabled: {contrast} }} }} }})"
    )
    return [
        (rule["id"], node["html"][:200])
        for kind in ("violations", "incomplete")
        for rule in found[kind]
        for node in rule["nodes"]
        if not undecided(node)
    ]


def undecided(node: Any) -> bool:
    """Whether axe looked no further: an element's edge lies over another one's, or its text is a single letter."""
    said = [check["data"] for check in node["any"] if isinstance(check["data"], dict)]
    return any(str(data.get("messageKey", "")).startswith(("elmPartially", "shortTextContent")) for data in said)


@pytest.fixture
def audit(open_page: Any) -> Any:
    if not AXE.is_file():
        pytest.skip(f"no axe-core at {AXE}: npm install --no-save --prefix build/axe axe-core")

    def audited(path: Path, scheme: str, width: int = WIDE) -> list[tuple[str, str]]:
        size = {"width": width, "height": 900}
        return findings(open_page(path, color_scheme=scheme, viewport=size, bypass_csp=True).page)

    return audited


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [320, WIDE])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(audit: Any, page: Path, scheme: str, width: int) -> None:
    assert audit(page, scheme, width) == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("grid", ["quickstart", "horizon", "factorial"])
def test_axe_finds_nothing_in_shipped_reports(audit: Any, grid: str, tmp_path: Path) -> None:
    path = write_report(Evidence(load(ROOT / "results" / grid)), tmp_path)
    assert [audit(path, scheme) for scheme in SCHEMES] == [[], []]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [320, WIDE])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_in_the_leaderboard(audit: Any, scheme: str, width: int) -> None:
    assert audit(ROOT / "results" / OFFLINE, scheme, width) == []


@pytest.mark.slow
@pytest.mark.browser
def test_the_leaderboard_is_filtered_by_the_keyboard_and_cuts_nothing_off(open_page: Any) -> None:
    visited = open_page(ROOT / "results" / OFFLINE)
    page = visited.page
    for width in (320, 640, 1000, 1440, 2000):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # A table that is wider than its place scrolls within it.
        wide = "[...document.querySelectorAll('main table')].filter((table) => !table.closest('.scroll'))"
        assert page.evaluate(f"{wide}.length") == 0
    shown = (
        "[...document.querySelectorAll('main > section')].filter((one) => !one.hidden).map((one) => one.dataset.task)"
    )
    page.locator("#task").focus()
    page.keyboard.type("temporal")
    page.keyboard.press("Enter")
    assert set(page.evaluate(shown)) == {"temporal_order"}
    page.locator("#filter button").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"({shown}).length > 5")
    page.locator("#family").select_option("clipping")
    assert page.locator("tr[data-families]:visible").count() > 0
    assert page.locator("tr[data-families]:visible:not([data-families*='clipping'])").count() == 0
    assert visited.complaints == []
    assert all(address.startswith("file:") for address in visited.requests)
