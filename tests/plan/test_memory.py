"""What this machine's memory does not hold is refused while planning, with the memory named."""

from __future__ import annotations

import re

import pytest

from seqbench.errors import GridError
from seqbench.plan.plan import plan

HEAD = "question: q\ntasks: [delayed_recall]\nseeds: 1\n"


@pytest.mark.parametrize("beside", ["", "mitigations: [identity_init]\n", "cell: lru\n"])
@pytest.mark.parametrize("width", [10**6, 10**9])
def test_a_model_that_no_machine_holds_is_refused_with_the_memory_it_needs(error_of, width, beside):
    said = error_of(f"{HEAD}lengths: [20]\nmodel: {{width: {width}}}\n{beside}")
    assert re.search(
        r"plain on delayed_recall (has [0-9,]+ parameters, which|at length 20) needs? about [0-9,]+ GiB", said
    )
    assert "and this machine has" in said


def test_a_batch_that_no_machine_holds_is_refused(error_of):
    said = error_of(f"{HEAD}lengths: [20]\ntraining: {{batch_size: 100000000}}\n")
    assert re.search(r"lengths: plain on delayed_recall at length 20 needs about 1,[0-9]{3} GiB a worker", said)


@pytest.mark.parametrize("task", ["agreement", "language_model", "adding"])
@pytest.mark.parametrize("lengths", ["lengths: [2000000000]", "lengths: [20]\ntest_lengths: {lengths: [2000000000]}"])
def test_a_length_of_which_no_machine_holds_a_batch_is_refused_before_the_task_is_built(error_of, task, lengths):
    said = error_of(f"question: q\ntasks: [{task}]\n{lengths}\ntraining: {{batch_size: 1000}}\n")
    assert "at length 2,000,000,000 needs 7,451 GiB a worker for a batch of 1,000 sequences alone" in said


def test_what_trains_elsewhere_may_need_more_than_this_machine_has(read):
    grid = read(f"{HEAD}lengths: [20]\ntraining: {{batch_size: 100000000}}\n")
    with pytest.raises(GridError, match="and this machine has"):
        plan(grid)
    assert plan(grid, bounded=False).estimate().bytes_per_worker > 2**40


def test_more_layers_than_can_be_built_are_refused_by_the_setting(error_of):
    assert "1000" in error_of(f"{HEAD}lengths: [20]\nmodel: {{depth: 1000000}}\n")
