"""The published claim that a grid repeats: what must be said of it, and that it changes no trial."""

import pytest

from seqbench.grid.read import read_grid, shipped_claims
from seqbench.plan.examined import expanded
from seqbench.plan.plan import plan

GRID = "question: Does it?\ntasks: [adding]\nlengths: [20, 40]\nseeds: 5\n"
CLAIM = """claim:
  paper: A paper
  link: https://arxiv.org/abs/1504.00941
  says: That it works.
  published: [{what: loss, value: 0.1, origin: paper, source: Table 1}]
  differs: In nothing.
  declared: "2026-11-26"
  criteria: [{method: plain, length: 20, figure: solved, at_least: 4}]
"""


def test_a_claim_changes_no_trial(read):
    with_claim, without = (plan(read(text)) for text in (GRID + CLAIM, GRID))
    assert [trial.id for trial in with_claim.trials] == [trial.id for trial in without.trials]


def test_a_published_value_is_kept_as_it_is_written(read):
    [published] = read(GRID + CLAIM.replace("0.1", '"370,000 to 2,020,000"')).claim.published
    assert published.value == "370,000 to 2,020,000"
    [published] = read(GRID + CLAIM).claim.published
    assert published.value == "0.1"


ERRORS = [
    ("  paper: A paper\n", "", "6:3 claim.paper: expected a value, got none"),
    ("https://arxiv.org/abs/1504.00941", "arxiv.org", "7:9 claim.link: "),
    ("origin: paper", "origin: memory", "9:48 claim.published[0].origin: expected 'paper', 'code', 'log', "),
    (", source: Table 1", "", "9:15 claim.published[0].source: expected a value, got none"),
    (
        "value: 0.1",
        "value: [0.1]",
        "9:35 claim.published[0].value: expected a number, or numbers in up to ",
    ),
    (
        "published: [{what: loss, value: 0.1, origin: paper, source: Table 1}]",
        "published: []",
        "9:14 claim.published: ",
    ),
    ('"2026-11-26"', "soon", '11:13 claim.declared: expected a day, in quotes, such as "2026-11-26", got the text '),
    ("figure: solved", "figure: median", "12:50 claim.criteria[0].figure: expected 'solved', 'diverged', "),
    (", at_least: 4", "", "12:14 claim.criteria[0]: expected `at_least`, `at_most` or both"),
    ("at_least: 4", "at_least: 4, at_most: 3", "12:14 claim.criteria[0]: expected `at_least` no larger than `at_most`"),
    (
        "at_least: 4",
        "at_least: 6",
        "12:68 claim.criteria[0].at_least: expected 0 to 5 seeds, as the grid has 5, got 6",
    ),
    ("at_least: 4", "at_lest: 4", "12:58 claim.criteria[0].at_lest: unknown key; did you mean 'at_least'?"),
    (
        "length: 20",
        "length: 30",
        "12:38 claim.criteria[0].length: expected a length of adding, which are 20, 40, got 30",
    ),
    ("length: 20, ", "", "12:14 claim.criteria[0]: expected a `length`, for adding has several: one of 20, 40"),
    (
        "length: 20",
        "length: 20, task: ading",
        "claim.criteria[0].task: expected a task of the grid, got 'ading'; did you",
    ),
    (
        "figure: solved",
        "figure: gradient_slope",
        "claim.criteria[0].figure: a gradient_slope is measured by the probe ",
    ),
    ("figure: solved", "figure: horizon", "12:38 claim.criteria[0].length: expected no length: a horizon is of all"),
    (
        "method: plain",
        "method: plan",
        "12:23 claim.criteria[0].method: expected the name of a method, got 'plan'",
    ),
    ("method: plain", "than: IRNN, method: plain", "12:21 claim.criteria[0].than: expected the name of a method, got "),
    ("differs", "difers", "10:3 claim.difers: unknown key; did you mean 'differs'?"),
    (
        "  criteria",
        "  not_testable: No data.\n  criteria",
        "6:3 claim: expected `criteria`, or in their place ",
    ),
]


@pytest.mark.parametrize(("text", "instead", "problem"), ERRORS)
def test_what_is_wrong_is_said_with_its_place(error_of, text, instead, problem):
    assert problem in error_of(GRID + CLAIM.replace(text, instead) + "probes: none\n")


def test_a_criterion_of_one_of_several_tasks_names_it_and_may_have_a_length_of_its_own(read, error_of):
    grid = GRID.replace("[adding]", "[adding, {delayed_recall: {length: [8]}}]")
    assert "claim.criteria[0]: expected a `task`, for the grid has several: one of adding, delayed_rec" in error_of(
        grid + CLAIM
    )
    assert plan(read(grid + CLAIM.replace("length: 20", "task: delayed_recall, length: 8"))).trials


@pytest.mark.parametrize("path", shipped_claims().values(), ids=lambda path: path.stem)
def test_the_criteria_of_a_shipped_claim_can_be_judged(path):
    assert expanded(read_grid(path))
