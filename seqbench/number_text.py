"""Numbers as they are read, in reports, sentences and terminals alike."""

from __future__ import annotations


def number_text(value: float, digits: int = 3) -> str:
    """`0.123`, `12.3`, `1,230`: a whole number in full, any other to so many significant digits; thousands apart."""
    if abs(value) < 1e15 and value == int(value):
        return f"{int(value):,}"
    rounded = float(f"{value:.{digits}g}")  # first, for 999.6 has thousands once it is rounded
    return f"{rounded:,.0f}" if 10**digits <= abs(rounded) < 1e15 else f"{rounded:z,.{digits}g}"
