"""Addresses inside the page: every number leads to the trials it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from seqbench.report.evidence import Evidence


def trials(
    evidence: Evidence, *, task: str | Sequence[str] | None = None, method: str | Sequence[str] | None = None,
    **columns: Any,
) -> str:  # fmt: skip
    """The address that shows the trials with these values; methods and tasks go by number, never by name.

    Several methods mean the trials of any of them, and so do several tasks.
    """
    query: dict[str, Any] = {}
    for name, wanted, place in (("task", task, evidence.tasks.index), ("method", method, evidence.place)):
        if wanted is not None:
            query[name] = [place(each) for each in ([wanted] if isinstance(wanted, str) else wanted)]
    return f"#trials?{urlencode(query | columns, doseq=True)}"
