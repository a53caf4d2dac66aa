"""A YAML file as plain Python values, with the line and column of each.

This reads less than YAML allows, on purpose. A grid may come from an untrusted source, so there are limits on size and
depth, and no tags, anchors or aliases. And a plain word that YAML 1.1, YAML 1.2 and a person read differently (`no`,
`1e-3`, `010`, `12:30`, `1_000`, a date) is an error that says what to write, never silently another value.

Keys are always text, exactly as written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from seqbench.errors import GridError
from seqbench.printable import ACTING

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_DIGITS = 18

Place = tuple[str | int, ...]
"""Where a value stands in the file: keys and list indices from the top."""

# libyaml where PyYAML was built with it: the pure Python scanner needs seconds for a megabyte.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NULL = re.compile(r"(null|Null|NULL|~|)")
_BOOLEAN = re.compile(r"(true|True|TRUE|false|False|FALSE)")

_EXPONENT = re.compile(r"([-+]?)([0-9]*)(?:\.([0-9]*))?[eE]([-+]?)([0-9]+)")
_TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(yes|no|on|off)", re.IGNORECASE),
        "YAML reads {0} as true or false; write true or false, or quote a name: '{0}'",
    ),
    (re.compile(r"\.nan", re.IGNORECASE), "{0} is not a number that a setting can have"),
    (
        re.compile(r"[-+]?0[0-9]+|[-+]?0[oxb][0-9a-f_]+", re.IGNORECASE),
        "YAML reads {0} as a number in another base than ten; write a decimal number, or quote a name: '{0}'",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?"),
        "YAML versions disagree on {0}; write the number without underscores, or quote a name: '{0}'",
    ),
    (
        re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?"),
        "YAML reads {0} as a number in base sixty; write a decimal number, or quote a name: '{0}'",
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"),
        "YAML reads {0} as a date; quote it to keep it as text: '{0}'",
    ),
)


@dataclass(frozen=True)
class Position:
    """A position in the file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """A file's content as plain values, and where each value and each key stands."""

    file: str
    text: str
    data: Any = None
    marks: dict[Place, Position] = field(default_factory=dict)
    keys: dict[Place, Position] = field(default_factory=dict)

    def mark(self, place: Place, *, key: bool = False) -> Position:
        """The position of a value (or of its key); of the nearest value around it if it is not in the file."""
        if key and place in self.keys:
            return self.keys[place]
        while place and place not in self.marks:
            place = place[:-1]
        return self.marks.get(place, Position(1, 1))

    def line(self, place: Place, problem: str, *, key: bool = False) -> str:
        """One line of an error message: `file:line:column field: problem`."""
        mark = self.mark(place, key=key)
        return f"{self.file}:{mark.line}:{mark.column} {spell(place) or 'grid'}: {problem}"

    def error(self, place: Place, problem: str, *, key: bool = False) -> GridError:
        """An error that says where in the file the problem is."""
        return GridError(self.line(place, problem, key=key))


def spell(place: Place) -> str:
    """A place as people write it: `methods[0].cell.vanilla`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def read_document(path: str | Path) -> Document:
    """Read a YAML file.

    Raises:
        GridError: the file cannot be read, is not safe YAML, or holds something that is read in more than one way.
    """
    return document_of(_read_text(Path(path)), file=str(path))


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

    def read(self) -> Document:
        try:
            self.events = yaml.parse(self.document.text, Loader=_Loader)
            data = self.whole()
        except yaml.reader.ReaderError as error:
            self.fail_at_index(error.position, f"expected readable text, got the character {error.character!r}")
        except yaml.MarkedYAMLError as error:
            problem = error.problem or error.context or "cannot be read"
            self.fail(error.problem_mark or error.context_mark, (), f"not valid YAML: {problem}")
        return Document(self.document.file, self.document.text, data, self.document.marks, self.document.keys)

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
                self.fail(event.start_mark, here, f"given twice, first in line {first}; keep one")
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
        if len(written) > MAX_DIGITS and _INTEGER.fullmatch(written):
            self.fail(event.start_mark, place, f"expected a number of at most {MAX_DIGITS} digits, got {len(written)}")
        if trap := trap_in(written):
            self.fail(event.start_mark, place, trap)
        return plain_value(written)

    def text(self, event: Any, place: Place) -> str:
        """A scalar as written: no half surrogate pair, which an escape of YAML can write, and no acting character."""
        written: str = event.value
        if any("\ud800" <= letter <= "\udfff" for letter in written):
            self.fail(event.start_mark, place, f"expected readable text, got {written!r}")
        if found := ACTING.search(written):
            self.fail(event.start_mark, place, f"expected text without control characters, got {found[0]!a}")
        return written

    def fail_at_index(self, index: int, problem: str) -> NoReturn:
        before = self.document.text[: max(index, 0)]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        raise GridError(f"{self.document.file}:{line}:{column} grid: {problem}") from None

    def fail(self, mark: Any, place: Place, problem: str) -> NoReturn:
        at = _position(mark)
        raise GridError(f"{self.document.file}:{at.line}:{at.column} {spell(place) or 'grid'}: {problem}") from None


def _position(mark: Any) -> Position:
    """A mark of PyYAML's, which counts from 0 and may be missing, as ours."""
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)


def plain_value(written: str) -> Any:
    """The value of an unquoted word that is read in one way only."""
    if _NULL.fullmatch(written):
        return None
    if _BOOLEAN.fullmatch(written):
        return written.lower() == "true"
    if _INTEGER.fullmatch(written):
        return int(written)
    if _FLOAT.fullmatch(written):
        return float(written)
    if _INFINITY.fullmatch(written):
        return -math.inf if written.startswith("-") else math.inf
    return written


def trap_in(written: str) -> str | None:
    """What is wrong with an unquoted word that can be read in more than one way; None if nothing is."""
    for pattern, problem in _TRAPS:
        if pattern.fullmatch(written):
            return problem.format(written)
    if _FLOAT.fullmatch(written):
        return f"{written} is too large a number" if math.isinf(float(written)) else None
    if (parts := _EXPONENT.fullmatch(written)) and (parts[2] or parts[3]):
        sign, whole, fraction, exponent_sign, exponent = parts.groups()
        better = f"{sign}{whole or 0}.{fraction or 0}e{exponent_sign or '+'}{exponent}"
        return f"YAML reads {written} as text; write {better}"
    return None
