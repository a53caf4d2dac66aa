"""Methods and tasks that differ as they are written, and are the same trials where they are trained."""

import pytest

from seqbench.errors import GridError
from seqbench.plan.plan import plan

HEAD = "question: q\ntasks: [adding]\nlengths: [50, 100]\nseeds: 2\nmodel: {stacked: {width: 4}}\n"


def methods(*trained: str) -> str:
    return HEAD + "methods:\n" + "".join(f"  - {{name: m{place}, {own}}}\n" for place, own in enumerate(trained))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (methods("cell: vanilla", "training: {steps: {per_length: 20, at_least: 3000}}"), 50),
        (methods("training: {steps: 2000}", "training: {steps: {per_length: 20}}"), 100),
        (methods("cell: vanilla", "training: {batch_size: {at: {60: 16, 100: 32}}}"), 100),
        (methods("cell: vanilla", "training: {lengths: {from: 1}}"), 50),
        (methods("cell: vanilla", "model: {stacked: {width: 8}}") + "match_parameters: 60\n", 50),
    ],
)
def test_two_methods_that_share_a_trial_are_refused(read, text: str, length: int) -> None:
    with pytest.raises(GridError, match=f"'m0' on adding and 'm1' on adding are the same trials at length {length}"):
        plan(read(text))


def test_methods_that_differ_at_every_length_are_planned(read) -> None:
    trained = ("cell: vanilla", "training: {steps: {per_length: 20}}", "training: {batch_size: {at: {1: 16}}}")
    assert len(plan(read(methods(*trained))).trials) == 3 * 2 * 2
