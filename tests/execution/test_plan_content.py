"""What is kept of a plan comes back from its file as it was, whatever rules the grid has."""

import pytest

from seqbench.execution.plan_content import plan_content
from seqbench.plan.plan import plan
from seqbench.store.plan_file import load_plan, write_plan

GRID = """
question: q
tasks: [delayed_recall]
lengths: [20, 100]
seeds: 1
model: {stacked: {width: 4}}
methods: [{name: plain, cell: vanilla}]
"""


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("steps: {per_length: 20, at_most: 1000}", {"per_length": 20.0, "at_least": 1, "at_most": 1000}),
        ("batch_size: {at: {5: 64, 40: 16}}", {"at": {"5": 64, "40": 16}}),
        ("lengths: {from: 0.5}", {"from": 0.5, "to": 1.0, "count": 16}),
        ("stop_when_solved: {after: 20}", {"after": 20}),
        ("stop_when_stuck: {evaluations: 10}", {"evaluations": 10, "improvement": 0.01}),
    ],
)
def test_rules_of_training_are_kept(read, tmp_path, rule, kept):
    content = plan_content(plan(read(f"{GRID}training: {{{rule}}}\n")), {})
    write_plan(tmp_path, content)
    assert load_plan(tmp_path) == content
    assert content.training[rule.partition(":")[0]] == kept
