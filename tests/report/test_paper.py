"""What a paper takes from a report: the protocol in words, its references, and figures in the width of a column."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seqbench.references import bibliography, reference
from seqbench.report.charts.accuracy import accuracy
from seqbench.report.citations import cited, known, labelled
from seqbench.report.contents import contents
from seqbench.report.evidence import Evidence
from seqbench.report.methods_text import joined, methods_text, works
from seqbench.report.paper import BOTH_COLUMNS, ONE_COLUMN, fitted, write_paper
from seqbench.store.results import load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def quickstart() -> Evidence:
    return Evidence(load(ROOT / "results" / "quickstart"))


def test_a_citation_is_read_as_words_and_as_latex() -> None:
    text = cited("By adam_2 [@kingma2015adam; @elman1990finding], 5 %.", known("kingma2015adam", "elman1990finding"))
    assert text.words == "By adam_2 (Kingma & Ba, 2015; Elman, 1990), 5 %."
    assert text.tex == r"By adam\_2~\citep{kingma2015adam,elman1990finding}, 5 \%."
    assert list(text.works) == ["kingma2015adam", "elman1990finding"]


def test_works_of_one_year_by_the_same_authors_are_told_apart() -> None:
    both = {key: reference(key) for key in ("he2016deep", "he2016identity", "elman1990finding")}
    assert list(labelled(both).values()) == ["He et al., 2016a", "He et al., 2016b", "Elman, 1990"]


def test_the_protocol_in_words_states_the_grid(quickstart: Evidence) -> None:
    words = " ".join(paragraph.cited.words for paragraph in methods_text(quickstart))
    for said in (
        "trained on delayed_recall (Bengio et al., 1994; Hochreiter & Schmidhuber, 1997)",
        "Here it is 10, 30, 60 and 120 steps.",
        "7 methods are compared: vanilla, norm clipping, IRNN, skip in time, GRU, GRU chrono and LSTM chrono.",
        "clip_global_norm (Pascanu et al., 2013)",
        "for at most 800 training steps on batches of 32 sequences that are drawn anew, by adam (Kingma & Ba, 2015)",
        "evaluated every 50 steps on 1,024 validation sequences, and ends early once the task is solved",
        "The reported seeds are 1000 to 1002 (3)",
        "No tuning",
        "estimator (Turnbull, 1976)",
        "jax 0.10.2 (Bradbury et al., 2018)",
        "84 of 84 planned trials have finished",
    ):
        assert said in words


def test_a_search_and_its_tuning_are_stated() -> None:
    evidence = Evidence(load(ROOT / "results" / "horizon"))
    words = " ".join(paragraph.cited.words for paragraph in methods_text(evidence))
    assert "is searched from 10 to 2,000 steps, between neighbouring lengths at most 1.15 times apart" in words
    assert "Every method has the same budget of tuning (Sivaprasad et al., 2020)." in words
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"


def test_references_are_those_of_the_components(quickstart: Evidence) -> None:
    found = works(methods_text(quickstart), quickstart)
    assert {"tallec2018can", "le2015simple", "cho2014learning", "gers2000learning", "kingma2015adam"} <= set(found)
    assert "vaswani2017attention" not in found
    assert set(found) <= set(bibliography())


def test_a_grid_that_cannot_be_read_has_a_protocol_all_the_same(small: Any) -> None:
    evidence = Evidence.__new__(Evidence)
    evidence.__dict__.update(small.__dict__, plan=replace(small.plan, grid_text="tasks: [&a [*a], mine:task, nowhere"))
    words = " ".join(paragraph.cited.words for paragraph in methods_text(evidence))
    assert words.startswith("Networks are trained on adding.")


@pytest.mark.parametrize("width", [ONE_COLUMN, BOTH_COLUMNS])
def test_a_figure_has_the_width_of_its_column(small: Any, width: float) -> None:
    content = fitted(accuracy(small, "adding"), small, width)
    [box] = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", content)
    assert float(box) == pytest.approx(72 * width, abs=0.01)
    assert b"/Type3" not in content
    assert content == fitted(accuracy(small, "adding"), small, width), "the same results give the same file"


def test_letters_have_the_sizes_of_a_paper(small: Any) -> None:
    chart = accuracy(small, "adding")
    fitted(chart, small, ONE_COLUMN)
    axes = chart.figure.axes[0]
    assert axes.xaxis.label.get_fontsize() == pytest.approx(0.7 * 10.5)
    assert {label.get_fontsize() for label in axes.get_xticklabels()} == {7.0}
    assert [text.get_fontsize() for text in chart.figure.legends[0].get_texts()] == pytest.approx([0.7 * 9] * 3)


def test_a_paper_holds_figures_methods_and_references(small: Any, tmp_path: Path, monkeypatch: Any) -> None:
    speed = next(section for section in contents(small) if section.name == "speed")
    monkeypatch.setattr(f"{write_paper.__module__}.contents", lambda _: [speed])
    paper = write_paper(small, tmp_path)
    figures = {path.name for path in (paper / "figures").iterdir()}
    included = re.findall(r"\\includegraphics\{figures/([^}]+)\}", (paper / "figures.tex").read_text())
    assert set(included) == figures
    text = (paper / "figures.tex").read_text()
    for kind in ("figure", "figure*"):
        assert text.count(rf"\begin{{{kind}}}") == text.count(rf"\end{{{kind}}}") > 0
    entries = set(re.findall(r"^@\w+\{(\w+),$", (paper / "references.bib").read_text(), re.MULTILINE))
    keys = {
        key
        for keys in re.findall(r"\\citep\{([^}]+)\}", (paper / "methods.tex").read_text())
        for key in keys.split(",")
    }
    assert keys <= entries
