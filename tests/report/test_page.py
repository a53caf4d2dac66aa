"""The page in a real browser: what is drawn, what the legend does, and that nothing leaves the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_charts_are_drawn_without_complaint_or_request(visit: Any, page: Path) -> None:
    seen = visit()
    drawings = seen.page.locator("svg.drawing")
    assert drawings.count() == page.read_text().count("<figure") > 5
    for place in range(drawings.count()):
        box = drawings.nth(place).bounding_box()
        assert box["width"] > 200
        assert box["height"] > 80
    assert seen.complaints == []
    assert seen.requests == [page.as_uri()]


def test_styles_reach_the_drawings(visit: Any) -> None:
    """The policy allows the one style sheet: lines have their method's colour without inline styles."""
    page = visit(color_scheme="light").page
    strokes = page.locator('.drawing [data-m="1"] path').evaluate_all(
        "all => all.map(one => getComputedStyle(one).stroke)"
    )
    assert set(strokes) <= {"rgb(0, 114, 178)", "none"}
    assert "rgb(0, 114, 178)" in strokes
    assert page.locator("[style]").count() == 0


def test_the_policy_refuses_other_scripts(visit: Any) -> None:
    page = visit().page
    page.evaluate(
        "() => { const it = document.createElement('script'); it.textContent = 'window.broken = 1';"
        " document.body.append(it); }"
    )
    assert page.evaluate("window.broken") is None


def test_one_legend_hides_a_method_everywhere(visit: Any) -> None:
    page = visit().page
    button = page.locator('[data-method="1"]')
    marks = page.locator('.drawing [data-m="1"]')
    assert marks.count() > 5
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert [mark for mark in marks.all() if mark.is_visible()] == []
    assert page.locator('.drawing [data-m="0"]').first.is_visible()
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert marks.first.is_visible()


def test_factor_levels_choose_methods(visit: Any) -> None:
    page = visit().page
    page.get_by_role("button", name="identity", exact=True).click()
    pressed = [button.get_attribute("aria-pressed") for button in page.locator("[data-method]").all()]
    assert pressed == ["true", "true", "false"]
    page.get_by_role("button", name="None", exact=True).click()
    assert page.locator('[data-method][aria-pressed="true"]').count() == 0


def test_a_dot_says_what_it_is_and_leads_to_its_trial(visit: Any) -> None:
    page = visit(viewport={"width": 1280, "height": 900}).page
    dot = page.locator(".drawing [data-trial]").last
    dot.scroll_into_view_if_needed()
    dot.hover(force=True)
    assert "seed" in page.locator("#tip").inner_text()
    trial = dot.get_attribute("data-trial")
    dot.click(force=True)
    page.locator("#rows tbody tr:only-child").wait_for()
    row = page.locator("#rows tbody tr").inner_text()
    assert trial in row
    assert f"--trial {trial}" in row


def test_numbers_lead_to_the_trials_behind_them(visit: Any, small: Any) -> None:
    page = visit().page
    link = page.locator("div.table table a", has_text="of").first
    query = link.get_attribute("href")
    link.click()
    rows = page.locator("#rows tbody tr")
    assert "method=" in query
    method = small.methods[int(query.split("method=")[1].split("&")[0])]
    length = int(query.split("length=")[1].split("&")[0])
    behind = small.reporting[(small.reporting["method"] == method) & (small.reporting["length"] == length)]
    assert rows.count() == len(behind)


def test_a_comparison_leads_to_the_trials_of_both_methods(visit: Any, small: Any) -> None:
    page = visit("#trials?method=0&method=2&length=20&purpose=reporting").page
    own = small.reporting[
        (small.reporting["length"] == 20) & small.reporting["method"].isin([small.methods[0], small.methods[2]])
    ]
    assert page.locator("#rows tbody tr").count() == len(own)
    said = page.locator("#more").inner_text()
    assert said.startswith(f"{len(own)} trials with method {small.methods[0]} or {small.methods[2]}, length 20")
    page.get_by_role("link", name="All trials").click()
    page.locator("#more", has_text=f"50 of {len(small.results)} trials").wait_for()


def test_a_point_of_a_line_leads_to_its_trials(visit: Any, small: Any) -> None:
    page = visit(viewport={"width": 1280, "height": 900}).page
    point = page.locator("svg.drawing").nth(1).locator("[data-rows]").last
    point.scroll_into_view_if_needed()
    point.click(force=True)
    page.wait_for_url("**#trials?*")
    rows = page.locator("#rows tbody tr")
    assert rows.count() == small.reporting["seed"].nunique()


def test_paper_holds_charts_and_tables_but_no_controls(visit: Any) -> None:
    page = visit(viewport={"width": 794, "height": 1123}, color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.locator("#legend").is_visible(), "the legend says what the colours are"
    for hidden in (".controls", "#theme", "#trials", "#downloads", "figure details"):
        assert not page.locator(hidden).first.is_visible(), hidden
    folded = page.locator("details.table table").first
    assert folded.is_visible(), "what is folded on the screen is open on paper"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    wide = page.locator("table").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert wide == 0, "no table is cut off by the edge of the paper"


def test_light_and_dark(visit: Any) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = visit(color_scheme="light").page, visit(color_scheme="dark").page
    assert light.evaluate(paper) != dark.evaluate(paper)
    light.locator("#theme").click()
    assert light.evaluate(paper) == dark.evaluate(paper)


TABLES = """
() => [...document.querySelectorAll(".scroll:has(table)")].map((box) => {
  const start = { right: box.getBoundingClientRect().right, inside: box.clientWidth, whole: box.scrollWidth,
                  scrolls: getComputedStyle(box).overflowX === "auto",
                  hint: getComputedStyle(box, "::before").content };
  box.scrollLeft = box.scrollWidth;
  const last = box.querySelector("table").rows[0].lastElementChild.getBoundingClientRect();
  return { ...start, name: box.getAttribute("aria-label"), end: last.right - box.getBoundingClientRect().right };
})
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_table_is_cut_off_at_any_width(visit: Any, scheme: str) -> None:
    """A table fits, or scrolls in its own place to its last column and says so; the page itself never scrolls."""
    page = visit(color_scheme=scheme).page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    scrolling = set()
    for width in (320, 360, 600, 832, 1000, 1280, 1400, 2000):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        tables = page.evaluate(TABLES)
        assert len(tables) > 10
        for table in tables:
            wide = table["whole"] > table["inside"] + 1
            assert table["right"] <= width, (width, table)
            assert table["scrolls"], (width, table)
            assert table["end"] <= 1, (width, table)
            assert ("sideways" in table["hint"]) == wide, (width, table)
            if wide:
                scrolling.add((width, table["name"]))
    assert (320, "Proof of action") in scrolling
    assert (2000, "Proof of action") not in scrolling


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_sticks_out_of_the_window(visit: Any, width: int) -> None:
    page = visit(viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_reads_without_scripts(visit: Any) -> None:
    page = visit(java_script_enabled=False).page
    assert page.locator("svg.drawing").first.is_visible()
    assert page.get_by_text("Without JavaScript, the trials are in").is_visible()


def test_every_drawing_has_a_text_alternative(visit: Any) -> None:
    for drawing in visit().page.locator("svg.drawing").all():
        assert drawing.get_attribute("role") == "img"
        assert len(drawing.get_attribute("aria-label")) > 40
