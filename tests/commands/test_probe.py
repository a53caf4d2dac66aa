"""`seqbench probe` and its counterpart for notebooks: the picture before training."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from PIL import Image

import seqbench
from seqbench.commands.asked import Asked
from seqbench.commands.plan import plan as plan_command
from seqbench.commands.probe import file_name
from seqbench.commands.probe import probe as probe_command
from seqbench.errors import GridError, UsageError
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid

GRID = """
question: What arrives before anything is learned?
tasks: [delayed_recall]
lengths: [3, 7]
seeds: 2
model: {stacked: {width: 4, depth: 1}}
methods:
  - {name: plain, cell: vanilla}
  - {name: skipping, cell: vanilla, mitigations: [residual]}
"""


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "start.yaml"
    path.write_text(GRID)
    return path


def test_a_grid_gives_a_figure_a_table_and_what_was_left_out(grid, tmp_path, capsys):
    probe_command(Asked(str(grid), tmp_path), tmp_path, task="", length=0, cell="", mitigations=[])
    said = capsys.readouterr().out
    path = tmp_path / "start" / "probes" / "gradient.png"
    assert said.startswith(f"{path}\n")
    with Image.open(path) as picture:
        assert picture.width > 400
    drawn = ElementTree.parse(path.with_suffix(".svg")).getroot()
    assert "plain" in "".join(drawn.itertext())
    assert "delayed_recall at initialisation, dependency length 7" in said
    assert "spectral radius" in said
    assert "Left out: skipping on delayed_recall:" in said
    assert not (tmp_path / "start" / "trials").exists()


def test_the_figure_of_one_model_says_what_was_asked_and_is_not_overwritten(tmp_path, capsys):
    for mitigations in ([], ["identity_init"]):
        probe_command(None, tmp_path, task="delayed_recall", length=4, cell="vanilla", mitigations=mitigations)
    written = {path.name for path in (tmp_path / "probe").glob("*.png")}
    assert written == {
        "gradient-delayed_recall-4-vanilla.png",
        "gradient-delayed_recall-4-vanilla-identity_init.png",
    }
    said = capsys.readouterr().out
    assert all(name in said for name in written)


def test_the_name_of_a_figure_has_safe_characters_only():
    assert file_name("my.tasks:../a b", 7, "a:cell", ["x:y"]) == "gradient-my.tasks.a.b-7-a.cell-x.y"


def test_one_model_is_measured_without_and_with_its_mitigations():
    measured = seqbench.probe(task="delayed_recall", length=4, cell="vanilla", mitigations=["identity_init"], seeds=1)
    table = seqbench.probe_table(measured)
    assert list(table["method"]) == ["vanilla", "vanilla + identity_init"]
    assert table["from identity"].iloc[1] == 0 < table["from identity"].iloc[0]
    labels = {line.get_label() for line in seqbench.probe_figure(measured).axes[0].lines}
    assert set(table["method"]) <= labels


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"cell": "vanila"}, "did you mean 'vanilla'"),
        ({"task": "adding up"}, "expected the name of a task"),
        ({"length": 0}, "at least 1 step"),
    ],
)
def test_what_does_not_exist_is_said(named, said):
    with pytest.raises(UsageError, match=said):
        seqbench.probe(**named)


def test_if_nothing_can_be_built_the_reason_is_the_error(grid):
    grid.write_text(GRID.replace("  - {name: plain, cell: vanilla}\n", ""))
    with pytest.raises(UsageError, match=r"skipping on delayed_recall: .*depth 2"):
        seqbench.probe(grid)


@pytest.mark.parametrize(
    ("probes", "place", "said"),
    [
        ("gradient_flo", "probes", "did you mean 'gradient_flow'"),
        ("[action, lyapunof]", "probes[1]", "got 'lyapunof'; choose from action"),
    ],
)
def test_a_probe_that_does_not_exist_is_refused_with_file_and_line(grid, tmp_path, probes, place, said):
    grid.write_text(GRID + f"probes: {probes}\n")
    line = GRID.count("\n") + 1
    for refuse in (
        lambda: plan_command(Asked(str(grid), tmp_path), workers=1, max_trials=100, as_json=True),
        lambda: run_grid(read_grid(grid), tmp_path / "results", workers=1),
    ):
        with pytest.raises(GridError) as caught:
            refuse()
        message = str(caught.value)
        assert message.startswith(f"{grid}:{line}:")
        assert f" {place}: " in message
        assert said in message
    assert not (tmp_path / "results").exists()
