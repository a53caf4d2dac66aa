from __future__ import annotations

import math
from pathlib import Path

import pytest

from seqbench.errors import GridError
from seqbench.grid import document
from seqbench.grid.document import Document, Position, excerpt, in_order, read_document, spell
from seqbench.grid.words import plain_value


@pytest.fixture
def load(tmp_path: Path):
    def load_text(text: str | bytes) -> Document:
        path = tmp_path / "example.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_document(path)

    return load_text


@pytest.fixture
def refusal(load):
    def message(text: str | bytes) -> str:
        with pytest.raises(GridError) as caught:
            raise GridError(problems=in_order(load(text).problems.values()))
        return str(caught.value).partition("example.yaml:")[2]

    return message


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0", 0),
        ("1.5", 1.5),
        ("1.0e-3", 0.001),
        (".5", 0.5),
        ("2.", 2.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("none", "none"),
        ("value 25", "value 25"),
        ("y", "y"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ('"1e-3"', "1e-3"),
        ("'no'", "no"),
        ('"12:30:45"', "12:30:45"),
    ],
)
def test_a_word_has_the_value_that_everybody_reads(load, written: str, value: object) -> None:
    found = load(f"a: {written}").data["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("1e-3", "YAML reads 1e-3 as text; write 1.0e-3"),
        ("1e3", "YAML reads 1e3 as text; write 1.0e+3"),
        ("2.5e3", "YAML reads 2.5e3 as text; write 2.5e+3"),
        ("-1E-3", "YAML reads -1E-3 as text; write -1.0e-3"),
        ("no", "YAML reads no as true or false; write true or false, or quote a name: 'no'"),
        ("On", "YAML reads On as true or false; write true or false, or quote a name: 'On'"),
        ("010", "YAML reads 010 as a number in another base than ten; write a decimal number, or quote a name: '010'"),
        ("0x1F", "YAML reads 0x1F as a number in another base"),
        ("0o17", "YAML reads 0o17 as a number in another base"),
        ("12:30:45", "YAML reads 12:30:45 as a number in base sixty"),
        ("1_000", "YAML versions disagree on 1_000; write the number without underscores"),
        ("2024-01-01", "YAML reads 2024-01-01 as a date; quote it to keep it as text: '2024-01-01'"),
        (".nan", ".nan is not a number that a setting can have"),
        ("1.0e+999", "1.0e+999 is too large a number"),
        ("9" * 4000, "expected a number of at most 18 digits, got 4000"),
    ],
)
def test_a_word_that_is_read_in_two_ways_is_refused(refusal, written: str, problem: str) -> None:
    assert refusal(f"# a comment\na:\n  b: {written}\n").startswith(f"3:6 a.b: {problem}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1 grid: expected a grid, got an empty file"),
        ("# only a comment\n", "1:1 grid: expected a grid, got an empty file"),
        ("a: 1\nb: 2\na: 3\n", "3:1 a: given twice, first in line 1; keep one"),
        ("a:\n  - {b: 1, b: 2}\n", "2:12 a[0].b: given twice, first in line 2; keep one"),
        ("a: &x 1\nb: *x\n", "2:4 b: aliases are not allowed, got *x; write the value out"),
        ("&a [*a]", "1:5 [0]: aliases are not allowed"),
        (
            "a: !!python/object:os.system {}",
            "1:4 a: tags are not allowed, got tag:yaml.org,2002:python/object:os.system",
        ),
        ("!!str a: 1", "1:1 grid: expected a plain name before the colon"),
        ("? [a]\n: 1\n", "1:3 grid: expected a plain name before the colon"),
        ("a: 1\n---\nb: 2\n", "2:1 grid: expected one document, got a second one after `---`"),
        ("a: [1, 2", "2:1 grid: not valid YAML:"),
        ("a: 1\n\tb: 2", "2:1 grid: not valid YAML:"),
        ("a: 1\nb: \x01\n", "2:4 grid: expected readable text, got the character"),
        ('a: "\\ud800"', "1:"),
        (b"a: 1\nb: \xff\xfe\n", "2:4 grid: expected text in UTF-8, got another encoding"),
    ],
)
def test_what_is_not_a_plain_document_is_refused_where_it_stands(refusal, text: str | bytes, message: str) -> None:
    assert refusal(text).startswith(message)


def test_every_value_and_key_knows_its_line_and_column(load) -> None:
    found = load("a: 1\nb:\n  - {c: x}\n  - 'y'\n")
    assert found.data == {"a": 1, "b": [{"c": "x"}, "y"]}
    assert found.mark(("a",)) == Position(1, 4)
    assert found.mark(("b", 0, "c")) == Position(3, 9)
    assert found.mark(("b", 0, "c"), key=True) == Position(3, 6)
    assert found.mark(("b", 1)) == Position(4, 5)
    assert found.mark(("b", 0, "missing", "deeper")) == Position(3, 5)
    problem = found.problem(("b", 1), "is wrong")
    assert problem.head.endswith("example.yaml:4:5 b[1]: is wrong")
    assert (problem.line, problem.column, problem.field, problem.message) == (4, 5, "b[1]", "is wrong")
    assert str(problem).splitlines()[1:] == ["    4 |   - 'y'", "      |     ^^^"]


def test_a_long_line_is_shown_around_the_place_and_tabs_and_control_characters_move_no_mark() -> None:
    assert excerpt("x" * 200 + " bad, y", Position(1, 202)).splitlines() == [
        f"    1 | {'x' * 79} bad, y",
        f"      | {' ' * 80}^^^",
    ]
    assert excerpt("a:\t1\r", Position(1, 4)).splitlines() == ["    1 | a: 1", "      |    ^"]
    assert excerpt("a: 1", Position(2, 1)) == ""


def test_all_that_can_be_read_in_two_ways_is_told_at_once(load) -> None:
    problems = in_order(load("b: no\na: [1e-3, 1, 010]\nb: 2\n").problems.values())
    assert [(problem.line, problem.column, problem.field) for problem in problems] == [
        (1, 4, "b"), (2, 5, "a[0]"), (2, 14, "a[2]")
    ]  # fmt: skip


def test_keys_are_text_as_written(load) -> None:
    assert load("{25: a, no: b, 1e-3: c, null: d}").data == {"25": "a", "no": "b", "1e-3": "c", "null": "d"}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: "])
@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_refused(refusal, opening: str, depth: int) -> None:
    assert "expected at most 32 levels of nesting, got more" in refusal(opening * depth)


def test_thirty_two_levels_are_allowed(load) -> None:
    assert load("[" * 32 + "]" * 32).data is not None


def test_an_alias_bomb_is_refused_before_it_grows(refusal) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert refusal("\n".join(lines)).startswith("2:10 a1[0]: aliases are not allowed")


def test_a_large_file_is_refused_unread(refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_BYTES", 100)
    assert refusal("a: " + "x" * 98).startswith("1:1 grid: expected at most 100 bytes, got more")


@pytest.mark.parametrize("text", ["a: [" + "1," * 60_000 + "]", "".join(f"a{i}: 1\n" for i in range(60_000))])
def test_more_values_than_a_grid_has_are_refused(refusal, text: str) -> None:
    assert "expected at most 50,000 values in a file, got more" in refusal(text)


def test_as_many_values_as_are_allowed_are_read(load) -> None:
    assert len(load("a: [" + "1," * 49_998 + "]").data["a"]) == 49_998  # the list and the file count as well


@pytest.mark.parametrize("text", ["? " + "x" * 900_000 + "\n: 1", "a: " + "x" * 900_000])
def test_a_key_or_text_of_a_million_letters_is_refused(refusal, text: str) -> None:
    said = refusal(text)
    assert "expected at most 4,096 letters, got 900,000" in said
    assert len(said) < 400


def test_a_file_that_is_not_there_is_an_error_of_the_grid(tmp_path: Path) -> None:
    with pytest.raises(GridError, match=r"nowhere\.yaml: cannot be read: No such file"):
        read_document(tmp_path / "nowhere.yaml")
    with pytest.raises(GridError, match="cannot be read: Is a directory"):
        read_document(tmp_path)


def test_places_are_spelt_as_people_write_them() -> None:
    assert spell(("methods", 0, "cell", "vanilla")) == "methods[0].cell.vanilla"
    assert spell(()) == ""


def test_a_byte_order_mark_is_no_part_of_the_text(load) -> None:
    assert load(b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_plain_value_of_a_level_label() -> None:
    assert plain_value("25") == 25
    assert plain_value("value 25") == "value 25"
