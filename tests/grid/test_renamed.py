"""A component's former name is read as its present one, with a notice that says where it stands."""

import inspect
import subprocess
import sys

import pytest

from seqbench.components import catalogue
from seqbench.components.catalogue import ComponentError
from seqbench.entry import main
from seqbench.errors import GridError, RenamedWarning
from seqbench.grid.read import read_grid
from seqbench.plan.expand import expand_methods
from seqbench.plan.plan import plan

FORMER = """\
question: q
tasks: [adding]
lengths: [5]
seeds: 1
mitigations: [clip_message]
methods:
  - {name: one}
  - {name: two, mitigations: [{clip_message: {threshold: 2.0}}]}
tuning:
  seeds: 1
  learning_rate: [0.1]
  space:
    clip_message.threshold: [1.0, 3.0]
"""


def test_a_former_name_means_the_present_one_everywhere(tmp_path):
    former, present = tmp_path / "former.yaml", tmp_path / "present.yaml"
    former.write_text(FORMER.replace("methods:", "factors: {f: {g: {mitigations: [clip_message]}}}\nmethods:"))
    present.write_text(former.read_text().replace("clip_message", "clip_backpropagated"))
    with pytest.warns(RenamedWarning) as told:
        read = read_grid(former)
    places = ["5:15 mitigations[0].clip_message", "9:32 methods[1].mitigations[0].clip_message",
              "6:33 factors.f.g.mitigations[0].clip_message", "14:5 tuning.space.clip_message.threshold"]  # fmt: skip
    words = "clip_message is now called clip_backpropagated; the old name will not be read by the next version"
    assert [str(each.message) for each in told] == [f"{former}:{place}: {words}" for place in places]
    assert expand_methods(read) == expand_methods(read_grid(present))


def test_trials_are_the_same_and_errors_keep_their_place(tmp_path):
    grid = tmp_path / "grid.yaml"
    grid.write_text(FORMER.partition("tuning:")[0])
    with pytest.warns(RenamedWarning):
        former = [trial.id for trial in plan(read_grid(grid)).trials]
    grid.write_text(grid.read_text().replace("clip_message", "clip_backpropagated"))
    assert former == [trial.id for trial in plan(read_grid(grid)).trials]
    grid.write_text(FORMER.replace("threshold: 2.0", "threshold: -2.0"))
    with (
        pytest.warns(RenamedWarning),
        pytest.raises(GridError, match=r"8:58 .*clip_backpropagated\.threshold: expected more"),
    ):
        read_grid(grid)


@pytest.mark.filterwarnings("default::seqbench.errors.RenamedWarning")
def test_the_command_line_prints_the_notice_on_standard_error_alone(tmp_path, monkeypatch, capsys):
    grid = tmp_path / "grid.yaml"
    grid.write_text(FORMER.partition("tuning:")[0])
    monkeypatch.setattr("sys.argv", ["seqbench", "plan", str(grid), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 0
    assert "clip_message" not in printed.out
    assert printed.err.splitlines()[0].startswith(
        f"notice: {grid}:5:15 mitigations[0].clip_message: clip_message is now"
    )


def test_the_error_for_a_former_name_says_the_present_one():
    with pytest.raises(ComponentError, match="got 'clip_message', which is now called 'clip_backpropagated'"):
        catalogue.require("mitigations", "clip_message")


@pytest.mark.parametrize("family", catalogue.RETURNS)
def test_former_names_are_those_that_the_files_state_and_no_present_ones(family):
    declared = {}
    for name in catalogue.names(family):
        module = inspect.getmodule(catalogue.component(family, name))
        declared |= dict.fromkeys(getattr(module, "FORMERLY", ()), name)
    assert catalogue.formerly(family) == declared
    assert not set(declared) & {name for each in catalogue.RETURNS for name in catalogue.names(each)}


def test_former_names_are_found_without_importing_anything():
    program = (
        "import sys; from seqbench.components.catalogue import formerly; "
        "assert 'clip_message' in formerly('mitigations')\n"
        "assert not {'jax', 'seqbench.mitigations'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
