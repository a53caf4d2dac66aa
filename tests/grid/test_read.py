from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seqbench.errors import GridError
from seqbench.grid.read import find_grid, read_grid, shipped_grids
from seqbench.grid.spec import RESERVED
from seqbench.schema import RESULT_COLUMNS

SMALL = """\
question: Does it?
tasks: [adding]
lengths: [10, 20]
"""

FULL = """\
question: Which remedy lets a network use information from how far back?
tasks: [adding, {delayed_recall: {symbols: 8}}, {agreement: {length: [10, 20]}}]
lengths: [25, 50]
seeds: [7, 8]
cell: vanilla
model: {stacked: {width: 64, depth: 2}}
mitigations: []
training: {steps: 3000, batch_size: 32, evaluate_every: 100, optimizer: {adam: {b1: 0.8}}, learning_rate: 1.0e-3,
           schedule: constant, stop_when_solved: true, validation_sequences: 1024, test_sequences: 10000}
methods:
  - {name: IRNN, cell: {vanilla: {activation: relu}}, mitigations: [identity_init, {clip_global_norm: {threshold: 1}}]}
factors:
  clipping: {none: {}, value 25: {mitigations: [{clip_value: {threshold: 25.0}}]}}
  gating: {none: , GRU: {cell: gru}}
exclude: [{gating: GRU, clipping: value 25}]
tuning: {seeds: 3, learning_rate: [1.0e-4, 1.0e-3]}
primary: solve_rate
comparisons: {baseline: plain}
probes: default
match_parameters: 10000
"""


def test_a_small_grid_has_defaults_for_all_else(read) -> None:
    grid = read(SMALL)
    assert (grid.name, grid.text) == ("example", SMALL)
    assert list(grid.seeds) == list(range(1000, 1010))
    assert (grid.cell.name, grid.model.name, grid.training.learning_rate) == ("vanilla", "stacked", 1e-3)
    assert (grid.primary, grid.probes, grid.tuning, grid.match_parameters) == ("horizon", "default", None, None)


def test_everything_a_grid_may_say_is_read(read) -> None:
    grid = read(FULL)
    assert list(grid.seeds) == [7, 8]
    assert list(grid.tuning.seeds) == [0, 1, 2]
    assert grid.training.optimizer.settings == {"b1": 0.8}
    assert list(grid.factors) == ["clipping", "gating"]
    assert list(grid.factors["gating"]) == ["none", "GRU"]
    assert grid.match_parameters == 10000


ERRORS = [
    # the whole file
    ("[1, 2]", "1:1 grid: expected keys such as question, tasks and methods, got [1, 2]"),
    ("nonsense", "1:1 grid: expected keys such as question, tasks and methods, got the text 'nonsense'"),
    ("tasks: [adding]\nlengths: [3]", "1:1 question: expected a value, got none; a grid needs this key"),
    # unknown keys
    (SMALL + "lenghts: [3]", "4:1 lenghts: unknown key; did you mean 'lengths'?"),
    (SMALL + "name: x", "4:1 name: unknown key"),
    (SMALL + "training: {step: 5}", "4:12 training.step: unknown key; did you mean 'steps'?"),
    (SMALL + "tuning: {seed: 5, learning_rate: [1.0]}", "4:10 tuning.seed: unknown key; did you mean 'seeds'?"),
    (SMALL + "methods: [{name: a, cel: gru}]", "4:21 methods[0].cel: unknown key; did you mean 'cell'?"),
    (SMALL + "factors: {f: {a: {cel: gru}}}", "4:19 factors.f.a.cel: unknown key; did you mean 'cell'?"),
    # types
    (SMALL + "seeds: ten", "4:8 seeds: expected how many seeds, or a list of different whole numbers of 0 or more"),
    (SMALL + "seeds: true", "4:8 seeds: expected how many seeds"),
    (SMALL + "seeds: [1, 1]", "4:8 seeds: expected how many seeds"),
    (SMALL + "training: {steps: 1.5}", "4:19 training.steps: expected a whole number, got 1.5"),
    (SMALL + "training: {steps: '5'}", "4:19 training.steps: expected a whole number, got the text '5'"),
    (SMALL + "training: {steps: true}", "4:19 training.steps: expected a whole number, got true"),
    (SMALL + "training: {steps: 0}", "4:19 training.steps: expected more than 0, got 0"),
    (SMALL + "training: {learning_rate: 1e-3}", "4:27 training.learning_rate: YAML reads 1e-3 as text; write 1.0e-3"),
    (SMALL + "training: {learning_rate: .inf}", "4:27 training.learning_rate: expected a finite number, got inf"),
    (SMALL + "training: {stop_when_solved: 1}", "4:30 training.stop_when_solved: expected true or false, got 1"),
    (SMALL + "primary: best", "4:10 primary: expected 'horizon', 'solve_rate', 'accuracy' or 'steps_to_solve', got"),
    ("question: q\ntasks: []\nlengths: [3]", "2:8 tasks: expected at least 1 of them, got []"),
    ("question: q\ntasks: adding\nlengths: [3]", "2:8 tasks: expected a list, got the text 'adding'"),
    ("question: q\ntasks: [adding]\nlengths: [3, x]", "3:14 lengths[1]: expected a whole number, got the text 'x'"),
    ("question: q\ntasks: [adding]\nlengths: [3, 3]", "3:10 lengths: expected values that differ from each other"),
    # components
    (SMALL + "cell: grru", "4:7 cell: expected the name of a cell, got 'grru'; did you mean 'gru'?"),
    (SMALL + "cell: {lstm: {}, gru: {}}", "4:7 cell: expected a name, or one name with its settings"),
    (SMALL + "cell: 3", "4:7 cell: expected a name, or one name with its settings: {name: {setting: value}}, got 3"),
    (
        SMALL + "mitigations: [{clip_value: {treshold: 1}}]",
        "4:29 mitigations[0].clip_value.treshold: clip_value has no ",
    ),
    (
        SMALL + "mitigations:\n- clip_value: {threshold: high}",
        "5:27 mitigations[0].clip_value.threshold: expected a number, got the text 'high'",
    ),
    (
        SMALL + "cell: {vanilla: {activation: rleu}}",
        "4:30 cell.vanilla.activation: expected 'tanh' or 'relu', got the text 'rleu'",
    ),
    (SMALL + "model: {stacked: {depth: 2.0}}", "4:26 model.stacked.depth: expected a whole number, got 2.0"),
    (
        SMALL + "training: {optimizer: adm}",
        "4:23 training.optimizer: expected the name of an optimizer, got 'adm'; did you mean 'adam'?",
    ),
    (SMALL + "training: {optimizer: {adam: {b3: 1}}}", "4:31 training.optimizer.adam.b3: adam has no setting 'b3'"),
    (
        SMALL + "training: {optimizer: {adam: {b2: 1.0}}}",
        "4:35 training.optimizer.adam.b2: expected at least 0 and at most 0.999999, got 1.0",
    ),
    (
        SMALL + "training: {optimizer: {rmsprop: {decay: 1.5}}}",
        "4:41 training.optimizer.rmsprop.decay: expected at least 0 and at most 0.999999, got 1.5",
    ),
    (
        SMALL + "training: {optimizer: {adamw: {weight_decay: -5}}}",
        "4:46 training.optimizer.adamw.weight_decay: expected at least 0 and at most 1, got -5",
    ),
    (
        SMALL + "training: {schedule: {warmup: {steps: -5}}}",
        "4:39 training.schedule.warmup.steps: expected 0 or more, got -5",
    ),
    (
        SMALL + "training: {schedule: {step: {at: [0.5, 1.5]}}}",
        "4:34 training.schedule.step.at: expected more than 0 and less than 1, got [0.5, 1.5]",
    ),
    (
        SMALL + "training: {optimizer: {adam: {eps: .inf}}}",
        "4:36 training.optimizer.adam.eps: expected a finite number, got inf",
    ),
    (SMALL + "training: {schedule: {warmup: {steps: 1.0}}}", "4:39 training.schedule.warmup.steps: expected a whole"),
    ("question: q\ntasks: [addign]\nlengths: [3]", "2:9 tasks[0]: expected the name of a task, got 'addign'; did you"),
    ("question: q\ntasks: [{adding: {lenght: 3}}]\nlengths: [3]", "2:19 tasks[0].adding.lenght: adding has no setting"),
    ("question: q\ntasks: [{adding: {length: x}}]", "2:27 tasks[0].adding.length: expected a whole number, got the"),
    (
        "question: q\ntasks: [adding]",
        "2:9 tasks[0]: expected dependency lengths: give `lengths` to the grid or `length`",
    ),
    (
        "question: q\ntasks: [{adding: {length: [3, 0]}}]",
        "2:27 tasks[0].adding.length: expected whole numbers of 1 or m",
    ),
    ("question: q\ntasks: [{adding: {length: [3, 3]}}]", "2:27 tasks[0].adding.length: expected lengths that differ"),
    ("question: q\ntasks: [adding, adding]\nlengths: [3]", "2:17 tasks[1]: adding stands in the list twice; give its"),
    (SMALL + "cell: nowhere:cell", "4:7 cell: cannot import 'nowhere:cell': No module named 'nowhere'"),
    (SMALL + "cell: os:system", "4:7 cell: expected a function 'system' in os, got none"),
    (SMALL + "cell: subprocess:run", "4:7 cell: expected a cell, but subprocess:run is not annotated `-> CellBuilder`"),
    # names
    (SMALL + "methods: [{cell: gru}]", "4:11 methods[0].name: expected a value, got none"),
    (
        SMALL + "methods: [{name: 'a\\nb'}]".replace("'", '"'),
        "4:18 methods[0].name: expected a name of 1 to 100 printable",
    ),
    (SMALL + "methods: [{name: \u202ea}]", "4:18 methods[0].name: expected text without control characters"),
    (SMALL + f"factors: {{{'x' * 101}: {{a: {{}}}}}}", f"4:11 factors.{'x' * 101}: expected a name of 1 to 100"),
    (
        SMALL + "factors: {loss: {a: {}}}",
        "4:11 factors.loss: results have a column 'loss' of their own; name the factor",
    ),
    (SMALL + "factors: {f: {}}", "4:14 factors.f: expected at least 1 of them"),
    (
        SMALL + "methods: [{name: A, cell: gru}, {name: a}]",
        "4:10 methods: two methods are called 'a'; label them differently",
    ),
    (
        SMALL + "methods: [{name: a}, {name: b, cell: vanilla}]",
        "4:10 methods: the methods 'a' and 'b' are the same; leave one out (see `exclude`)",
    ),
    (SMALL + "factors: {f: {a: {}, b: {}}}", "4:10 factors: the methods 'a' and 'b' are the same; leave one out"),
    # what must fit together
    (
        SMALL + "seeds: [2, 3]\ntuning: {seeds: 3, learning_rate: [0.1]}",
        "5:17 tuning.seeds: expected seeds that are not",
    ),
    (SMALL + "tuning: {learning_rate: [0.1, 0.1]}", "4:25 tuning.learning_rate: expected values that differ from each"),
    (SMALL + "exclude: [{f: a}]", "4:12 exclude[0].f: expected the name of a factor, got 'f'"),
    (
        SMALL + "factors: {f: {a: {}, b: {cell: gru}}}\nexclude: [{f: c}]",
        "5:15 exclude[0].f: expected a level of f, got 'c'; choose from a, b",
    ),
    (SMALL + "factors: {f: {a: {}}}\nexclude: [{}]", "5:11 exclude[0]: expected at least one factor with a level"),
    (
        SMALL + "factors: {f: {a: {}, b: {cell: gru}}}\ncomparisons: {baseline: plain}",
        "5:25 comparisons.baseline: expected the name of a method, got 'plain'; choose from a, b",
    ),
    (
        SMALL + "comparisons: {pairs: [[plain, plan]]}",
        "4:31 comparisons.pairs[0][1]: expected the name of a method, got",
    ),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[message.partition(",")[0][:60] for _, message in ERRORS])
def test_every_error_names_line_column_and_field(error_of: Callable[[str], str], text: str, message: str) -> None:
    assert error_of(text).startswith(message)


def test_reserved_names_are_the_columns_of_the_results() -> None:
    assert set(RESULT_COLUMNS) == RESERVED


def test_reading_the_shape_of_a_grid_needs_no_jax() -> None:
    program = (
        "import sys, seqbench.grid.read as read\n"
        "from seqbench.components import catalogue\n"
        "assert 'adding' in catalogue.names('tasks') and 'factorial' in read.shipped_grids()\n"
        "assert not {'jax', 'flax', 'pandas'} & set(sys.modules), 'a heavy import'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_grid_is_found_by_path_and_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL)
    assert find_grid(path) == path
    assert find_grid("factorial") == shipped_grids()["factorial"]
    assert read_grid(find_grid("factorial")).name == "factorial"
    with pytest.raises(
        GridError, match=r"factoral: there is no such file and no shipped grid.*; did you mean 'factorial'"
    ):
        find_grid("factoral")


@pytest.mark.parametrize(
    ("tuned", "reported", "problem"),
    [
        ("400000000", "400000000", "expected seeds that are not reported, got 1000, which `seeds` has as well"),
        ("[5, 1003, 1002]", "400000000", "got 1002, which"),
        ("400000000", "[7, 500000000]", "got 7, which"),
        ("[3, 4]", "[4, 3]", "got 3, which"),
    ],
)
def test_seeds_of_tuning_that_are_reported_are_found_without_a_list_of_all(read, tuned, reported, problem) -> None:
    began = time.monotonic()
    text = f"question: q\ntasks: [adding]\nlengths: [5]\nseeds: {reported}\n"
    with pytest.raises(GridError, match=problem):
        read(text + f"tuning: {{seeds: {tuned}, learning_rate: [0.1]}}\n")
    assert time.monotonic() - began < 5
