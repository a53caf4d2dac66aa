"""Text that cites works: written once with marks such as `[@elman1990finding]`, read as words and as LaTeX."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from seqbench.references import Reference, reference
from seqbench.report.render import in_tex

_MARK = re.compile(r" ?\[@(\w+(?:; @\w+)*)\]")


class Cited(NamedTuple):
    """A text with marks, and the works that its marks name, by key."""

    text: str
    works: Mapping[str, Reference]

    @property
    def words(self) -> str:
        """The text as it is read: `(Elman, 1990)`."""
        labels = labelled(self.works)
        return _MARK.sub(lambda at: f" ({'; '.join(labels[key] for key in _keys(at[1]))})", self.text)

    @property
    def tex(self) -> str:
        """The text for LaTeX, with the `citep` of natbib in place of the marks."""
        parts = re.split(r"( ?\[@[\w;@ ]+\])", self.text)
        return "".join(_in_tex(part) for part in parts)


def mark(works: Iterable[Reference]) -> str:
    """What cites these works in a text; empty for none."""
    keys = [f"@{work.key}" for work in works]
    return f" [{'; '.join(keys)}]" if keys else ""


def known(*keys: str) -> list[Reference]:
    """Works of the bibliography."""
    return [reference(key) for key in keys]


def cited(text: str, works: Iterable[Reference]) -> Cited:
    """A text with the works that it cites, which are among `works`."""
    pool = {work.key: work for work in works}
    used = dict.fromkeys(key for at in _MARK.finditer(text) for key in _keys(at[1]))
    return Cited(text, {key: pool[key] for key in used})


def labelled(works: Mapping[str, Reference]) -> dict[str, str]:
    """How each work is cited; those of the same authors and year are told apart by a letter."""
    counts, met = Counter(work.label for work in works.values()), Counter[str]()
    labels = {}
    for key, work in works.items():
        letter = "abcdefghijklmnopqrstuvwxyz"[met[work.label]] if counts[work.label] > 1 else ""
        met[work.label] += 1
        labels[key] = work.label + letter
    return labels


def _keys(marks: str) -> list[str]:
    return marks.replace("@", "").split("; ")


def _in_tex(part: str) -> str:
    """A piece between marks, spelled for LaTeX, or a mark as its command."""
    if found := _MARK.fullmatch(part):
        return f"~\\citep{{{','.join(_keys(found[1]))}}}"
    return in_tex(part)
