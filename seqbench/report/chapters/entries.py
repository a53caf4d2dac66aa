"""Entries of tables that several sections share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.report.table import Cell
from seqbench.stats.signflip import seeds_to_find_anything


def method_cell(evidence: Evidence, method: str) -> Cell:
    """A method's name beside its marker."""
    return Cell(method, method=evidence.place(method))


def linked(evidence: Evidence, text: str, **where: Any) -> Cell:
    """A number that leads to the reporting trials it rests on (`links.trials`); a dash leads nowhere."""
    return Cell(text, "" if text == "–" else trials(evidence, purpose="reporting", **where), number=True)


def as_it_is(cell: Cell) -> Cell:
    """An entry that was made already."""
    return cell


def ratio_cell(count: float, total: float) -> str:
    """`7 of 10`, or a dash where nothing was counted."""
    return "–" if count != count or total != total else f"{int(count):,} of {int(total):,}"


def in_groups(tasks: Sequence[str], name: str, size: int = 3) -> list[tuple[str, Sequence[str]]]:
    """Tasks in groups that fit side by side, each with a file name of its own."""
    groups = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    return [(name if len(groups) == 1 else f"{name}-{place + 1}", group) for place, group in enumerate(groups)]


def interval_text(middle: float, low: float, high: float, digits: int = 2) -> str:
    """A number with its interval, or alone where there is none."""
    if middle != middle:
        return "–"
    alone = f"{middle:.{digits}f}"
    return alone if low != low else f"{alone} ({low:.{digits}f} to {high:.{digits}f})"


def percent_text(low: float, high: float) -> str:
    """An interval of shares, `3 to 56 %`."""
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def p_text(p: float) -> str:
    """A p-value as it is read."""
    return "–" if p != p else "< 0.001" if p < 0.001 else f"{p:.2g}"


def told_p(evidence: Evidence, p: float, seeds: float, comparisons: float) -> str:
    """A p-value as it is read; a dash where so few seeds could not have found any difference, however clear."""
    enough = seeds == seeds and seeds >= seeds_to_find_anything(int(comparisons), evidence.declared.alpha)
    return p_text(p) if enough else "–"
