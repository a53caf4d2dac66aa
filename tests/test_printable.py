"""Text from strangers does not act on the terminal."""

import traceback

import jax
import pytest

from seqbench.errors import GridError
from seqbench.grid.read import read_grid
from seqbench.printable import last_line, printable

GRID = "question: {}\ntasks: [adding]\nlengths: [5]\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("left \u202eto right", r"left \u202eto right"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("back\rto the start", r"back\rto the start"),
        ("größer, \U0001f600, \u05d0", "größer, \U0001f600, \u05d0"),
    ],
)
def test_acting_characters_are_spelled_out_and_others_stay(text, shown):
    assert printable(text) == shown


def test_the_last_line_is_the_error_and_not_the_note_of_jax():
    def fail(x):
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom") as caught:
        jax.eval_shape(fail, 1.0)
    text = "".join(traceback.format_exception(caught.value))
    assert "JAX has removed its internal frames" in text
    assert last_line(text) == "ValueError: boom"


@pytest.mark.parametrize("written", [r'"a\e[31mb"', r'"a\u202Eb"', r'"a\ab"', r'"a\u2029b"'])
def test_a_grid_with_escapes_of_acting_characters_is_refused_with_its_place(written, tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text(GRID.format(written))
    with pytest.raises(GridError, match=r"grid.yaml:1:11 question: expected text without control characters"):
        read_grid(path)


@pytest.mark.parametrize(
    "name",
    ["..", ".hidden", "mlartifacts", "trials", "mlflow.db", "mlflow.db-wal", " ", "x" * 201, "a\x1b[31mb", "a\u202eb"],
)
def test_a_file_whose_name_is_no_name_of_results_is_refused(name, tmp_path):
    path = tmp_path / f"{name}.yaml"
    path.write_text(GRID.format("q"))
    with pytest.raises(GridError, match="cannot name a folder of results") as caught:
        read_grid(path)
    assert printable(str(caught.value)) == str(caught.value)


@pytest.mark.parametrize("name", ["a b", "größe", "v1.2", "-rf", "a?b", "a%20b", "\U0001f600"])
def test_other_names_will_do(name, tmp_path):
    path = tmp_path / f"{name}.yaml"
    path.write_text(GRID.format("q"))
    assert read_grid(path).name == name


def test_the_last_line_of_a_traceback_is_shown_as_it_is():
    assert last_line("Traceback\nValueError: \x1b[2Jgone") == r"ValueError: \x1b[2Jgone"
