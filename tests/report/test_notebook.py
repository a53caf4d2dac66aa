"""Figures for notebooks, and the example notebook itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import nbformat
import pytest
from nbclient import NotebookClient

from seqbench.errors import UsageError
from seqbench.report import notebook

EXAMPLE = Path(__file__).parents[2] / "experiments" / "example.ipynb"


@pytest.mark.parametrize("draw", [notebook.accuracy, notebook.solve_rate, notebook.horizon, notebook.steps])
def test_a_frame_becomes_a_figure(draw: Any, small: Any) -> None:
    figure = draw(small.results)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(small.methods)


def test_every_seed_is_a_dot(small: Any) -> None:
    figure = notebook.accuracy(small.results)
    dots = sum(len(collection.get_offsets()) for collection in figure.axes[0].collections)
    assert dots == len(small.reporting)


def test_gradient_stands_above_accuracy_on_one_axis(small: Any) -> None:
    above, below = notebook.gradient(small.results, small.probes).axes
    assert above.get_xlim() == below.get_xlim()
    assert above.get_yscale() == "log"
    assert len(above.lines) == len(below.lines) == len(small.methods)


def test_interactions_of_a_factorial_grid(two_by_two: Any) -> None:
    assert len(notebook.interaction(two_by_two.results).axes) == 4


def test_what_cannot_be_drawn_says_what_to_do(small: Any, make: Any) -> None:
    with pytest.raises(UsageError, match="no two factors"):
        notebook.interaction(
            small.results[
                ["method"]
                + [c for c in small.results if c not in ("method", "gating", "clipping", "initialisation", "skip")]
            ]
        )
    with pytest.raises(UsageError, match="probes switched on"):
        notebook.gradient(small.results, small.probes.iloc[:0])
    with pytest.raises(UsageError, match="no task 'nowhere'"):
        notebook.accuracy(small.results, "nowhere")
    with pytest.raises(UsageError, match="name a task"):
        notebook.accuracy(make.results(make.methods[:2], make.lengths[:2], 2))


def test_drawing_leaves_matplotlib_as_it_was(small: Any) -> None:
    before = dict(mpl.rcParams)
    notebook.horizon(small.results)
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_the_example_runs() -> None:
    example = nbformat.read(EXAMPLE, as_version=4)
    NotebookClient(example, timeout=120, resources={"metadata": {"path": str(EXAMPLE.parent)}}).execute()
    kinds = {
        kind
        for step in example.cells
        if step.cell_type == "code"
        for out in step.outputs
        for kind in out.get("data", {})
    }
    assert {"image/png", "text/html"} <= kinds


def test_the_example_is_committed_with_its_pictures() -> None:
    example = nbformat.read(EXAMPLE, as_version=4)
    assert all(step.execution_count for step in example.cells if step.cell_type == "code")
