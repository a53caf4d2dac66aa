"""The example notebook does what it shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import seqbench

EXAMPLE = Path(__file__).parents[2] / "experiments" / "example.ipynb"


@pytest.fixture
def example() -> Any:
    return nbformat.read(EXAMPLE, as_version=4)


def steps(notebook: Any) -> list[Any]:
    """The cells that hold code."""
    return [step for step in notebook.cells if step.cell_type == "code"]


def shown(notebook: Any, kind: str) -> Iterator[str]:
    """What the notebook shows of one kind, in order."""
    for step in steps(notebook):
        for output in step.outputs:
            if kind in (data := output.get("data", {})):
                yield data[kind]


def texts(notebook: Any) -> str:
    printed = [output.get("text", "") for step in steps(notebook) for output in step.outputs]
    return "\n".join([*shown(notebook, "text/plain"), *printed])


def says_what_it_should(notebook: Any) -> None:
    assert not [output for step in steps(notebook) for output in step.outputs if output.output_type == "error"]
    assert len(list(shown(notebook, "image/png"))) == 4
    assert "<Plan of how-far-back-does-a-small-network-remember: 24 trials of 2 methods in 4 groups>" in texts(notebook)
    boards = [page for page in shown(notebook, "text/html") if "seeds solved at each dependency length" in page]
    assert ["24/24" in boards[0], "36/36" in boards[1], "leaky" in boards[1]] == [True, True, True]
    assert "has no setting 'leek'" in texts(notebook)


def test_it_is_committed_as_it_ran_from_top_to_bottom(example: Any) -> None:
    assert [step.execution_count for step in steps(example)] == list(range(1, len(steps(example)) + 1))
    says_what_it_should(example)


def test_what_it_names_of_seqbench_is_there(example: Any) -> None:
    named = {
        node.attr
        for step in steps(example)
        for node in ast.walk(ast.parse(step.source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "seqbench"
    }
    assert named >= {"run", "plan", "probe", "figure", "compare"}
    assert named <= set(dir(seqbench))


@pytest.mark.slow
def test_it_runs(example: Any, tmp_path: Path) -> None:
    NotebookClient(example, timeout=500, resources={"metadata": {"path": str(tmp_path)}}).execute()
    says_what_it_should(example)
    assert (tmp_path / "results" / "how-far-back-does-a-small-network-remember" / "components" / "leaky.py").exists()
