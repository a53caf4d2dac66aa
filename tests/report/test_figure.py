"""Single figures of the report, for notebooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from seqbench.errors import UsageError
from seqbench.report.figure import OF_A_TASK, OF_TASKS, figure
from seqbench.store.results import Results


@pytest.fixture
def results(small: Any) -> Results:
    return Results(small.results, small.curves, small.probes, small.plan)


@pytest.mark.parametrize("name", sorted({*OF_A_TASK, *OF_TASKS} - {"interaction", "learning_rates"}))
def test_results_become_a_figure_with_every_method(name: str, results: Results, small: Any) -> None:
    drawn = figure(results, name)
    assert drawn._repr_png_().startswith(b"\x89PNG")
    assert {text.get_text() for legend in drawn.legends for text in legend.get_texts()} <= set(small.methods)


def test_a_frame_and_a_folder_become_the_same_figure(small: Any) -> None:
    shipped = Path(__file__).parents[2] / "results" / "quickstart"
    assert [text.get_text() for text in figure(small.results, "accuracy").legends[0].get_texts()] == list(small.methods)
    assert figure(shipped, "accuracy").axes


def test_every_seed_is_a_dot(results: Results, small: Any) -> None:
    dots = sum(len(collection.get_offsets()) for collection in figure(results, "accuracy").axes[0].collections)
    assert dots == len(small.reporting)


def test_gradient_stands_above_accuracy_on_one_axis(results: Results, small: Any) -> None:
    above, below = figure(results, "gradient").axes
    assert above.get_xlim() == below.get_xlim()
    assert above.get_yscale() == "log"
    assert len(above.lines) == len(below.lines) == len(small.methods)


def test_interactions_of_a_factorial_grid(two_by_two: Any) -> None:
    assert len(figure(two_by_two.results, "interaction").axes) == 4


def test_what_cannot_be_drawn_says_what_to_do(results: Results, small: Any, make: Any) -> None:
    with pytest.raises(UsageError, match="no figure 'acuracy'; did you mean 'accuracy'"):
        figure(results, "acuracy")
    with pytest.raises(UsageError, match="no two factors"):
        figure(
            small.results[
                ["method"]
                + [c for c in small.results if c not in ("method", "gating", "clipping", "initialisation", "skip")]
            ],
            "interaction",
        )
    with pytest.raises(UsageError, match="nothing was tuned"):
        figure(make.results(make.methods[:2], make.lengths[:2], 2, ["adding"]), "learning_rates")
    with pytest.raises(UsageError, match="probes switched on"):
        figure(small.results, "gradient")
    with pytest.raises(UsageError, match="no task 'nowhere'"):
        figure(results, "accuracy", "nowhere")
    with pytest.raises(UsageError, match="name a task"):
        figure(make.results(make.methods[:2], make.lengths[:2], 2), "accuracy")
    with pytest.raises(UsageError, match="no trial that is reported has finished"):
        figure(small.results.assign(outcome=None), "accuracy")


def test_drawing_leaves_matplotlib_as_it_was(results: Results) -> None:
    before = dict(mpl.rcParams)
    figure(results, "horizon")
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
