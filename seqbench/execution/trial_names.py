"""Trials as a person names them: by their identity, or by its beginning if no other begins alike."""

from __future__ import annotations

from collections.abc import Iterable

from seqbench.errors import UsageError

SHOWN = 5
"""Of trials that begin alike, how many are named."""


def full_name(typed: str, known: Iterable[str], *, of: str) -> str:
    """The identity that was typed in full or begun.

    Args:
        typed: an identity, or its beginning.
        known: the identities that it may mean.
        of: where they are, for errors, such as `quickstart`.

    Raises:
        UsageError: there is none, or there are several; says which.
    """
    meant = sorted(name for name in set(known) if name.startswith(typed)) if typed else []
    if typed in meant:
        return typed
    if not meant:
        raise UsageError(f"{of} has no trial {typed!r}; `trial` in its results and plan.json has the names of all")
    if len(meant) > 1:
        more = f" and {len(meant) - SHOWN:,} more" if len(meant) > SHOWN else ""
        raise UsageError(f"{typed!r} may be any of {', '.join(meant[:SHOWN])}{more}: add a letter or two")
    return meant[0]
