"""A claim and its verdict in words, and the page of all."""

from pathlib import Path

import numpy as np
import pytest

from seqbench.grid.claim import Claim
from seqbench.report.replications import Replication, in_words, replications_page
from seqbench.stats.verdict import Figure, Finding, Judgement

CLAIM = Claim.model_validate({
    "paper": "A <paper> 2015", "link": "https://arxiv.org/abs/1", "says": "It works.", "differs": "In *nothing*.",
    "published": [{"what": "loss", "value": 0.1, "origin": "log", "source": "its repository"}],
    "declared": "2026-11-26",
    "criteria": [
        {"method": "A", "length": 100, "figure": "solved", "at_least": 4},
        {"method": "A", "than": "B", "figure": "loss", "at_least": 0.1, "at_most": 0.5},
        {"method": "B", "figure": "steps", "at_most": 1000},
    ],
})  # fmt: skip
FINDINGS = (
    Finding(CLAIM.criteria[0], Figure(5, 2.391, 5, 0.95, 5, 5), True),
    Finding(CLAIM.criteria[1], Figure(0.6123, np.nan, np.nan, np.nan, 3, 3), False),
    Finding(CLAIM.criteria[2], Figure(np.inf, 1200, np.inf, 0.9375, 5, 6), None),
)


def test_a_claim_in_words():
    found = Replication("a_claim", Path("a_claim.yaml"), CLAIM, Judgement("not finished", FINDINGS))
    assert in_words(found).splitlines() == [
        "a_claim: It works. (A <paper> 2015)",
        "  published  loss: 0.1 (from a published log: its repository)",
        "  observed   A, 100 steps: seeds that solved it at least 4: 5 of 5 (95 %: 2.4 to 5, n = 5)",
        "  observed   A: median test loss as a multiple of that of B at least 0.1 and at most 0.5: 0.612 (n = 3)",
        "  observed   B: median steps to solve it at most 1000: never (93.8 %: 1,200 to never, n = 5 of 6)",
        "  verdict    not finished",
    ]


def test_the_page_links_grid_and_report_and_nothing_in_a_claim_is_markup(tmp_path):
    page, grid = tmp_path / "results" / "replications" / "README.md", tmp_path / "experiments" / "a_claim.yaml"
    judged = Judgement("partly reproduced", FINDINGS[:2])
    refused = CLAIM.model_copy(update={"criteria": [], "not_testable": "It takes a month."})
    again = CLAIM.model_copy(update={"tried": "A *slower* rate."})
    text = replications_page(
        [
            Replication("a_claim", grid, CLAIM, judged, page.parent / "a_claim"),
            Replication("a_third", grid, refused, Judgement("not testable here")),
            Replication("another", grid, again, Judgement("not finished")),
        ],
        page,
        "| another claim |\n",
    )
    assert (
        "| **partly reproduced** | 1 of 2 | [grid](../../experiments/a_claim.yaml), [report](a_claim/report.md) |"
        in text
    )
    assert "| **not finished** |  | [grid](../../experiments/a_claim.yaml) |" in text
    assert "[A &lt;paper&gt; 2015](https://arxiv.org/abs/1)" in text
    assert "\\*nothing\\*" in text
    assert "| A, 100 steps: seeds that solved it at least 4 | not run yet | |" in text.replace("|  |", "| |")
    assert "\nLooked at and tried since: A \\*slower\\* rate.\n" in text
    end = text.partition("\n## Not testable here\n")[2]
    assert end.startswith("\n### a_third\n\n**Not testable here: It takes a month.**")
    assert end.endswith("\n\n| another claim |\n")
    assert text.index("](#another)") < text.index("](#a_third)") < text.index("## a_claim") < text.index("## another")


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        ((True, False, True), "| 2 of 3: B |"),  # one criterion of A does not hold
        ((False, False, True), "| 1 of 3: B |"),
        ((True, True, False), "| 2 of 3: A |"),
        ((True, False, False), "| 1 of 3 |"),
        ((True, True, True), "| 3 of 3 |"),
        ((True, True, None), "| 2 of 3: A |"),
    ],
)
def test_the_page_names_the_methods_whose_criteria_all_hold(tmp_path, holds, said):
    findings = tuple(own._replace(holds=held) for own, held in zip(FINDINGS, holds, strict=True))
    found = Replication("a_claim", tmp_path / "a_claim.yaml", CLAIM, Judgement("partly reproduced", findings))
    assert said in replications_page([found], tmp_path / "README.md")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.2, 0.45, "| holds |"),
        (0.2, 1.1, "| holds; that the two differ is not shown |"),
        (np.nan, np.nan, "| holds |"),
    ],
)
def test_a_comparison_that_could_as_well_be_the_other_way_round_says_so(tmp_path, low, high, said):
    close = Finding(CLAIM.criteria[1], Figure(0.4, low, high, 0.9375, 5, 5), True)
    found = Replication("a_claim", tmp_path / "a_claim.yaml", CLAIM, Judgement("reproduced", (close,)))
    assert said in replications_page([found], tmp_path / "README.md", "")
