"""`seqbench check`: the guide's example keeps its contract, and each way to break one is reported."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from seqbench.commands.check import check
from seqbench.components.catalogue import ComponentError, component, settings
from seqbench.errors import ContractBroken
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"
SECTION = "## Your own task"


def block(language: str) -> str:
    """The one block of a language that the guide's section holds."""
    section = GUIDE.read_text("utf-8").partition(f"{SECTION}\n")[2].partition("\n## ")[0]
    [text] = re.findall(rf"```{language}\n(.*?)```", section, flags=re.DOTALL)
    return text


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a user's module into the current folder; it is forgotten after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(name: str, text: str) -> None:
        monkeypatch.delitem(sys.modules, name, raising=False)  # another test's module of this name
        component.cache_clear()
        settings.cache_clear()
        (tmp_path / f"{name}.py").write_text(text, "utf-8")

    before = set(sys.modules)
    yield write
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == tmp_path:
            del sys.modules[name]
    component.cache_clear()
    settings.cache_clear()


def test_the_guides_module_keeps_the_contract(own, capsys):
    own("mymodule", block("python"))
    [command] = re.findall(r"^\$ seqbench check (\S+)$", block("console"), flags=re.MULTILINE)
    check(command)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "mymodule:my_task, a task"
    assert len(lines) == 12
    assert all(line.startswith("  ok     ") for line in lines)


def test_the_guides_grid_plans(own, tmp_path):
    own("mymodule", block("python"))
    (tmp_path / "coins.yaml").write_text(block("yaml"), "utf-8")
    current = plan(read_grid(tmp_path / "coins.yaml"))
    assert {trial.task.name for trial in current.trials} == {"mymodule:my_task"}
    assert len(current.trials) == 2 * 2 * 3
    assert not current.incompatible


def test_a_broken_task_is_told_what_is_wrong_and_the_other_checks_go_on(own, capsys):
    broken = block("python").replace("Source: made", "Made").replace("trivial=1 / 2", "trivial=3 / 4")
    own("broken", broken.replace("answers(coins), length)", "answers(coins), length - 1)"))
    with pytest.raises(ContractBroken, match="broken:my_task breaks 3 checks of its contract") as caught:
        check("broken:my_task")
    assert caught.value.exit_code == 1
    wrong = [line.removeprefix("  WRONG  ") for line in capsys.readouterr().out.splitlines() if "WRONG" in line]
    assert "begins with `Source: `" in wrong[0]
    assert "Correct `Batch.distance`" in wrong[1]
    assert "`Task.trivial` says 0.75, but `Task.guess` scores" in wrong[2]


def test_whatever_a_component_raises_is_a_verdict_with_its_place(own, capsys):
    own("raising", block("python").replace("coins[:, :1] == coins[:, -1:]", "coins[:, :1] == coins.absent"))
    with pytest.raises(ContractBroken):
        check("raising:my_task")
    said = capsys.readouterr().out
    assert re.search(r"WRONG  shapes and ranges: AttributeError in .*line \d+: .*absent", said)
    assert "  ok     says what it is and where it comes from" in said


@pytest.mark.slow  # it runs the whole contract of cells; the check that fails is tried with the contracts
def test_a_cell_whose_padding_leaks_is_caught(own, capsys):
    own(
        "leaking",
        '"""A vanilla cell that forgets to hold its state.\n\nSource: made for this test\n"""\n'
        "from seqbench.cells.base import CellBuilder\n"
        "from seqbench.cells.vanilla import Vanilla\n\n\n"
        "class Leaking(Vanilla):\n"
        "    def hold(self, valid, old, new):\n"
        "        return new\n\n\n"
        "def leaking() -> CellBuilder:\n"
        '    """No settings."""\n'
        "    return Leaking\n",
    )
    with pytest.raises(ContractBroken, match="breaks 1 check of"):
        check("leaking:leaking")
    said = capsys.readouterr().out
    assert "leaking:leaking, a cell" in said
    assert "WRONG  padding changes nothing and rows do not touch: Padding reached the final state" in said
    assert "nothing to check: the cell has no parallel form" in said


def test_a_name_that_is_nothing_is_refused_with_advice(own):
    own("plain", "def nothing():\n    pass\n")
    with pytest.raises(ComponentError, match="plain:nothing does not say what it is: annotate its return"):
        check("plain:nothing")
    with pytest.raises(ComponentError, match="got 'paritty'; did you mean 'parity'"):
        check("paritty")
    with pytest.raises(ComponentError, match="expected the name of a cell"):
        check("parity", family="cells")
