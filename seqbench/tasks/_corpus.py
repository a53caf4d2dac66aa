"""A text as symbols, cut into parts for training, validation and test that share nothing."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from seqbench.errors import Incompatible
from seqbench.grid_folder import find_file

Units = Literal["characters", "words"]

ENGLISH = "english"
UNKNOWN = "□"
TRAINING, VALIDATION = 0.8, 0.9
"""Where the training and the validation part end, as shares of the text."""

PROSE = 0.9
"""Share of letters and spaces from which a paragraph counts as prose."""


class Corpus(NamedTuple):
    """A text. Symbol 0 stands for all that is too rare in the training part to have a symbol of its own."""

    symbols: tuple[str, ...]
    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def read_corpus(text: str, units: Units, vocabulary: int) -> Corpus:
    """The text named "english", or of a UTF-8 file; at most `vocabulary` symbols, chosen by the training part alone.

    Raises:
        Incompatible: there is no such file, or it is not UTF-8 text.
    """
    return as_corpus(raw_text(text), units, vocabulary)


@cache
def as_corpus(written: str, units: Units, vocabulary: int) -> Corpus:
    """What is written, as symbols."""
    pieces = cut_into_units(written, units)
    bounds = [int(len(pieces) * share) for share in (TRAINING, VALIDATION)]
    frequent = Counter(pieces[: bounds[0]]).most_common(vocabulary - 1)
    symbols = (UNKNOWN, *(piece for piece, _ in frequent))
    number = {symbol: index for index, symbol in enumerate(symbols)}
    training, validation, test = np.split(np.array([number.get(piece, 0) for piece in pieces], np.int32), bounds)
    return Corpus(symbols, training, validation, test)


def raw_text(text: str) -> str:
    """The text named "english", or of a file, as it is. Raises as `read_corpus` does."""
    return english_text() if text == ENGLISH else file_text(text)


def cut_into_units(text: str, units: Units) -> list[str]:
    """Single characters, with runs of white space as one; or words and punctuation marks, in lower case."""
    return re.findall(r"\w+|[^\w\s]", text.lower()) if units == "words" else list(" ".join(text.split()))


@cache
def english_text() -> str:
    """English prose that every Python ships: the help on the language, its paragraphs of code and tables left out."""
    from pydoc_data.topics import topics  # 0.5 MB that no other task needs

    paragraphs = (" ".join(part.split()) for topic in sorted(topics) for part in topics[topic].split("\n\n"))
    # Topics quote each other: what is repeated counts once, so that no paragraph stands on both sides of a cut.
    return "\n".join(dict.fromkeys(paragraph for paragraph in paragraphs if is_prose(paragraph)))


def is_prose(paragraph: str) -> bool:
    """Whether a paragraph is long enough for a sentence and nearly all of it is letters and spaces."""
    letters = sum(letter.isalpha() or letter == " " for letter in paragraph)
    return len(paragraph) >= 40 and letters >= PROSE * len(paragraph)


def file_text(path: str) -> str:
    """The text of a file, beside the grid or in the current folder.

    Raises:
        Incompatible: see `read_corpus`.
    """
    try:
        return find_file(path).read_text("utf-8")
    except OSError as error:
        raise Incompatible(
            f"language_model cannot read the text {path!r} ({error.strerror}). "
            'Name a text file, "agreement" or "english".'
        ) from error
    except UnicodeDecodeError as error:
        raise Incompatible(f"language_model needs UTF-8 text, but {path!r} is not (byte {error.start}).") from error
