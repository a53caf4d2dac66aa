"""`seqbench probe` and its counterpart for notebooks: the picture before training."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd
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
    probe_command(Asked(str(grid), tmp_path), tmp_path, task="", length=None, cell="", mitigations=[])
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
    kept = pd.read_parquet(path.with_suffix(".parquet"))
    assert set(kept["method"]) == {"plain"}
    assert set(kept["seed"]) == {1000, 1001}
    assert kept["distance"].max() == 7
    assert f"Its numbers: {path.with_suffix('.parquet')}, and as below {path.with_suffix('.txt')}\n" in said
    text = path.with_suffix(".txt").read_text()
    assert "delayed_recall at initialisation, dependency length 7" in text
    assert "Left out: skipping on delayed_recall:" in text


def test_two_grids_stand_side_by_side_on_the_same_axes(grid, tmp_path, capsys):
    other = tmp_path / "other.yaml"
    other.write_text(GRID.replace("[3, 7]", "[5]").replace("skipping", "identity").replace("residual", "identity_init"))
    against = Asked(str(other), tmp_path)
    probe_command(Asked(str(grid), tmp_path), tmp_path, task="", length=None, cell="", against=against)
    said = capsys.readouterr().out
    path = tmp_path / "start" / "probes" / "gradient-against-other.png"
    assert said.startswith(f"{path}\n")
    kept = pd.read_parquet(path.with_suffix(".parquet"))
    assert kept.groupby("grid", sort=False)["length"].unique().map(list).to_dict() == {"start": [7], "other": [5]}
    figure = seqbench.probe_figure(kept)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["start: delayed_recall", "other: delayed_recall"]
    left, right = figure.axes
    assert (left.get_ylim(), left.get_xlim()) == (right.get_ylim(), right.get_xlim())
    colours = [{line.get_label(): line.get_color() for line in ax.lines} for ax in figure.axes]
    assert colours[0]["plain"] == colours[1]["plain"] != colours[1]["identity"]
    table = seqbench.probe_table(kept)
    assert table[["grid", "method", "length"]].values.tolist() == [
        ["start", "plain", 7], ["other", "plain", 5], ["other", "identity", 5],
    ]  # fmt: skip
    assert said.endswith("Drawn at lengths 5, 7; one for all: --length 7\n")
    assert "start: delayed_recall at initialisation, dependency length 7\n" in said
    assert "other: delayed_recall at initialisation, dependency length 5\n" in said
    found = seqbench.probe(grid, against=other, seeds=2)
    pd.testing.assert_frame_equal(found, kept, check_dtype=False)
    assert set(seqbench.probe(grid, against=other, seeds=1, length=4)["length"]) == {4}


def test_a_task_that_one_grid_does_not_have_leaves_its_panel_empty():
    row = {"method": "a", "length": 2, "seed": 0, "trial": "t", "step": 0, "probe": "gradient_norm", "value": 1.0}
    rows = [row | {"grid": grid, "task": task, "distance": at} for grid, task in (("x", "one"), ("y", "two"))
            for at in (0, 1, 2)]  # fmt: skip
    figure = seqbench.probe_figure(pd.DataFrame(rows))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["x: one", "y: one", "x: two", "y: two"]
    assert [[text.get_text() for text in ax.texts] for ax in figure.axes] == [
        [], ["not in this grid"], ["not in this grid"], [],
    ]  # fmt: skip


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
