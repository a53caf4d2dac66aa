"""What charts show: dots, chance, intervals only where they may be, and panels that keep many methods readable."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from seqbench.palette import styles
from seqbench.report.charts.accuracy import accuracy
from seqbench.report.charts.accuracy_rows import DIVERGED
from seqbench.report.charts.facets import dividing_factor, facets, foreground
from seqbench.report.charts.solve_rate import solve_rate
from seqbench.report.charts.steps import spread
from seqbench.report.files import draw
from seqbench.report.slug import slug
from seqbench.report.svg import StyleSheet, inline


def test_490_methods_look_different_and_names_do_not_matter() -> None:
    looks = styles([f"method {n}" for n in range(490)])
    assert len(set(looks.values())) == 490
    assert list(styles(["b", "a"]).values()) == list(styles(["x", "y"]).values())


def test_the_first_seven_methods_have_a_colour_and_a_marker_each() -> None:
    looks = list(styles(list("abcdefg")).values())
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == 7
    assert all(look.dash == () for look in looks)


def test_lengths_are_the_only_ticks_and_chance_is_drawn(small: Any) -> None:
    axes = accuracy(small, "adding").figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10", "20", "50"]
    assert any(np.allclose(line.get_ydata(), 0.08) for line in axes.lines)
    assert any("chance" in text.get_text() for text in axes.texts)


def test_a_diverged_trial_stands_on_its_own_line(make: Any) -> None:
    results = make.results(make.methods[:1], make.lengths[:1], 5, make.tasks[:1])
    results = results.assign(outcome="diverged", accuracy=np.nan)
    axes = accuracy(make.evidence(results), "adding").figure.axes[0]
    (dots,) = axes.collections
    assert np.allclose(dots.get_offsets()[:, 1], DIVERGED)
    assert "diverged" in [tick.get_text() for tick in axes.get_yticklabels()]


def test_many_methods_at_a_single_length_have_a_row_each_by_their_medians(make: Any) -> None:
    names = [f"method {n}" for n in range(9)]
    one = make.results(make.methods[:1], make.lengths[:1], 3, make.tasks[:1])
    results = pd.concat(
        [one.assign(method=name, trial=one["trial"] + f"{n}") for n, name in enumerate(names)], ignore_index=True
    )
    height = results["method"].map({name: 0.1 * place for place, name in enumerate(names)})
    diverged = (results["method"] == names[8]) & (results["seed"] == results["seed"].min())
    results = results.assign(accuracy=height.where(~diverged), outcome=results["outcome"].mask(diverged, "diverged"))
    axes = accuracy(make.evidence(results), "adding").figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == names[::-1]
    medians = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert np.allclose(sorted(medians), [0.1 * place for place in range(9)])
    places = np.concatenate([dots.get_offsets()[:, 0] for dots in axes.collections])
    assert len(places) == 27
    assert (places == DIVERGED).sum() == 1


@pytest.mark.parametrize(("seeds", "whiskers"), [(4, 0), (5, 4)])
def test_no_interval_below_five_seeds(make: Any, seeds: int, whiskers: int) -> None:
    evidence = make.evidence(make.results(make.methods[:2], make.lengths[:2], seeds, make.tasks[:1]))
    chart = solve_rate(evidence, "adding")
    assert len(chart.figure.axes[0].collections) == whiskers, "of each method one at a length and one over all"
    assert f"n = {seeds}" in chart.reading


@pytest.mark.slow
def test_many_methods_are_divided_by_the_factor_that_matters_most(factorial: Any) -> None:
    assert dividing_factor(factorial) == "gating"
    parts = facets(factorial)
    assert [part.title for part in parts] == ["gating: none", "gating: GRU", "gating: LSTM"]
    assert sorted(name for part in parts for name in part.methods) == sorted(factorial.methods)
    front = foreground(factorial)
    assert "vanilla" in front
    assert all(len(front & set(part.methods)) in (2, 3) for part in parts)


def test_methods_outside_of_the_factorial_have_a_panel_of_their_own(make: Any) -> None:
    levels = {
        "gating": ("none", "LSTM"), "clipping": ("none", "norm 1"),
        "initialisation": ("default", "identity"), "skip": ("none", "residual"),
    }  # fmt: skip
    results = make.results(list(product(*levels.values())), make.lengths[2:4], 3, make.tasks[:1])
    listed = results[results["method"] == "vanilla"].assign(method="listed", **dict.fromkeys(levels))
    evidence = make.evidence(pd.concat([results, listed.assign(trial="listed-" + listed["trial"])], ignore_index=True))
    parts = facets(evidence)
    assert [part.title for part in parts] == ["gating: none", "gating: LSTM", "outside of the factors"]
    assert parts[-1].methods == ("listed",)
    assert sorted(name for part in parts for name in part.methods) == sorted(evidence.methods)
    chart = accuracy(evidence, "adding")
    assert [ax.get_title(loc="left") for ax in chart.figure.axes] == [part.title for part in parts]


def test_inline_drawings_have_classes_and_marks_but_no_styles(small: Any) -> None:
    chart, sheet = accuracy(small, "adding"), StyleSheet()
    text = inline(chart, draw(chart, small), sheet)
    root = ElementTree.fromstring(text)
    assert not [element for element in root.iter() if "style" in element.attrib]
    assert "var(--c1)" in str(sheet)
    assert "var(--ink)" in str(sheet) or "var(--muted)" in str(sheet)
    assert {element.get("data-m") for element in root.iter()} - {None} == {"0", "1", "2"}
    identities = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(identities) == len(set(identities))
    for element in root.iter():
        if (target := element.get("href")) is not None:
            assert target[1:] in identities


def test_file_names_are_plain_and_differ() -> None:
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("日本") == "unnamed"
    assert slug("a b", ["a-b"]) == "a-b-2"


def test_a_spread_keeps_both_ends() -> None:
    assert spread([1, 2, 3]) == [1, 2, 3]
    assert spread(list(range(11))) == [0, 2, 5, 8, 10]


def test_tasks_with_the_same_file_name_keep_their_own_charts(make: Any) -> None:
    results = make.results(make.methods[:1], make.lengths[:2], 1, ["a b", "a-b"])
    evidence = make.evidence(results)
    assert accuracy(evidence, "a b").name != accuracy(evidence, "a-b").name
    assert pd.notna(accuracy(evidence, "a b").table).any(axis=None)
