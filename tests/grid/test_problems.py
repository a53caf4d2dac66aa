"""All that is wrong with a grid, told at once."""

from __future__ import annotations

import pytest

from seqbench.errors import GridError

SMALL = """\
question: Does it?
tasks: [adding]
lengths: [10, 20]
"""


def test_all_errors_of_shape_are_told_at_once_in_order(error_of) -> None:
    lines = error_of(SMALL + "primary: best\nseeds: ten\ncel: gru").splitlines()
    assert [line.rpartition("example.yaml:")[2].partition(" ")[0] for line in lines[::3]] == ["4:10", "5:8", "6:1"]


def test_errors_of_every_kind_are_told_at_once_in_the_order_of_the_file(read) -> None:
    text = """\
question: Does it?
tasks: [addign, {adding: {lenght: 3}}]
lengths: [10, 10]
cell: {lstm: {forget_bias: high}}
training: {learning_rate: 1e-3, step: 5, optimizer: adm}
methods:
  - {name: a, cell: grru, mitigations: [clip_valu, {clip_value: {threshold: -1}}]}
probes: [jacobain]
"""
    with pytest.raises(GridError) as caught:
        read(text)
    assert [(problem.line, problem.field) for problem in caught.value.problems] == [
        (2, "tasks[0]"),
        (2, "tasks[1].adding.lenght"),
        (4, "cell.lstm.forget_bias"),
        (5, "training.learning_rate"),
        (5, "training.step"),
        (5, "training.optimizer"),
        (7, "methods[0].cell"),
        (7, "methods[0].mitigations[0]"),
        (7, "methods[0].mitigations[1].clip_value.threshold"),
        (8, "probes[0]"),
    ]
    assert all(problem.excerpt.count("^") >= 2 for problem in caught.value.problems)


def test_twenty_five_errors_are_enough(error_of) -> None:
    lines = error_of(SMALL + "mitigations: [" + "1, " * 50 + "]").splitlines()
    assert len(lines) == 3 * 25 + 1  # three lines each: what is wrong, the line of the file, and the mark
    assert lines[-1] == "... and 25 more"


def test_tasks_methods_and_comparisons_that_cannot_be_meant_are_told_together(error_of) -> None:
    said = error_of(
        "question: q\ntasks: [adding, {parity: {length: [3, 3]}}, adding]\n"
        "factors: {f: {a: {}, b: {cell: gru}}}\nexclude: [{}, {g: a}, {f: c}]\n"
    )
    places = [line.partition(" ")[0].rpartition("example.yaml:")[2] for line in said.splitlines()[::3]]
    assert places == ["2:9", "2:35", "2:45", "4:11", "4:16", "4:27"]
    said = error_of(SMALL + "methods: [{name: a}]\ncomparisons: {baseline: b, pairs: [[a, c]]}\n")
    assert [word in said for word in ("comparisons.baseline", "comparisons.pairs[0][1]")] == [True, True]
