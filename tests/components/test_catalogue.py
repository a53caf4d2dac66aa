from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import pytest

from seqbench.components import catalogue
from seqbench.components.assemble import assemble
from seqbench.components.catalogue import Component, ComponentError, component, describe, names, resolve
from seqbench.components.member_files import citation
from seqbench.errors import GridError, UsageError
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan

OWN = '''\
"""Our own cell.

Source: made for a test
"""
from seqbench.cells.base import CellBuilder
from seqbench.cells.vanilla import vanilla

VERSION = 3


def own(*, gain: float = 2, mode: str | None = None, sizes: tuple[int, ...] = (1, 2)) -> CellBuilder:
    return vanilla()


def loose(**settings) -> CellBuilder:
    return vanilla()


def needy(gain: float) -> CellBuilder:
    return vanilla()


def unnamed() -> "Missing":
    return vanilla()
'''


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A user's module in the folder in which the command is given."""
    (tmp_path / "my_cells.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_cells", raising=False)
    catalogue.settings.cache_clear()
    catalogue.component.cache_clear()
    return "my_cells"


@pytest.mark.parametrize("family", catalogue.RETURNS)
def test_a_family_is_its_files(family: str) -> None:
    folder = Path(inspect.getfile(catalogue)).parents[1] / family
    files = {path.stem for path in folder.glob("*.py") if path.stem != "base" and not path.stem.startswith("_")}
    assert set(names(family)) == files
    assert names(family) == tuple(sorted(names(family)))


def test_a_name_is_the_function_of_the_file_of_that_name() -> None:
    function = component("tasks", "adding")
    assert (function.__module__, function.__name__) == ("seqbench.tasks.adding", "adding")


def test_listing_names_imports_nothing_of_a_family() -> None:
    program = (
        "import sys; from seqbench.components.catalogue import names; assert 'gru' in names('cells')\n"
        "assert not {'jax', 'seqbench.cells', 'seqbench.cells.gru'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_describe_tells_name_summary_source_and_settings() -> None:
    rows = {row["name"]: row for row in describe("mitigations")}
    assert set(rows) == set(names("mitigations"))
    row = rows["clip_global_norm"]
    assert row["summary"].startswith("Rescale the whole gradient")
    assert row["source"].startswith("Pascanu, Mikolov & Bengio 2013")
    assert row["settings"] == {"threshold": 1.0}
    assert "cell" not in next(row for row in describe("models") if row["name"] == "stacked")["settings"]


def test_a_source_runs_to_the_end_of_its_paragraph() -> None:
    assert citation("One.\n\nSource: A 1999, long\ntitle\n\nMore.") == "A 1999, long title"
    assert citation("One.") == ""


def test_defaults_fill_what_is_not_given_and_whole_numbers_become_floats() -> None:
    assert resolve("mitigations", "clip_value", {}) == Component("clip_value", {"threshold": 25.0})
    found = resolve("mitigations", "clip_value", {"threshold": 2}).settings["threshold"]
    assert (found, type(found)) == (2.0, float)


@pytest.mark.parametrize(
    ("family", "name", "given", "message"),
    [
        ("cells", "lsm", {}, "expected the name of a cell, got 'lsm'; did you mean 'lstm'?"),
        ("cells", "base", {}, "expected the name of a cell, got 'base'"),
        ("cells", "LSTM", {}, "expected the name of a cell, got 'LSTM'; did you mean 'lstm'?"),
        ("cells", "lstm", {"bias": 1}, "bias: lstm has no setting 'bias'; choose from forget_bias, "),
        ("cells", "lstm", {"forget_bias": "1"}, "forget_bias: expected a number, got the text '1'"),
        ("cells", "lstm", {"forget_bias": True}, "forget_bias: expected a number, got true"),
        ("cells", "lstm", {"forget_bias": None}, "forget_bias: expected a number, got null"),
        ("cells", "lstm", {"forget_bias": [1.0]}, "forget_bias: expected a number, got [1.0]"),
        ("cells", "lstm", {"forget_bias": {"a": 1}}, "forget_bias: expected a number, got keys with values"),
        ("tasks", "adding", {"length": 5.0}, "length: expected a whole number, got 5.0"),
        ("models", "stacked", {"cell": "gru"}, "cell: stacked has no setting 'cell'"),
    ],
)
def test_a_wrong_name_or_setting_is_refused_with_advice(family: str, name: str, given: dict, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        resolve(family, name, given)
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, GridError)
    assert isinstance(caught.value, UsageError)


def test_a_users_function_is_found_beside_the_command(own_module: str) -> None:
    name = f"{own_module}:own"
    assert resolve("cells", name, {"mode": None, "sizes": [3]}).settings == {"gain": 2.0, "mode": None, "sizes": (3,)}
    assert catalogue.version("cells", name) == 3
    assert catalogue.version("cells", "gru") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_cells:absent", "expected a function 'absent' in my_cells, got none"),
        ("my_cells:VERSION", "expected a function 'VERSION' in my_cells, got none"),
        ("my_cells:vanilla", "activation: "),
        ("my_cells:loose", "my_cells:loose must name and annotate each of its settings, but **settings is not"),
        ("my_cells:needy", "gain: my_cells:needy needs a value for 'gain', which has no default"),
        ("my_cells:unnamed", "cannot read the annotations of unnamed: name 'Missing' is not defined"),
        ("nowhere:own", "cannot import 'nowhere:own': No module named 'nowhere'; modules of your own are looked for"),
        (":own", "expected `module:function`, got ':own'"),
        ("..:own", "expected `module:function`, got '..:own'"),
    ],
)
def test_what_is_no_component_of_a_user_is_refused(own_module: str, name: str, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        resolve("cells", name, {"activation": "none"} if name == "my_cells:vanilla" else {})
    assert str(caught.value).startswith(message)


def test_nothing_is_called_that_does_not_say_it_belongs_to_the_family() -> None:
    with pytest.raises(ComponentError, match="expected a cell, but subprocess:run is not annotated `-> CellBuilder`"):
        component("cells", "subprocess:run")
    with pytest.raises(ComponentError, match=r"expected a mitigation, but seqbench.cells.gru:gru is not annotated"):
        component("mitigations", "seqbench.cells.gru:gru")


def test_a_model_that_reads_through_a_cell_is_recurrent() -> None:
    assert catalogue.is_recurrent("stacked")
    assert catalogue.length_argument("delayed_recall") == "length"


OWN_OPTIMIZER = '''\
"""The sign of the gradient.

Source: made for a test
"""
import jax.numpy as jnp
import optax

from seqbench.optimizers.base import Optimizer
from seqbench.schedules.base import ScheduleBuilder
from seqbench.setting_types import PositiveFloat


def sign(*, size: PositiveFloat = 1.0) -> Optimizer:
    return optax.stateless(lambda updates, _: {key: size * jnp.sign(leaf) for key, leaf in updates.items()})


def halved() -> ScheduleBuilder:
    return lambda steps: lambda step: jnp.where(2 * step < steps, 1.0, 0.5)
'''


def test_optimizers_and_schedules_may_be_a_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_training.py").write_text(OWN_OPTIMIZER)
    (tmp_path / "own.yaml").write_text(
        "question: q\ntasks: [adding]\nlengths: [5]\ntraining: {steps: 4, optimizer: {'my_training:sign': {size: 2}},"
        " schedule: my_training:halved}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    [program] = {group.key: group for group in plan(read_grid("own.yaml")).groups}.values()
    assembly = assemble(program.trials[0].settings)
    direction, _ = assembly.optimizer.update({"w": jnp.array([-3.0, 0.0])}, assembly.optimizer.init({}))
    assert direction["w"].tolist() == [-2, 0]
    assert [float(assembly.schedule(step)) for step in range(4)] == [1, 1, 0.5, 0.5]
    (tmp_path / "own.yaml").write_text((tmp_path / "own.yaml").read_text().replace("size: 2", "size: 0"))
    with pytest.raises(
        GridError, match=r"own\.yaml:4:61 training\.optimizer\.my_training:sign\.size: expected more than 0"
    ):
        read_grid("own.yaml")


def test_no_name_stands_in_two_families() -> None:
    every = [name for family in catalogue.RETURNS for name in names(family)]
    assert len(set(every)) == len(every)
