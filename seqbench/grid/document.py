"""A YAML file as plain Python values, with the line and column of each.

This reads less than YAML allows, on purpose. A grid may come from an untrusted source, so there are limits on size and
depth, and no tags, anchors or aliases. And a plain word that YAML 1.1, YAML 1.2 and a person read differently (`no`,
`1e-3`, `010`, `12:30`, `1_000`, a date) is an error that says what to write, never silently another value.

Keys are always text, exactly as written.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from seqbench.errors import GridError, Problem
from seqbench.grid.words import INTEGER, MAX_DIGITS, plain_value, trap_in
from seqbench.printable import ACTING, printable

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_VALUES = 50_000
"""Values of a file, lists and mappings counted as well: reading so many takes a quarter of a second."""
MAX_LETTERS = 4_096
"""Letters of a key or a value; the longest path of a file has as many."""

Place = tuple[str | int, ...]
"""Where a value stands in the file: keys and list indices from the top."""

# libyaml where PyYAML was built with it: the pure Python scanner needs seconds for a megabyte.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SHOWN_BEFORE, SHOWN_WIDTH = 80, 110
"""Columns of a line that an error shows: before the place that is marked, and in all."""

_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s,:{}\[\]]+")


@dataclass(frozen=True)
class Position:
    """A position in the file, counted from 1, or in the text of an override."""

    line: int
    column: int
    override: str = ""


class Override(NamedTuple):
    """What an override has made of a value: both as YAML; `before` is empty where the file says nothing.

    `after` is `not given` where a value that holds others was replaced by one without this one.
    """

    place: Place
    setting: str
    before: str
    after: str


@dataclass(frozen=True)
class Document:
    """A file's content as plain values, and where each value and each key stands.

    text: of the file, whatever overrides have made of the data
    overrides: what is not as the file says
    chosen_name: names the results in place of the file
    problems: what has been found wrong so far, by place; `data` holds a placeholder there
    folder: of the file, where modules of the user's own may stand; None of text and of what a results folder keeps
    """

    file: str
    text: str
    data: Any = None
    marks: dict[Place, Position] = field(default_factory=dict)
    keys: dict[Place, Position] = field(default_factory=dict)
    problems: dict[Place, Problem] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    chosen_name: str = ""
    folder: Path | None = None

    @property
    def name(self) -> str:
        """What the results are called: by default as the file, without its ending."""
        return self.chosen_name or Path(self.file).stem

    def mark(self, place: Place, *, key: bool = False) -> Position:
        """The position of a value (or of its key); of the nearest value around it if it is not in the file."""
        if key and place in self.keys:
            return self.keys[place]
        while place and place not in self.marks:
            place = place[:-1]
        return self.marks.get(place, Position(1, 1))

    def problem(self, place: Place, message: str, *, key: bool = False) -> Problem:
        """What is wrong with a value, or with its key."""
        mark, field = self.mark(place, key=key), spell(place) or "grid"
        if mark.override:
            return Problem(f"--set {shlex.quote(mark.override)}", 0, 0, field, message)
        inside = {at.override for own, at in self.marks.items() if at.override and own[: len(place)] == place}
        if inside and place:
            message += f" (with {', '.join(f'--set {shlex.quote(text)}' for text in sorted(inside))})"
        known = place in (self.keys if key else self.marks)
        shown = excerpt(self.text, mark) if known and place else ""
        return Problem(self.file, mark.line, mark.column, field, message, shown)

    def error(self, place: Place, message: str, *, key: bool = False) -> GridError:
        """An error that says where in the file the problem is."""
        return GridError(problems=[self.problem(place, message, key=key)])


def excerpt(text: str, mark: Position) -> str:
    """The line of a position, numbered, and below it a mark under what begins there."""
    lines = text.split("\n")
    if mark.line > len(lines):
        return ""
    line = printable(lines[mark.line - 1].rstrip("\r").replace("\t", " "))
    first = max(mark.column - SHOWN_BEFORE, 1)
    begun = _TOKEN.match(line, mark.column - 1)
    number = f"{mark.line:>5} | "
    shown = line[first - 1 : first - 1 + SHOWN_WIDTH]
    length = min(len(begun[0]) if begun else 1, max(len(shown) - (mark.column - first), 1))
    return f"{number}{shown}\n{' ' * 5} | {' ' * (mark.column - first)}{'^' * length}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in the order of the file, those of overrides last, none twice."""
    return sorted(dict.fromkeys(problems), key=lambda one: (not one.line, one.line, one.column))


def spell(place: Place) -> str:
    """A place as people write it: `methods[0].cell.vanilla`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def read_document(path: str | Path) -> Document:
    """Read a YAML file.

    Raises:
        GridError: the file cannot be read, or is not safe YAML. What can be read in more than one way is kept among the
            document's problems, so that it is reported together with the others.
    """
    return replace(document_of(_read_text(Path(path)), file=str(path)), folder=Path(path).absolute().parent)


def document_of(text: str, *, file: str) -> Document:
    """The same of a text at hand; errors call it `file`."""
    return _Reader(file, text).read()


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GridError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > MAX_BYTES:
        raise GridError(f"{path}:1:1 grid: expected at most {MAX_BYTES:,} bytes, got more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise GridError(f"{path}:{line}:{column} grid: expected text in UTF-8, got another encoding") from None


class _Reader:
    """Builds values from YAML events, remembering where each stood."""

    def __init__(self, file: str, text: str) -> None:
        self.document = Document(file, text)
        self.events: Iterator[Any] = iter(())
        self.count = 0

    def read(self) -> Document:
        try:
            self.events = yaml.parse(self.document.text, Loader=_Loader)
            data = self.whole()
        except yaml.reader.ReaderError as error:
            self.fail_at_index(error.position, f"expected readable text, got the character {error.character!r}")
        except yaml.MarkedYAMLError as error:
            problem = error.problem or error.context or "cannot be read"
            self.fail(error.problem_mark or error.context_mark, (), f"not valid YAML: {problem}")
        return replace(self.document, data=data)

    def whole(self) -> Any:
        next(self.events)  # the start of the stream
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            raise GridError(f"{self.document.file}:1:1 grid: expected a grid, got an empty file")
        value = self.value(next(self.events), ())
        next(self.events)  # the end of the document
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self.fail(event.start_mark, (), "expected one document, got a second one after `---`")
        return value

    def value(self, event: Any, place: Place) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self.fail(event.start_mark, place, f"aliases are not allowed, got *{event.anchor}; write the value out")
        if event.tag is not None:
            self.fail(event.start_mark, place, f"tags are not allowed, got {event.tag}; write the value alone")
        if len(place) > MAX_DEPTH:
            self.fail(event.start_mark, place[:3], f"expected at most {MAX_DEPTH} levels of nesting, got more")
        self.count += 1
        if self.count > MAX_VALUES:
            self.fail(event.start_mark, place, f"expected at most {MAX_VALUES:,} values in a file, got more")
        self.document.marks[place] = _position(event.start_mark)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(place)
        return self.scalar(event, place)

    def mapping(self, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
                self.fail(event.start_mark, place, "expected a plain name before the colon")
            key = self.text(event, place)
            here = (*place, key)
            if key in values:
                first = self.document.keys[here].line
                self.keep(event.start_mark, here, f"given twice, first in line {first}; keep one")
            else:
                self.document.keys[here] = _position(event.start_mark)
            values[key] = self.value(next(self.events), here)
        return values

    def sequence(self, place: Place) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            values.append(self.value(event, (*place, len(values))))
        return values

    def scalar(self, event: Any, place: Place) -> Any:
        written = self.text(event, place)
        if not event.implicit[0]:  # quoted, or a block of text
            return written
        if len(written) > MAX_DIGITS and INTEGER.fullmatch(written):
            self.keep(event.start_mark, place, f"expected a number of at most {MAX_DIGITS} digits, got {len(written)}")
            return 1
        if trap := trap_in(written):
            self.keep(event.start_mark, place, trap)
            return written
        return plain_value(written)

    def text(self, event: Any, place: Place) -> str:
        """A scalar as written, if it is not too long and holds no half surrogate pair and no acting character."""
        written: str = event.value
        if len(written) > MAX_LETTERS:
            self.fail(event.start_mark, place, f"expected at most {MAX_LETTERS:,} letters, got {len(written):,}")
        if any("\ud800" <= letter <= "\udfff" for letter in written):
            self.fail(event.start_mark, place, f"expected readable text, got {written!r}")
        if found := ACTING.search(written):
            self.fail(event.start_mark, place, f"expected text without control characters, got {found[0]!a}")
        return written

    def keep(self, mark: Any, place: Place, message: str) -> None:
        """Keep a problem of one value; the first of a place."""
        self.document.problems.setdefault(place, self.at(_position(mark), place, message))

    def fail_at_index(self, index: int, message: str) -> NoReturn:
        before = self.document.text[: max(index, 0)]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        self.stop(self.at(Position(line, column), (), message))

    def fail(self, mark: Any, place: Place, message: str) -> NoReturn:
        self.stop(self.at(_position(mark), place, message))

    def at(self, mark: Position, place: Place, message: str) -> Problem:
        document, field = self.document, spell(place) or "grid"
        return Problem(document.file, mark.line, mark.column, field, message, excerpt(document.text, mark))

    def stop(self, last: Problem) -> NoReturn:
        """Raise what was found so far and this, after which nothing can be read."""
        raise GridError(problems=in_order([*self.document.problems.values(), last])) from None


def _position(mark: Any) -> Position:
    """A mark of PyYAML's, which counts from 0 and may be missing, as ours."""
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
