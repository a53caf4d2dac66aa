"""When a trial counts as solved, as a grid declares it."""

import pytest

from seqbench.components.assemble import assemble
from seqbench.plan.expand import expand_methods
from seqbench.plan.identity import fixed_settings
from seqbench.plan.task_series import expand_tasks
from seqbench.tasks.base import Criterion

GRID = "question: Does it?\ntasks: [adding, {copy_memory: {symbols: 4}}]\nlengths: [20]\n"


def criteria(grid):
    """The criterion with which a trial of each task is judged, and the settings that it has beside those it had."""
    [method] = expand_methods(grid)
    found = []
    for series in expand_tasks(grid):
        task = series.at(20)
        plain, own = (fixed_settings(method, method.model, task, declared) for declared in (None, series.criterion))
        assert {key: value for key, value in own.items() if key != "criterion"} == plain
        found.append((assemble(own).task.criterion, "criterion" in own))
    return found


def test_without_one_each_task_keeps_its_own_and_no_setting_says_so(read):
    assert criteria(read(GRID)) == [(Criterion("loss", 0.01), False), (Criterion(), False)]


def test_one_stands_for_every_task(read):
    found = criteria(read(GRID + "criterion: {metric: loss, at: 0.02}\n"))
    assert found == [(Criterion("loss", 0.02), True)] * 2


def test_or_each_task_has_its_own_by_name(read):
    found = criteria(read(GRID + "criterion: {copy_memory: {metric: sequence_accuracy, at: 1}}\n"))
    assert found[0][1] is False
    assert found[1] == (Criterion("sequence_accuracy", 1.0), True)


ERRORS = [
    (
        "{metric: los, at: 1}",
        "4:21 criterion.metric: expected 'accuracy', 'sequence_accuracy' or 'loss', got the ",
    ),
    ("{metric: loss}", "4:12 criterion.at: expected a value, got none"),
    ("{metric: loss, at: 0}", "4:31 criterion.at: expected more than 0, got 0"),
    ("{at: 1.5}", "4:12 criterion: expected accuracy at no more than 1, of which it is a share"),
    ("{metrik: loss, at: 1}", "4:13 criterion.metrik: unknown key; did you mean 'metric'?"),
    ("{ading: {at: 0.9}}", "4:13 criterion.ading: expected the name of a task of the grid; did you mean 'adding'?"),
    ("{adding: {att: 0.9, at: 0.9}}", "4:22 criterion.adding.att: unknown key; did you mean 'at'?"),
]


@pytest.mark.parametrize(("text", "problem"), ERRORS)
def test_what_is_wrong_is_said_with_its_place(error_of, text, problem):
    assert problem in error_of(GRID + f"criterion: {text}\n")
