"""A name as letters, digits and dashes: for files, and for addresses inside the page."""

from __future__ import annotations

from collections.abc import Iterable


def slug(text: str, taken: Iterable[str] = (), *, longest: int = 40) -> str:
    """A plain name for a text: letters, digits and dashes, at most `longest`, different from those `taken`."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()).strip("-")[:longest] or "unnamed"
    while "--" in kept:
        kept = kept.replace("--", "-")
    names, count = set(taken), 1
    name = kept
    while name in names:
        count += 1
        name = f"{kept}-{count}"
    return name
