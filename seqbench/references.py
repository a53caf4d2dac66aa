"""The works that seqbench builds on: from a citation in a docstring to its entry in `references.bib`.

    cited("Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063")

A docstring cites a work by its authors and year, as above. The file holds each work once, however many components cite
it. A work that is not in the file is read from the citation itself, so that a component of one's own needs no entry:
authors, year, the title up to the next comma, and the arXiv number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

BIBLIOGRAPHY = Path(__file__).with_name("references.bib")
_ENTRY = re.compile(r"^@(\w+)\{(\w+),\n(.*?)\n\}$", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},?$", re.MULTILINE)
_NAME = r"(?:Le (?=[A-Z]))?[A-Z][\w'-]+"
_CITATION = re.compile(rf"({_NAME}(?:, {_NAME})*(?: & {_NAME})?)( et al\.)? (\d{{4}})")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
_ACCENT = re.compile(r"\\([`'^\"~vc])\{?(\w)\}?")
_COMBINING = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "v": "\u030c", "c": "\u0327"}


class Reference(NamedTuple):
    """One work.

    key: by which BibTeX knows it
    kind: of entry, such as `article`
    fields: of the entry, in TeX's spelling
    """

    key: str
    kind: str
    fields: Mapping[str, str]

    @property
    def families(self) -> tuple[str, ...]:
        """Family names of the authors; of a long list without the `others`."""
        authors = plain(self.fields["author"]).split(" and ")
        return tuple(author.partition(",")[0] for author in authors if author != "others")

    @property
    def label(self) -> str:
        """How a text cites it: `Pascanu et al., 2013`."""
        names = self.families
        several = len(names) > 2 or self.fields["author"].endswith(" and others")
        who = f"{names[0]} et al." if several else " & ".join(names)
        return f"{who}, {self.fields['year']}"

    @property
    def place(self) -> str:
        """Where it was published, in TeX's spelling; empty for what is on arXiv alone."""
        places = ("journal", "booktitle", "publisher", "school", "howpublished")
        return next((self.fields[name] for name in places if name in self.fields), "")

    @property
    def text(self) -> str:
        """The work in a list of references, as plain text."""
        fields = self.fields
        *others, last = [*self.families, *(["others"] if fields["author"].endswith(" and others") else [])]
        who = f"{', '.join(others)} & {last}" if others else last
        volume = f" {fields['volume']}" + (f"({fields['number']})" if "number" in fields else "") if (
            "volume" in fields) else ""  # fmt: skip
        pages = f", {fields['pages']}" if "pages" in fields else ""
        arxiv = f"arXiv:{fields['eprint']}" if "eprint" in fields else ""
        where = ". ".join(filter(None, (f"{self.place}{volume}{pages}", arxiv)))
        end = "" if fields["title"].endswith("?") else "."
        return plain(f"{who} ({fields['year']}). {fields['title']}{end} {where}").strip()

    @property
    def bibtex(self) -> str:
        """The entry. One on arXiv says so as current styles read it, and where that is its only place as all do."""
        fields = dict(self.fields)
        if "eprint" in fields and self.place:
            fields["archiveprefix"] = "arXiv"
        elif "eprint" in fields:
            fields["howpublished"] = f"arXiv:{fields.pop('eprint')}"
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@{self.kind}{{{self.key},\n{lines}\n}}"


def cited(source: str) -> tuple[Reference, ...]:
    """The works that a text cites as `Author, Author & Author 2013` or `Author et al. 2013`, each once, in order."""
    found = list(_CITATION.finditer(source))
    ends = [later.start() for later in found[1:]] + [len(source)]
    rests = [source[match.end() : end] for match, end in zip(found, ends, strict=False)]
    works = [_work(match[1], match[2], match[3], rest) for match, rest in zip(found, rests, strict=True)]
    return tuple({work.key: work for work in works}.values())


def reference(key: str) -> Reference:
    """The entry of that key in the file. Raises KeyError if there is none."""
    return bibliography()[key]


def bibtex(references: Iterable[Reference]) -> str:
    """A BibTeX file of these works, each once, by key."""
    found = {each.key: each for each in references}
    return "\n\n".join(found[key].bibtex for key in sorted(found)) + "\n"


@cache
def bibliography() -> dict[str, Reference]:
    """Every entry of the file by its key."""
    entries = _ENTRY.findall(BIBLIOGRAPHY.read_text("utf-8"))
    return {key: Reference(key, kind, dict(_FIELD.findall(body))) for kind, key, body in entries}


def plain(text: str) -> str:
    """A field of an entry without TeX: accents become letters, and braces are left out."""
    composed = _ACCENT.sub(lambda at: unicodedata.normalize("NFC", at[2] + _COMBINING[at[1]]), text)
    return composed.replace("\\L", "Ł").replace("{", "").replace("}", "").replace("--", "–")


def _work(names: str, et_al: str | None, year: str, rest: str) -> Reference:
    """The entry of a citation; `rest` is the text up to the next one, which tells works of one year apart."""
    families = tuple(re.split(r", | & ", names))
    known = [entry for entry in bibliography().values() if entry.fields["year"] == year]
    fitting = [entry for entry in known if _fits(entry, families, whole=not et_al)]
    named = [entry for entry in fitting if _names(rest, entry)]
    if len(named or fitting) == 1:
        return (named or fitting)[0]
    return _read(families, bool(et_al), year, rest)


def _fits(entry: Reference, families: tuple[str, ...], *, whole: bool) -> bool:
    """Whether an entry has these authors: all of them, or the first ones of a longer list."""
    own = entry.families
    if len(families) > len(own) or (whole and len(families) != len(own)):
        return False
    return all(_folded(one).startswith(_folded(other)) for one, other in zip(own, families, strict=False))


def _names(rest: str, entry: Reference) -> bool:
    """Whether what follows a citation gives the entry's arXiv number, or else its title."""
    if number := _ARXIV.search(rest):
        return entry.fields.get("eprint") == number[1]
    return plain(entry.fields["title"]).casefold()[:40] in rest.casefold()


def _read(families: tuple[str, ...], others: bool, year: str, rest: str) -> Reference:
    """An entry made of the citation alone."""
    title = re.split(r", arXiv:|[,;(]", rest.strip(' ,"'))[0].strip(' ."') or "Untitled"
    fields = {"author": " and ".join([*families, *(["others"] if others else [])]), "title": title, "year": year}
    if number := _ARXIV.search(rest):
        fields["eprint"] = number[1]
    word = re.sub(r"\W", "", _folded(title).split()[0])
    return Reference(f"{re.sub(r'[^a-z]', '', _folded(families[0]))}{year}{word}", "misc", fields)


def _folded(text: str) -> str:
    """A text in lower case without accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
