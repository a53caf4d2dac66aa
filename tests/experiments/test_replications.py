"""The shipped claims: each plans, says where its numbers come from, and is judged as was declared before the run."""

import re
from functools import cache
from pathlib import Path

import pytest

from seqbench.commands.replicate import judged_claims
from seqbench.grid.document import document_of
from seqbench.grid.read import claims_elsewhere, grid_of, read_grid, shipped_claims
from seqbench.plan.plan import plan
from seqbench.report.replications import replications_page
from seqbench.store.plan_file import load_plan

CLAIMS = shipped_claims()
RESULTS = Path(__file__).parents[2] / "results"
PAGE = RESULTS / "replications" / "README.md"
RUN = [name for name in CLAIMS if (RESULTS / "replications" / name / "plan.json").exists()]

every_claim = pytest.mark.parametrize("name", CLAIMS)


@cache
def planned(name):
    return plan(read_grid(CLAIMS[name]))


@every_claim
def test_a_claim_is_planned_without_pairs_that_cannot_be(name):
    assert planned(name).trials
    assert not planned(name).incompatible


@every_claim
def test_a_claim_says_what_was_published_and_has_criteria_or_a_reason(name):
    claim = read_grid(CLAIMS[name]).claim
    assert claim is not None
    assert all(published.source.strip() for published in claim.published)
    assert claim.criteria or claim.not_testable
    assert claim.declared >= "2026-11-26"


@every_claim
def test_a_criterion_is_about_trials_that_are_planned_with_five_seeds_or_more(name):
    for criterion in read_grid(CLAIMS[name]).claim.criteria:
        for method in filter(None, (criterion.method, criterion.than)):
            own = [trial for trial in planned(name).trials if trial.method == method]
            own = [trial for trial in own if criterion.task in (None, trial.task_label)]
            own = [trial for trial in own if criterion.length in (None, trial.length)]
            assert len({trial.seed for trial in own}) >= 5
            assert len({trial.task_label for trial in own}) == 1
            assert criterion.figure == "horizon" or len({trial.length for trial in own}) == 1


@every_claim
def test_a_header_says_source_and_cost_and_counts_trials_and_programs_as_the_plan_does(name):
    lines = [line.lstrip("# ") for line in CLAIMS[name].read_text("utf-8").splitlines() if line.startswith("#")]
    text = " ".join(lines).replace(",", "")
    assert re.search(r"Source +\S.* Cost +\S", text)
    trials, programs = map(int, re.search(r"Cost +(\d+) trials (\d+) compil", text).groups())
    assert (trials, programs) == (len(planned(name).trials), len(planned(name).groups))


@pytest.mark.parametrize("name", RUN)
def test_criteria_and_trials_are_those_with_which_the_claim_was_run(name):
    kept = load_plan(RESULTS / "replications" / name)
    claims = grid_of(document_of(kept.grid_text, file=f"{name}.yaml")).claim, read_grid(CLAIMS[name]).claim
    declared, now = (claim.model_copy(update={"tried": None}) for claim in claims)  # what is added after a run
    assert declared == now
    assert kept.trials.keys() == {trial.id for trial in planned(name).trials}


def test_the_page_is_what_the_committed_rows_say():
    judged = judged_claims(CLAIMS.values(), PAGE.parent)
    assert PAGE.read_text("utf-8") == replications_page(judged, PAGE, claims_elsewhere())


def test_every_link_of_the_page_leads_somewhere():
    links = re.findall(r"\]\(([^)#\s]+)\)", PAGE.read_text("utf-8"))
    assert [link for link in links if not link.startswith("https://") and not (PAGE.parent / link).exists()] == []
    text = PAGE.read_text("utf-8")
    headings = set(re.findall(r"^###? ([a-z0-9_]+)$", text, re.MULTILINE))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) == headings == set(CLAIMS)
